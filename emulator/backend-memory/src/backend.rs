//! The back end itself, and what can be set about it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use leap0_emulator_core::backend::{Backend, BackendError, BackendInfo, Boot, Machine};

use crate::machine::MemoryMachine;
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
}

impl MemoryBackend {
    /// Makes a back end without any machine.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
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
            network: false,
            shell: shell::DESCRIPTION,
            limits,
        }
    }

    async fn create(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        let tree = template::tree(boot.identity.clock.now());
        Ok(MemoryMachine::boot(self.settings.clone(), boot, &tree))
    }
}
