//! What a machine leaves behind: checkpoints and disks.

use std::sync::Arc;

use async_trait::async_trait;
use leap0_emulator_core::backend::{BackendError, Boot, Checkpoint, Disk, Identity, Machine};

use crate::backend::Settings;
use crate::kept::Frozen;
use crate::machine::MemoryMachine;

/// A saved memory and disk: the files as they were, and what the machine was booted with.
#[derive(Debug)]
pub(crate) struct MemoryCheckpoint {
    pub(crate) settings: Settings,
    pub(crate) boot: Boot,
    pub(crate) files: Frozen,
}

#[async_trait]
impl Checkpoint for MemoryCheckpoint {
    async fn resume(&self, identity: Identity) -> Result<Arc<dyn Machine>, BackendError> {
        // The environment is memory, so it carries over (SNAP-REST-11); only the identity is new.
        let boot = Boot { identity, ..self.boot.clone() };
        let tree = self.files.read().await?;
        Ok(MemoryMachine::boot(self.settings.clone(), boot, &tree))
    }

    async fn discard(&self) -> Result<(), BackendError> {
        // The space comes back when the handle is dropped: the tree is all there is.
        Ok(())
    }
}

/// A saved disk: the files without what was below its memory mounts.
#[derive(Debug)]
pub(crate) struct MemoryDisk {
    pub(crate) settings: Settings,
    pub(crate) files: Frozen,
}

#[async_trait]
impl Disk for MemoryDisk {
    async fn start(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        let tree = self.files.read().await?;
        Ok(MemoryMachine::boot(self.settings.clone(), boot, &tree))
    }

    async fn discard(&self) -> Result<(), BackendError> {
        Ok(())
    }
}
