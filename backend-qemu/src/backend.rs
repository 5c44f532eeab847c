//! The port's entrance.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use leap0_emulator_core::backend::{
    Backend, BackendError, BackendInfo, Boot, Image, ImageKind, Machine,
};
use leap0_emulator_core::storage::{ObjectId, Objects, Save};
use serde_json::Value;

use crate::exec::OUTPUT_BYTES;
use crate::hypervisor::Hypervisor;
use crate::kept::Held;
use crate::open::{OpenError, Settings, open};
use crate::saved::{QemuCheckpoint, QemuDisk};
use crate::warm::Warm;

/// Machines that are QEMU processes.
#[derive(Debug)]
pub struct QemuBackend {
    hypervisor: Arc<Hypervisor>,
    warm: Warm,
}

impl QemuBackend {
    /// Looks for everything that is needed.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        let kept = settings.folder.join("warm");
        let hypervisor = Arc::new(open(settings).await?);
        let warm = Warm::open(Arc::clone(&hypervisor), kept)?;
        Ok(Self { hypervisor, warm })
    }
}

#[async_trait]
impl Backend for QemuBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo {
            name: "qemu",
            process_survival: true,
            memory_survival: true,
            fork: false,
            export: false,
            persistence: true,
            network: self.hypervisor.networks.outside(),
            shell: "/bin/sh of Debian 12 (dash)",
            accelerator: Some(self.hypervisor.accel.name()),
            notes: self.hypervisor.networks.notes(),
            limits: vec![("stdout_bytes", OUTPUT_BYTES), ("stderr_bytes", OUTPUT_BYTES)],
        }
    }

    async fn create(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        let memory = self.warm.memory(&boot).await?;
        let machine = self.hypervisor.restore(&memory.file, &memory.disk, boot).await?;
        Ok(Arc::new(machine))
    }

    fn export(&self, _images: &[Image]) -> Option<Value> {
        None
    }

    fn import(&self, _contents: &Value, _boots: Vec<Boot>) -> Result<Vec<Image>, BackendError> {
        Err(BackendError::Failed("this back end imports no worlds".into()))
    }

    fn save(&self, image: &Image) -> Option<Save> {
        let hypervisor = Arc::clone(&self.hypervisor);
        match image {
            Image::Checkpoint(checkpoint) => {
                let any: &dyn Any = &**checkpoint;
                let memory = any.downcast_ref::<QemuCheckpoint>()?.memory()?;
                Some(Box::new(move |objects| memory.save(&hypervisor, objects)))
            }
            Image::Disk(disk) => {
                let any: &dyn Any = &**disk;
                let layer = any.downcast_ref::<QemuDisk>()?.layer()?;
                Some(Box::new(move |objects| layer.save(&hypervisor, objects)))
            }
        }
    }

    fn recall(
        &self,
        root: ObjectId,
        kind: ImageKind,
        objects: Arc<dyn Objects>,
        boot: Boot,
    ) -> Result<Image, BackendError> {
        let hypervisor = &self.hypervisor;
        Ok(match kind {
            ImageKind::Checkpoint => {
                let memory = Held::kept(root, objects);
                Image::Checkpoint(Arc::new(QemuCheckpoint::new(hypervisor, memory, boot)))
            }
            ImageKind::Disk => {
                let layer = Held::kept(root, objects);
                Image::Disk(Arc::new(QemuDisk::new(hypervisor, layer)))
            }
        })
    }
}
