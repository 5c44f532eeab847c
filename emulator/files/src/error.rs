//! Why a filesystem operation was refused.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{FileKind, FsPath, StoreError};

/// A refused filesystem operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FileError {
    /// The store refused, at this path: missing (FS-04), denied (FS-03), or any other way.
    #[error("{path}: {error}")]
    Store {
        /// The path of the request, or the one below it that failed.
        path: FsPath,
        /// Why.
        error: StoreError,
    },
    /// The path names something the operation does not work on, such as a directory to be read.
    ///
    /// Clients look for "is a directory" or "not a regular file" in the text (FS-05).
    #[error("{path}: is a {}, not a regular file", noun(*kind))]
    NotARegularFile {
        /// The path of the request, or the one below it that is in the way.
        path: FsPath,
        /// What it is instead.
        kind: FileKind,
    },
    /// A directory needs `recursive` to be deleted or copied (FS-08, FS-10).
    #[error("{path}: {rule}")]
    NeedsRecursive {
        /// The path of the request.
        path: FsPath,
        /// What the client has to do.
        rule: Cow<'static, str>,
    },
    /// The target is taken (FS-02, FS-09; `copy` as `move`).
    #[error("{path}: already exists")]
    Exists {
        /// The target.
        path: FsPath,
    },
    /// A field is well-formed but means nothing here.
    #[error("{field}: {rule}")]
    Invalid {
        /// The request's field.
        field: Cow<'static, str>,
        /// The rule it breaks.
        rule: String,
    },
}

impl FileError {
    /// For `map_err`: the store refused at `path`.
    pub(crate) fn at(path: &FsPath) -> impl FnOnce(StoreError) -> Self {
        let path = path.clone();
        move |error| Self::Store { path, error }
    }

    /// Refuses `path` unless `kind` is that of a regular file (FS-05).
    pub(crate) fn unless_file(kind: FileKind, path: &FsPath) -> Result<(), Self> {
        match kind {
            FileKind::File => Ok(()),
            FileKind::Directory | FileKind::Symlink | FileKind::Special => {
                Err(Self::NotARegularFile { path: path.clone(), kind })
            }
        }
    }
}

fn noun(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Directory => "directory",
        FileKind::Symlink => "symbolic link",
        FileKind::Special => "device, pipe or socket",
    }
}
