//! A QEMU of the back end, looked at from outside.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use leap0_emulator_core::id::SandboxId;

/// A running QEMU.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its folder in `/proc`.
    proc: PathBuf,
    arguments: Vec<String>,
}

/// A file that a QEMU has open as part of a disk or memory.
#[derive(Debug)]
pub(crate) struct OpenImage {
    /// Its path; with a note at the end when it was removed.
    pub(crate) path: PathBuf,
    pub(crate) metadata: Metadata,
    /// Whether it is open for writing.
    pub(crate) writable: bool,
}

impl Process {
    /// The one that a sandbox runs in.
    pub(crate) fn of(sandbox: &SandboxId) -> Result<Self> {
        let name = format!("leap0-{sandbox}");
        let mut all = fs::read_dir("/proc").context("there is no /proc")?.flatten();
        all.find_map(|entry| {
            let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
            let arguments: Vec<String> = line.split('\0').map(str::to_owned).collect();
            let is_qemu = arguments.first()?.ends_with("qemu-system-x86_64");
            let found = is_qemu && arguments.contains(&name);
            found.then(|| Self { proc: entry.path(), arguments })
        })
        .with_context(|| format!("{sandbox} runs in no process"))
    }

    /// Its command line, without the program.
    pub(crate) fn arguments(&self) -> &[String] {
        let words = self.arguments.get(1..).unwrap_or_default();
        // A zero also ends the last one.
        words.strip_suffix(&[String::new()]).unwrap_or(words)
    }

    /// The value of the first of its options of this name that contains a text.
    pub(crate) fn option(&self, name: &str, containing: &str) -> Result<&str> {
        let mut pairs = self.arguments.windows(2);
        let found = pairs.find(|pair| pair[0] == name && pair[1].contains(containing));
        found.map(|pair| pair[1].as_str()).with_context(|| format!("QEMU has no option {name}"))
    }

    /// The file that holds what its machine said on the console.
    pub(crate) fn console(&self) -> Result<PathBuf> {
        let chardev = self.option("-chardev", "id=console")?;
        let (_, path) = chardev.split_once("path=").context("a console without a path")?;
        Ok(path.into())
    }

    /// The folder of its own that it was started in.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        let console = self.console()?;
        Ok(console.parent().context("a console in no folder")?.to_owned())
    }

    /// The folder of the back end that started it.
    pub(crate) fn state_folder(&self) -> Result<PathBuf> {
        let kernel = Path::new(self.option("-kernel", "")?);
        Ok(kernel.parent().context("a kernel in no folder")?.to_owned())
    }

    /// Every descriptor of it that belongs to an image.
    pub(crate) fn open_images(&self) -> Result<Vec<OpenImage>> {
        let descriptors = fs::read_dir(self.proc.join("fd")).context("QEMU's open files")?;
        let images = descriptors.flatten().filter_map(|descriptor| {
            // Any may be closed while we look.
            let path = fs::read_link(descriptor.path()).ok()?;
            path.to_string_lossy().contains(".qcow2").then_some(())?;
            let metadata = fs::metadata(descriptor.path()).ok()?;
            let info = self.proc.join("fdinfo").join(descriptor.file_name());
            let writable = is_writable(&fs::read_to_string(info).ok()?)?;
            Some(OpenImage { path, metadata, writable })
        });
        Ok(images.collect())
    }

    /// How many files its disk consists of, those included that were removed.
    pub(crate) fn depth(&self) -> Result<usize> {
        let paths: BTreeSet<PathBuf> =
            self.open_images()?.into_iter().map(|image| image.path).collect();
        Ok(paths.len())
    }
}

/// From the line `flags:` in octal, as `open(2)` takes them.
fn is_writable(info: &str) -> Option<bool> {
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
    Some(i64::from_str_radix(flags.trim(), 8).ok()? & 0o3 != 0)
}
