//! What each operation of the Leap0 filesystem API means, written once.
//!
//! An operation comes in as a [`FileOp`], is performed on a [`Store`] by [`perform`], and goes out
//! as a [`FileReply`] or a [`FileError`]. The in-memory back end is a store; a real file system
//! inside a virtual machine is another. Both therefore answer alike.
//!
//! Every store call is atomic, an operation of several calls is not: one that fails midway leaves
//! what it has done so far.
//!
//! This crate knows nothing of HTTP: media types, multipart and status codes are the wire's.

#[cfg(any(test, feature = "disk"))]
mod disk;
mod error;
mod op;
mod ops;
mod path;
mod pattern;
mod perform;
mod reply;
mod store;
#[cfg(test)]
mod testing;
mod walk;

#[cfg(any(test, feature = "disk"))]
pub use disk::DiskStore;
pub use error::FileError;
pub use op::{
    CopyPath, Edit, EditFile, EditFiles, FileOp, Glob, Grep, Mkdir, MovePath, ReadFile, ReadWindow,
    SetPermissions, WriteFile,
};
pub use ops::{
    MAX_EDIT_BYTES, MAX_GREP_BYTES, MAX_GREP_LINE_BYTES, MAX_GREP_MATCHES, MAX_READ_BYTES,
    MAX_REGEX_BYTES,
};
pub use path::{FsPath, MAX_NAME_BYTES, MAX_PATH_BYTES, PathRule};
pub use pattern::{MAX_GLOB_BYTES, MAX_GLOBS};
pub use perform::perform;
pub use reply::{
    EditOutcome, Edited, FileContent, FileInfo, FileReply, GrepMatch, TreeEntry, TreeKind,
};
pub use store::{FileKind, Meta, Store, StoreError};
pub use walk::MAX_WALK_ENTRIES;
