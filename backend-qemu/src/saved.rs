//! What machines leave behind.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use leap0_emulator_core::backend::{BackendError, Boot, Checkpoint, Disk, Identity, Machine};

use crate::hypervisor::Hypervisor;
use crate::kept::Held;
use crate::store::{Layer, Stored};

/// A memory and the disk that was frozen with it.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) file: Stored,
    pub(crate) disk: Arc<Layer>,
    /// What a machine has to be like to go on with it: [`Hypervisor::layout`].
    pub(crate) layout: u128,
}

/// A saved memory and disk, with what a copy has to know.
#[derive(Debug)]
pub(crate) struct QemuCheckpoint {
    hypervisor: Arc<Hypervisor>,
    boot: Boot,
    // Shared by those who are restoring it; gone once it is discarded.
    memory: Mutex<Option<Held<Memory>>>,
}

impl QemuCheckpoint {
    pub(crate) fn new(hypervisor: &Arc<Hypervisor>, memory: Held<Memory>, boot: Boot) -> Self {
        Self { hypervisor: Arc::clone(hypervisor), boot, memory: Mutex::new(Some(memory)) }
    }

    /// What it is, unless it was discarded.
    pub(crate) fn memory(&self) -> Option<Held<Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Checkpoint for QemuCheckpoint {
    async fn resume(&self, identity: Identity) -> Result<Arc<dyn Machine>, BackendError> {
        let memory = self.memory().ok_or_else(discarded)?.get(&self.hypervisor).await?;
        let boot = Boot { identity, ..self.boot.clone() };
        if memory.layout != self.hypervisor.layout(boot.resources) {
            return Err(BackendError::Failed(
                "its memory was saved by another QEMU, accelerator or guest image, and can't go on \
                 with these"
                    .into(),
            ));
        }
        let machine = self.hypervisor.restore(&memory.file, &memory.disk, boot).await?;
        Ok(Arc::new(machine))
    }

    async fn discard(&self) -> Result<(), BackendError> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(())
    }
}

/// A saved disk.
#[derive(Debug)]
pub(crate) struct QemuDisk {
    hypervisor: Arc<Hypervisor>,
    layer: Mutex<Option<Held<Layer>>>,
}

impl QemuDisk {
    pub(crate) fn new(hypervisor: &Arc<Hypervisor>, layer: Held<Layer>) -> Self {
        Self { hypervisor: Arc::clone(hypervisor), layer: Mutex::new(Some(layer)) }
    }

    /// What it is, unless it was discarded.
    pub(crate) fn layer(&self) -> Option<Held<Layer>> {
        self.layer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Disk for QemuDisk {
    async fn start(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        let layer = self.layer().ok_or_else(discarded)?.get(&self.hypervisor).await?;
        Ok(Arc::new(self.hypervisor.boot(&layer, boot).await?))
    }

    async fn discard(&self) -> Result<(), BackendError> {
        self.layer.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(())
    }
}

fn discarded() -> BackendError {
    BackendError::Lost("it was discarded".into())
}
