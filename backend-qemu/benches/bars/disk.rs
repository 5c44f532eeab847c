//! Bytes that files take on the disk.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Files, each counted once however many names it has, and their sectors of 512 bytes that are not
/// holes.
#[derive(Debug, Default)]
pub(crate) struct Usage(HashMap<(u64, u64), u64>);

impl Usage {
    pub(crate) fn add(&mut self, file: &Metadata) {
        self.0.insert((file.dev(), file.ino()), file.blocks());
    }

    /// Adds every file in a folder and below it.
    pub(crate) fn add_folder(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            // One that goes away meanwhile takes nothing.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                self.add_folder(&entry.path())?;
            } else {
                self.add(&metadata);
            }
        }
        Ok(())
    }

    /// In mebibytes.
    pub(crate) fn mib(&self) -> f64 {
        let sectors: u64 = self.0.values().sum();
        // Exact below 2 TiB.
        f64::from(u32::try_from(sectors).unwrap_or(u32::MAX)) / 2048.0
    }
}
