//! The handle on a live machine: the verbs of the port.

use std::sync::Arc;

use async_trait::async_trait;
use leap0_emulator_core::backend::{
    BackendError, Boot, Checkpoint, Command, Disk, Ending, Guest, GuestError, Identity, Machine,
    Output,
};
use leap0_files::{FileOp, FileReply, perform};
use tokio::time::timeout;

use crate::backend::Settings;
use crate::kept::Frozen;
use crate::live::{Live, SETTLE};
use crate::saved::{MemoryCheckpoint, MemoryDisk};
use crate::shell;
use crate::tree::Tree;
use crate::view::View;

/// A machine in this process's memory.
#[derive(Debug)]
pub(crate) struct MemoryMachine(Arc<Live>);

impl MemoryMachine {
    /// Starts a machine on `tree`, under the name and within the bounds of `boot`.
    pub(crate) fn boot(settings: Settings, boot: Boot, tree: &Tree) -> Arc<dyn Machine> {
        Arc::new(Self(Arc::new(Live::new(settings, boot, tree))))
    }

    fn checkpoint(&self, tree: Tree) -> Arc<dyn Checkpoint> {
        let (settings, boot) = (self.0.settings.clone(), self.0.boot.clone());
        Arc::new(MemoryCheckpoint::new(settings, boot, Frozen::Here(tree)))
    }
}

#[async_trait]
impl Guest for MemoryMachine {
    async fn exec(&self, command: Command) -> Result<Output, GuestError> {
        // A task of its own: whoever stops waiting does not stop the command.
        let run = tokio::spawn(shell::execute(Arc::clone(&self.0), command));
        run.await.unwrap_or_else(|error| Err(GuestError::Failed(error.to_string())))
    }

    async fn files(&self, op: FileOp) -> Result<FileReply, GuestError> {
        let live = Arc::clone(&self.0);
        // A search through a large tree takes its time, and must not take a server's thread.
        let run = tokio::task::spawn_blocking(move || {
            let caller = live.caller();
            live.files.change(|tree| Ok(perform(&mut View { tree, caller }, op)?))
        });
        match run.await {
            Ok(Ok(reply)) => reply,
            Ok(Err(ending)) => Err(GuestError::Ended(ending)),
            Err(error) => Err(GuestError::Failed(error.to_string())),
        }
    }
}

#[async_trait]
impl Machine for MemoryMachine {
    async fn snapshot(&self) -> Result<Arc<dyn Checkpoint>, BackendError> {
        let _turn = self.0.snapshot.lock().await;
        let gate = self.0.gate.close();
        // PROC-11: running commands may end; those that don't stop between two of their commands,
        // and one that does not come to its end is captured as it stands.
        if timeout(self.0.settings.grace, gate.idle()).await.is_err() {
            let _settled = timeout(SETTLE, gate.shut()).await;
        }
        let tree = self.0.files.capture().map_err(lost)?;
        Ok(self.checkpoint(tree))
    }

    async fn pause(&self) -> Result<Arc<dyn Checkpoint>, BackendError> {
        let tree = self.0.end(Ending::Paused).map_err(lost)?;
        Ok(self.checkpoint(tree))
    }

    async fn stop(&self) -> Result<Arc<dyn Disk>, BackendError> {
        let mut tree = self.0.end(Ending::Stopped).map_err(lost)?;
        tree.forget_memory();
        Ok(Arc::new(MemoryDisk::new(self.0.settings.clone(), Frozen::Here(tree))))
    }

    fn fork(&self, identity: Identity) -> Option<Arc<dyn Machine>> {
        let tree = self.0.files.capture().ok()?;
        let boot = Boot { identity, ..self.0.boot.clone() };
        Some(Self::boot(self.0.settings.clone(), boot, &tree))
    }

    async fn destroy(&self) -> Result<(), BackendError> {
        // What has ended already has nothing left to give back.
        let _tree = self.0.end(Ending::Destroyed);
        Ok(())
    }
}

fn lost(ending: Ending) -> BackendError {
    BackendError::Lost(format!("it has ended: {ending:?}"))
}
