//! What can go wrong: on opening a folder, and afterwards.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use leap0_emulator_core::storage::StorageError;

/// Why a folder was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It holds what the emulator did not put there.
    #[error("{} holds files that are not the emulator's", .0.display())]
    Foreign(PathBuf),
    /// A second emulator has it.
    #[error("{} is in use by another emulator", .0.display())]
    InUse(PathBuf),
    /// Its database has a format of the future.
    #[error("{} was written by a newer version of the emulator", .0.display())]
    Newer(PathBuf),
    /// Another back end has made the machines in it.
    #[error("{} holds machines of the {holds} back end, which alone can use them", path.display())]
    OtherBackend {
        /// The folder.
        path: PathBuf,
        /// The back end.
        holds: String,
    },
    /// Its database is none, or not as it was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The host refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was to be opened, read or written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, reason: &dyn fmt::Display) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }

    /// What has failed in the file at a path.
    pub(crate) fn storage(path: &Path) -> impl Fn(StorageError) -> Self {
        move |error| match error {
            StorageError::Damaged(reason) => Self::damaged(path, &reason),
            StorageError::Full(text) => {
                Self::io(path)(io::Error::new(io::ErrorKind::StorageFull, text))
            }
            StorageError::Io(text) => Self::io(path)(io::Error::other(text)),
        }
    }

    /// What the database at a path, which is in the folder beside it, has answered.
    pub(crate) fn database(path: &Path) -> impl FnOnce(redb::Error) -> Self {
        move |error| match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::InUse(path.parent().unwrap_or(path).to_owned())
            }
            redb::Error::Io(source) => match source.kind() {
                // The first is how redb says that it is no database, the second that it ends early.
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    Self::damaged(path, &source)
                }
                _ => Self::Io { path: path.to_owned(), source },
            },
            error => Self::damaged(path, &error),
        }
    }
}

/// What an operation on a path has failed with.
pub(crate) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    move |error| {
        let text = format!("{}: {error}", path.display());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StorageError::Full(text),
            _ => StorageError::Io(text),
        }
    }
}

/// What the database has failed with.
pub(crate) fn database_error(error: impl Into<redb::Error>) -> StorageError {
    match error.into() {
        redb::Error::Io(error) => io_error(Path::new(crate::open::DATABASE))(error),
        redb::Error::Corrupted(text) => StorageError::Damaged(text),
        error => StorageError::Io(error.to_string()),
    }
}
