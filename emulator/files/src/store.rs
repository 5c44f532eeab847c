//! The port below the filesystem API: a handful of calls that any Unix file system can answer.

use serde::{Deserialize, Serialize};

use crate::FsPath;

/// What kind of thing a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, pipe or socket.
    Special,
}

/// What `stat` and `lstat` tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The kind of thing.
    pub kind: FileKind,
    /// Bytes for a file, the target's length for a link, store-defined for a directory.
    pub size: u64,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// Last modification, in whole seconds since 1970-01-01 UTC.
    pub mtime: i64,
    /// Owner by name, or by number where the number has no name.
    pub owner: String,
    /// Group by name, or by number where the number has no name.
    pub group: String,
}

/// Why a store refused; the POSIX error of the same meaning stands behind each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum StoreError {
    /// `ENOENT`
    #[error("no such file or directory")]
    NotFound,
    /// `ENOTDIR`
    #[error("not a directory")]
    NotADirectory,
    /// `EISDIR`
    #[error("is a directory")]
    IsADirectory,
    /// `EEXIST`
    #[error("file exists")]
    AlreadyExists,
    /// `ENOTEMPTY`
    #[error("directory not empty")]
    NotEmpty,
    /// `EACCES` and `EPERM`
    #[error("permission denied")]
    Denied,
    /// `ELOOP`
    #[error("too many levels of symbolic links")]
    LinkLoop,
    /// `ENAMETOOLONG`
    #[error("file name too long")]
    NameTooLong,
    /// `ENOSPC`
    #[error("no space left on device")]
    NoSpace,
    /// `EINVAL`: a directory moved into itself, an unknown user, …
    #[error("invalid argument")]
    Invalid,
    /// Anything else; the text is safe to show a client.
    #[error("{0}")]
    Other(String),
}

/// A file system that acts for one user.
///
/// Calls behave as the Linux call of the same name does for that user, permission checks included.
/// Unless a call says otherwise it follows a symbolic link in the last component. Every call is
/// atomic: one that fails has changed nothing.
pub trait Store {
    /// Describes what the path names, following links.
    fn stat(&self, path: &FsPath) -> Result<Meta, StoreError>;
    /// Describes the path itself: a link is not followed.
    fn lstat(&self, path: &FsPath) -> Result<Meta, StoreError>;
    /// The target of a symbolic link, as it was written.
    fn read_link(&self, path: &FsPath) -> Result<String, StoreError>;
    /// The names in a directory, without `.` and `..`, in any order.
    fn read_dir(&self, path: &FsPath) -> Result<Vec<String>, StoreError>;
    /// Up to `limit` bytes from `offset`; empty beyond the end.
    fn read(&self, path: &FsPath, offset: u64, limit: Option<u64>) -> Result<Vec<u8>, StoreError>;
    /// Creates or truncates a regular file. A new one gets `mode` or `0644`; an old one keeps its
    /// mode unless `mode` is given.
    fn write(&mut self, path: &FsPath, data: &[u8], mode: Option<u32>) -> Result<(), StoreError>;
    /// Creates one directory, exactly with `mode` (no umask).
    fn mkdir(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError>;
    /// Removes a file or link, not following it.
    fn remove_file(&mut self, path: &FsPath) -> Result<(), StoreError>;
    /// Removes an empty directory.
    fn remove_dir(&mut self, path: &FsPath) -> Result<(), StoreError>;
    /// Removes a directory and everything below it.
    fn remove_tree(&mut self, path: &FsPath) -> Result<(), StoreError>;
    /// Moves within the store, replacing a file or an empty directory, following neither link.
    fn rename(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError>;
    /// Creates a symbolic link at `link` that holds `target` as written.
    fn symlink(&mut self, target: &str, link: &FsPath) -> Result<(), StoreError>;
    /// Copies a regular file's bytes and mode, replacing an existing file's. `Invalid` when both
    /// paths lead to one file, which stays as it is.
    fn copy_file(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError>;
    /// Sets the permission bits.
    fn chmod(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError>;
    /// Sets owner and group, each by name or decimal number; `None` leaves it.
    fn chown(
        &mut self,
        path: &FsPath,
        owner: Option<&str>,
        group: Option<&str>,
    ) -> Result<(), StoreError>;
}
