//! Why the service refused a request, or could not carry it out.

use leap0_files::FileError;

use crate::backend::{BackendError, Ending, GuestError};
use crate::id::SandboxId;
use crate::lifecycle::Refusal;
use crate::spec::SnapshotName;
use crate::storage::StorageError;

/// A request that was refused or failed. `Display` is text for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The organisation has no such sandbox.
    #[error("sandbox not found")]
    SandboxNotFound,
    /// The organisation has no snapshot of this id.
    #[error("snapshot not found")]
    SnapshotNotFound,
    /// The organisation has no stored snapshot of this name (SNAP-REST-02, SNAP-REST-13).
    #[error("snapshot not found: {0}")]
    NoSuchSnapshot(String),
    /// The sandbox's state does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A stored snapshot has the name (SNAP-CREATE-08).
    #[error("snapshot name already exists: {0}")]
    NameTaken(SnapshotName),
    /// A snapshot that is being created has the name (SNAP-CREATE-09).
    #[error("a snapshot with this name is being created: {0}")]
    NameReserved(SnapshotName),
    /// The organisation has as many sandboxes as it may have (SB-CREATE-05).
    #[error(
        "sandbox limit reached: an organisation may have {limit} sandboxes at a time \
         (the emulator's --max-sandboxes sets the limit)"
    )]
    LimitReached {
        /// How many it may have.
        limit: usize,
    },
    /// The snapshot is in use by an active sandbox (SNAP-DEL-03).
    #[error("snapshot is in use by active sandbox {by}")]
    SnapshotInUse {
        /// A sandbox that uses it.
        by: SandboxId,
    },
    /// The sandbox ended while the command ran in it (PROC-11).
    #[error("the command was interrupted: {}", interruption(*.0))]
    Interrupted(Ending),
    /// The working directory of a command does not exist (PROC-04).
    #[error("no such directory: {0}")]
    NoSuchDirectory(String),
    /// A filesystem operation was refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A world is forked while one of its sandboxes changes its state.
    #[error("a sandbox is in a transition state; try again when it has settled")]
    InTransition,
    /// The back end cannot write its machines down.
    #[error("this back end cannot export and import worlds")]
    CannotExport,
    /// A file to be imported is not one that was exported, or not whole.
    #[error("{0}")]
    BadArchive(String),
    /// The back end cannot copy live machines.
    #[error("this back end cannot fork worlds")]
    CannotFork,
    /// The host cannot carry one more machine now (SB-START-03).
    #[error("no capacity for another sandbox on this host: {0}")]
    NoCapacity(String),
    /// The change could not be written to the data folder.
    #[error("the change could not be saved: {0}")]
    NotSaved(&'static str),
    /// The machine did not do what it should; the log says why.
    #[error("the sandbox's machine did not respond as it should")]
    MachineFailed,
}

fn interruption(ending: Ending) -> &'static str {
    match ending {
        Ending::Paused => "the sandbox was paused",
        Ending::Stopped => "the sandbox was stopped",
        Ending::Destroyed => "the sandbox was deleted",
        Ending::Lost => "the sandbox's machine died",
    }
}

impl ServiceError {
    /// What a client is told of a failed verb. The full text has gone to the log; what the host
    /// lacks is for the client too.
    pub(super) fn of_backend(error: &BackendError) -> Self {
        match error {
            BackendError::Capacity(missing) => Self::NoCapacity(missing.clone()),
            BackendError::NotSaved(error) => Self::not_saved(error),
            BackendError::Lost(_) | BackendError::Failed(_) => Self::MachineFailed,
        }
    }

    /// What a client is told of something that was not written.
    pub(super) fn not_saved(error: &StorageError) -> Self {
        Self::NotSaved(match error {
            StorageError::Full(_) => "no space is left for the data folder",
            StorageError::Io(_) | StorageError::Damaged(_) => {
                "the data folder can't be written to; the log says why"
            }
        })
    }

    /// What a client is told of a failed call into a machine. `Ended` is for the caller to retry.
    pub(super) fn of_guest(error: GuestError) -> Self {
        match error {
            GuestError::Ended(ending) | GuestError::Interrupted(ending) => {
                Self::Interrupted(ending)
            }
            GuestError::NoSuchDirectory(path) => Self::NoSuchDirectory(path),
            GuestError::File(error) => Self::File(error),
            GuestError::Failed(_) => Self::MachineFailed,
        }
    }
}
