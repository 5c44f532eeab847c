//! Machines, and what they leave behind.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use leap0_files::{FileOp, FileReply};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BackendError, Command, GuestError, Output};
use crate::clock::Clock;
use crate::id::SandboxId;
use crate::spec::{EnvVars, NetworkPolicy, Resources};
use crate::storage::{ObjectId, Objects, Save};
use crate::template::Template;

/// What a back end can and can't do, as `/_emulator/capabilities` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "each capability is there or not")]
pub struct BackendInfo {
    /// `memory` or `qemu`.
    pub name: &'static str,
    /// Whether running processes survive pause, snapshot and restore.
    pub process_survival: bool,
    /// Whether files below `/dev/shm` and `/run` survive pause, snapshot and restore.
    pub memory_survival: bool,
    /// Whether machines can be forked, and with them worlds.
    pub fork: bool,
    /// Whether images, and with them worlds, can be exported and imported as a file.
    pub export: bool,
    /// Whether images can be kept in a data folder.
    pub persistence: bool,
    /// Whether sandboxes can reach a network.
    pub network: bool,
    /// What runs `process/execute`, and how it differs from a real shell.
    pub shell: &'static str,
    /// What runs the instructions of virtual machines; `None` where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator: Option<&'static str>,
    /// Sentences about what this host makes different, such as a program that is not installed.
    pub notes: Vec<String>,
    /// The stated bounds of one sandbox, each with its unit in the name.
    pub limits: Vec<(&'static str, u64)>,
}

/// Makes machines.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// What this back end can do.
    fn info(&self) -> BackendInfo;

    /// Makes a new machine from a template; it accepts commands when this returns.
    async fn create(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError>;

    /// Writes images down as JSON, once what several of them share. `None` where the back end
    /// can't.
    fn export(&self, images: &[Image]) -> Option<Value>;

    /// Reads images back that [`export`](Self::export) has written; the n-th was made by the n-th
    /// boot. The text of an error is for the client: what is wrong with the file.
    fn import(&self, contents: &Value, boots: Vec<Boot>) -> Result<Vec<Image>, BackendError>;

    /// What writes an image down as objects. A back end without [`persistence`] has no use for
    /// this and the next.
    ///
    /// [`persistence`]: BackendInfo::persistence
    fn save(&self, image: &Image) -> Option<Save> {
        let _ = image;
        None
    }

    /// The image whose objects have this root. It may be read when it is first used. A checkpoint
    /// can be recalled as the disk in it.
    fn recall(
        &self,
        root: ObjectId,
        kind: ImageKind,
        objects: Arc<dyn Objects>,
        boot: Boot,
    ) -> Result<Image, BackendError> {
        let _ = (kind, objects, boot);
        Err(BackendError::Failed(format!("this back end keeps no images, such as {root}")))
    }
}

/// A live machine.
///
/// `pause`, `stop` and `destroy` end it: once one of them has succeeded, calls on the handle answer
/// [`GuestError::Ended`]. One that fails leaves the machine running as it was.
#[async_trait]
pub trait Machine: Guest {
    /// Saves memory and disk; the machine runs on.
    async fn snapshot(&self) -> Result<Arc<dyn Checkpoint>, BackendError>;

    /// Saves memory and disk, then ends the machine (SB-PAUSE-09).
    async fn pause(&self) -> Result<Arc<dyn Checkpoint>, BackendError>;

    /// Ends the machine and keeps its disk only.
    async fn stop(&self) -> Result<Arc<dyn Disk>, BackendError>;

    /// Makes an independent machine with the same contents, in O(1) and at once; commands under
    /// way stay with this one. `None` where the back end can't, or the machine has ended.
    fn fork(&self, identity: Identity) -> Option<Arc<dyn Machine>>;

    /// Ends the machine and keeps nothing. Ending what has already ended succeeds.
    async fn destroy(&self) -> Result<(), BackendError>;
}

/// What can be asked of the system inside a live machine.
#[async_trait]
pub trait Guest: fmt::Debug + Send + Sync + 'static {
    /// Runs `/bin/sh -c` (PROC-01) to its end (PROC-10). Commands run side by side (PROC-08). Dropping the future
    /// leaves the command to run to its end or its timeout.
    async fn exec(&self, command: Command) -> Result<Output, GuestError>;

    /// Performs one filesystem operation as the sandbox's user.
    async fn files(&self, op: FileOp) -> Result<FileReply, GuestError>;
}

/// A saved memory and disk (SNAP-CREATE-01, SNAP-REST-10). Immutable: it can be resumed any number
/// of times, and every machine that comes from it is independent of the others, of the machine it
/// was taken from and of any older checkpoint (SNAP-REST-07, SNAP-REST-08, SNAP-CREATE-15).
#[async_trait]
pub trait Checkpoint: Any + fmt::Debug + Send + Sync {
    /// Makes a machine that continues where the checkpoint was taken, under a given identity.
    async fn resume(&self, identity: Identity) -> Result<Arc<dyn Machine>, BackendError>;

    /// Gives the space back. From here on there is nothing to begin with, whoever has a handle.
    async fn discard(&self) -> Result<(), BackendError>;
}

/// A saved disk.
#[async_trait]
pub trait Disk: Any + fmt::Debug + Send + Sync {
    /// Boots a new machine on the disk; memory starts empty.
    async fn start(&self, boot: Boot) -> Result<Arc<dyn Machine>, BackendError>;

    /// Gives the space back. From here on there is nothing to begin with, whoever has a handle.
    async fn discard(&self) -> Result<(), BackendError>;
}

/// What a machine leaves behind.
#[derive(Clone, Debug)]
pub enum Image {
    /// Memory and disk.
    Checkpoint(Arc<dyn Checkpoint>),
    /// The disk alone.
    Disk(Arc<dyn Disk>),
}

/// What an image holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageKind {
    /// Memory and disk.
    Checkpoint,
    /// The disk alone.
    Disk,
}

/// What a machine is called and what it may reach; new on every restore.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The sandbox the machine serves; also its host name.
    pub sandbox: SandboxId,
    /// The network policy in force.
    pub network: NetworkPolicy,
    /// The time inside: a machine that keeps its own sets it by this at its start.
    pub clock: Arc<dyn Clock>,
}

/// Everything a machine boots from.
#[derive(Clone, Debug)]
pub struct Boot {
    /// What the machine is called and may reach.
    pub identity: Identity,
    /// The image it is made from.
    pub template: Template,
    /// Its size.
    pub resources: Resources,
    /// Environment of every process in it, over the template's own (SB-CREATE-11).
    pub env: EnvVars,
}
