//! The back end itself, and what can be set about it.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use leap0_emulator_core::backend::{
    Backend, BackendError, BackendInfo, Boot, Image, ImageKind, Machine,
};
use leap0_emulator_core::storage::{ObjectId, Objects, Save};
use serde::Deserialize as _;
use serde_json::Value;

use crate::archive::{Contents, Writer};
use crate::kept::{Frozen, Seen};
use crate::machine::MemoryMachine;
use crate::saved::{MemoryCheckpoint, MemoryDisk};
use crate::{shell, template, tree};

/// How long a snapshot lets running commands end before it captures between two of them (PROC-11).
const GRACE: Duration = Duration::from_secs(5);

/// What can be set about the back end.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a snapshot lets running commands end; 5 seconds by default.
    pub grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { grace: GRACE }
    }
}

/// Machines in this process's memory.
#[derive(Debug, Default)]
pub struct MemoryBackend {
    settings: Settings,
    /// What was read from a data folder.
    seen: Arc<Seen>,
}

impl MemoryBackend {
    /// Makes a back end without any machine.
    pub fn new(settings: Settings) -> Self {
        Self { settings, seen: Arc::default() }
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn info(&self) -> BackendInfo {
        let mut limits = vec![
            ("directory_depth", tree::MAX_DEPTH as u64),
            ("bytes_per_entry", tree::ENTRY_BYTES),
            (
                "snapshot_grace_ms",
                u64::try_from(self.settings.grace.as_millis()).unwrap_or(u64::MAX),
            ),
        ];
        limits.extend(shell::LIMITS);
        BackendInfo {
            name: "memory",
            process_survival: false,
            memory_survival: true,
            fork: true,
            export: true,
            persistence: true,
            network: false,
            shell: shell::DESCRIPTION,
            accelerator: None,
            notes: Vec::new(),
            limits,
        }
    }

    async fn create(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        let tree = template::tree(boot.identity.clock.now());
        Ok(MemoryMachine::boot(self.settings.clone(), boot, &tree))
    }

    fn export(&self, images: &[Image]) -> Option<Value> {
        let mut writer = Writer::default();
        for image in images {
            match image {
                Image::Checkpoint(checkpoint) => {
                    let any: &dyn Any = &**checkpoint;
                    let saved = any.downcast_ref::<MemoryCheckpoint>()?;
                    writer.add(ImageKind::Checkpoint, &saved.files()?.tree().ok()?);
                }
                Image::Disk(disk) => {
                    let any: &dyn Any = &**disk;
                    let saved = any.downcast_ref::<MemoryDisk>()?;
                    writer.add(ImageKind::Disk, &saved.files()?.tree().ok()?);
                }
            }
        }
        serde_json::to_value(writer.finish()).ok()
    }

    fn import(&self, contents: &Value, boots: Vec<Boot>) -> Result<Vec<Image>, BackendError> {
        let wrong = |rule: String| BackendError::Failed(format!("contents: {rule}"));
        let contents = Contents::deserialize(contents).map_err(|error| wrong(error.to_string()))?;
        let images = contents.read().map_err(wrong)?;
        let settings = || self.settings.clone();
        let image = |((kind, tree), boot)| match kind {
            ImageKind::Checkpoint => {
                let files = Frozen::Here(tree);
                Image::Checkpoint(Arc::new(MemoryCheckpoint::new(settings(), boot, files)))
            }
            ImageKind::Disk => {
                let files = Frozen::Here(tree);
                Image::Disk(Arc::new(MemoryDisk::new(settings(), files)))
            }
        };
        Ok(images.into_iter().zip(boots).map(image).collect())
    }

    fn save(&self, image: &Image) -> Option<Save> {
        let files = match image {
            Image::Checkpoint(checkpoint) => {
                let any: &dyn Any = &**checkpoint;
                any.downcast_ref::<MemoryCheckpoint>()?.files()?
            }
            Image::Disk(disk) => {
                let any: &dyn Any = &**disk;
                any.downcast_ref::<MemoryDisk>()?.files()?
            }
        };
        Some(Box::new(move |objects| files.save(objects)))
    }

    fn recall(
        &self,
        root: ObjectId,
        kind: ImageKind,
        objects: Arc<dyn Objects>,
        boot: Boot,
    ) -> Result<Image, BackendError> {
        let settings = self.settings.clone();
        let files = Frozen::kept(root, kind, objects, Arc::clone(&self.seen));
        Ok(match kind {
            ImageKind::Checkpoint => {
                Image::Checkpoint(Arc::new(MemoryCheckpoint::new(settings, boot, files)))
            }
            ImageKind::Disk => Image::Disk(Arc::new(MemoryDisk::new(settings, files))),
        })
    }
}
