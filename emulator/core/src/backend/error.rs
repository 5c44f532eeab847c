//! What a back end reports when a verb fails.

use leap0_files::FileError;

use super::Ending;
use crate::storage::StorageError;

/// A verb on a machine, checkpoint or disk failed and changed nothing.
///
/// But for that of `Capacity` the text may name host paths and goes to the log only; clients are
/// told what kind it was.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The host cannot carry one more machine now; answered 503, with what is missing.
    #[error("no capacity: {0}")]
    Capacity(String),
    /// The machine is no longer there, or died during the verb.
    #[error("machine lost: {0}")]
    Lost(String),
    /// The verb has worked, but what it led to could not be kept, and was taken back.
    #[error("not saved: {0}")]
    NotSaved(StorageError),
    /// The machine lives, the verb did not work.
    #[error("{0}")]
    Failed(String),
}

/// A call into a machine failed.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// The machine ended before the call began; nothing happened, so it may be tried on the
    /// machine that follows.
    #[error("the machine has ended")]
    Ended(Ending),
    /// The machine ended while a command ran in it (PROC-11).
    #[error("interrupted: the machine has ended")]
    Interrupted(Ending),
    /// The working directory of a command does not exist or is no directory (PROC-04).
    #[error("no such directory: {0}")]
    NoSuchDirectory(String),
    /// A filesystem operation was refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The machine lives but did not answer; the text goes to the log only.
    #[error("{0}")]
    Failed(String),
}
