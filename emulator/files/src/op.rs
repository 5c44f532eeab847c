//! The operations, with their fields checked as far as that needs no file system.

use serde::{Deserialize, Serialize};

use crate::FsPath;

/// One operation of the filesystem API. Serialisable, so that it can be performed elsewhere.
///
/// `exclude` is the same everywhere: globs, of which one without a slash is matched against each
/// component below the operation's path, and what matches is left out with all below it (FS-16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileOp {
    /// `filesystem/ls`
    Ls {
        /// The directory, or a single file.
        path: FsPath,
        /// List everything below, depth first.
        recursive: bool,
        /// Globs; a path with a component that matches one is left out with all below it.
        exclude: Vec<String>,
    },
    /// `filesystem/stat`
    Stat(FsPath),
    /// `filesystem/exists`
    Exists(FsPath),
    /// `filesystem/mkdir`
    Mkdir(Mkdir),
    /// `filesystem/write-file`
    WriteFile(WriteFile),
    /// `filesystem/write-files`: every target is checked, then they are written in order (FS-20).
    WriteFiles(Vec<WriteFile>),
    /// `filesystem/read-file`
    ReadFile(ReadFile),
    /// `filesystem/read-files`: at least one path, each read in full.
    ReadFiles(Vec<FsPath>),
    /// `filesystem/delete`
    Delete {
        /// What to delete; a link is deleted, not followed.
        path: FsPath,
        /// Delete a directory with all below it.
        recursive: bool,
    },
    /// `filesystem/set-permissions`
    SetPermissions(SetPermissions),
    /// `filesystem/glob`
    Glob(Glob),
    /// `filesystem/grep`
    Grep(Grep),
    /// `filesystem/edit-file`
    EditFile(EditFile),
    /// `filesystem/edit-files`
    EditFiles(EditFiles),
    /// `filesystem/move`
    Move(MovePath),
    /// `filesystem/copy`
    Copy(CopyPath),
    /// `filesystem/tree`
    Tree {
        /// The directory.
        path: FsPath,
        /// Globs of what is left out.
        exclude: Vec<String>,
        /// Levels shown, at least 1, which is the direct children; `None` for all.
        max_depth: Option<u32>,
    },
}

/// `filesystem/mkdir`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mkdir {
    /// The directory to create.
    pub path: FsPath,
    /// Create missing parents too, and accept an existing directory.
    pub recursive: bool,
    /// Permission bits of the new directory, `0o7777` at most.
    pub mode: u32,
}

/// `filesystem/write-file`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteFile {
    /// The file to create or replace; missing parents are created (FS-06).
    pub path: FsPath,
    /// The new contents.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
    /// Permission bits; `None` keeps those of an existing file and gives `0644` to a new one.
    pub mode: Option<u32>,
}

/// `filesystem/read-file`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFile {
    /// The file to read.
    pub path: FsPath,
    /// The part of it that is wanted.
    pub window: ReadWindow,
}

/// The part of a file that a read wants (FS-11: by bytes or by lines, never both).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadWindow {
    /// From `offset`, at most `limit` bytes.
    Bytes {
        /// First byte.
        offset: u64,
        /// Most bytes; `None` for all.
        limit: Option<u64>,
    },
    /// The first lines.
    Head(u64),
    /// The last lines.
    Tail(u64),
}

/// `filesystem/set-permissions`; at least one of the three is given (FS-19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPermissions {
    /// What to change; a link is followed.
    pub path: FsPath,
    /// Permission bits, `0o7777` at most.
    pub mode: Option<u32>,
    /// Owner, by name or decimal number.
    pub owner: Option<String>,
    /// Group, by name or decimal number.
    pub group: Option<String>,
}

/// `filesystem/glob`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glob {
    /// The directory below which everything is looked at.
    pub path: FsPath,
    /// Matched against names, or with a slash in it against paths relative to `path` (FS-13);
    /// `None` for everything.
    pub pattern: Option<String>,
    /// Globs of what is left out.
    pub exclude: Vec<String>,
}

/// `filesystem/grep`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grep {
    /// The directory below which every file is searched, or a single file.
    pub path: FsPath,
    /// A regular expression; literal text where it is not a valid one (FS-14).
    pub pattern: String,
    /// A glob of the files to search; `None` for all.
    pub include: Option<String>,
    /// Globs of what is left out.
    pub exclude: Vec<String>,
}

/// Every occurrence of one text replaced by another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The text to find, not empty; matched literally.
    pub find: String,
    /// What replaces it; the empty text deletes it.
    pub replace: String,
}

/// `filesystem/edit-file`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditFile {
    /// The file to edit.
    pub path: FsPath,
    /// At least one; each works on what the one before it left.
    pub edits: Vec<Edit>,
}

/// `filesystem/edit-files`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditFiles {
    /// The files to edit, at least one.
    pub files: Vec<FsPath>,
    /// The edit, the same in each.
    pub edit: Edit,
}

/// `filesystem/move`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovePath {
    /// What to move; a link is moved, not followed.
    pub source: FsPath,
    /// Its new path, not a directory to put it into. The parent has to exist.
    pub destination: FsPath,
    /// Replace an existing file by a file, or an empty directory by a directory. A directory with
    /// contents is never replaced.
    pub overwrite: bool,
}

/// `filesystem/copy`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyPath {
    /// What to copy. A link is followed, but copied as a link where it is below a directory.
    pub source: FsPath,
    /// The path of the copy, not a directory to put it into. The parent has to exist.
    pub destination: FsPath,
    /// Copy a directory with all below it.
    pub recursive: bool,
    /// Replace existing files. Directories are merged: what the source does not have stays.
    pub overwrite: bool,
}
