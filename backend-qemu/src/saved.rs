//! What machines leave behind.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use leap0_emulator_core::backend::{BackendError, Boot, Checkpoint, Disk, Identity, Machine};

use crate::hypervisor::Hypervisor;
use crate::store::{Layer, Stored};

/// A memory and the disk that was frozen with it.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) file: Stored,
    pub(crate) disk: Arc<Layer>,
}

/// A saved memory and disk, with what a copy has to know.
#[derive(Debug)]
pub(crate) struct QemuCheckpoint {
    hypervisor: Arc<Hypervisor>,
    boot: Boot,
    // Shared by those who are restoring it; gone once it is discarded.
    memory: Mutex<Option<Arc<Memory>>>,
}

impl QemuCheckpoint {
    pub(crate) fn new(hypervisor: &Arc<Hypervisor>, memory: Memory, boot: Boot) -> Self {
        let memory = Mutex::new(Some(Arc::new(memory)));
        Self { hypervisor: Arc::clone(hypervisor), boot, memory }
    }
}

#[async_trait]
impl Checkpoint for QemuCheckpoint {
    async fn resume(&self, identity: Identity) -> Result<Arc<dyn Machine>, BackendError> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let memory = memory.ok_or_else(discarded)?;
        let boot = Boot { identity, ..self.boot.clone() };
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
    layer: Mutex<Option<Arc<Layer>>>,
}

impl QemuDisk {
    pub(crate) fn new(hypervisor: &Arc<Hypervisor>, layer: Arc<Layer>) -> Self {
        Self { hypervisor: Arc::clone(hypervisor), layer: Mutex::new(Some(layer)) }
    }
}

#[async_trait]
impl Disk for QemuDisk {
    async fn start(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        let layer = self.layer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let layer = layer.ok_or_else(discarded)?;
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
