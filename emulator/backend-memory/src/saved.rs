//! What a machine leaves behind: checkpoints and disks.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use leap0_emulator_core::backend::{BackendError, Boot, Checkpoint, Disk, Identity, Machine};

use crate::backend::Settings;
use crate::kept::Frozen;
use crate::machine::MemoryMachine;

/// Files until they are discarded. After that there is no way back to them, whoever still has a
/// handle, as it is with files on a disk.
#[derive(Debug)]
struct Files(Mutex<Option<Frozen>>);

impl Files {
    fn new(files: Frozen) -> Self {
        Self(Mutex::new(Some(files)))
    }

    fn get(&self) -> Option<Frozen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn there(&self) -> Result<Frozen, BackendError> {
        self.get().ok_or_else(|| BackendError::Lost("it was discarded".to_owned()))
    }

    fn discard(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// A saved memory and disk: the files as they were, and what the machine was booted with.
#[derive(Debug)]
pub(crate) struct MemoryCheckpoint {
    settings: Settings,
    boot: Boot,
    files: Files,
}

impl MemoryCheckpoint {
    pub(crate) fn new(settings: Settings, boot: Boot, files: Frozen) -> Self {
        Self { settings, boot, files: Files::new(files) }
    }

    /// The files, unless they were discarded.
    pub(crate) fn files(&self) -> Option<Frozen> {
        self.files.get()
    }
}

#[async_trait]
impl Checkpoint for MemoryCheckpoint {
    async fn resume(&self, identity: Identity) -> Result<Arc<dyn Machine>, BackendError> {
        // The environment is memory, so it carries over (SNAP-REST-11); only the identity is new.
        let boot = Boot { identity, ..self.boot.clone() };
        let tree = self.files.there()?.read().await?;
        Ok(MemoryMachine::boot(self.settings.clone(), boot, &tree))
    }

    async fn discard(&self) -> Result<(), BackendError> {
        self.files.discard();
        Ok(())
    }
}

/// A saved disk: the files without what was below its memory mounts.
#[derive(Debug)]
pub(crate) struct MemoryDisk {
    settings: Settings,
    files: Files,
}

impl MemoryDisk {
    pub(crate) fn new(settings: Settings, files: Frozen) -> Self {
        Self { settings, files: Files::new(files) }
    }

    /// The files, unless they were discarded.
    pub(crate) fn files(&self) -> Option<Frozen> {
        self.files.get()
    }
}

#[async_trait]
impl Disk for MemoryDisk {
    async fn start(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        let tree = self.files.there()?.read().await?;
        Ok(MemoryMachine::boot(self.settings.clone(), boot, &tree))
    }

    async fn discard(&self) -> Result<(), BackendError> {
        self.files.discard();
        Ok(())
    }
}
