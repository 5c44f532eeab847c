//! What the operations answer.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::FsPath;

/// The answer to a [`FileOp`](crate::FileOp).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileReply {
    /// The operation is done and has nothing to tell.
    Done,
    /// One path described.
    Info(FileInfo),
    /// Several paths described.
    Listing(Vec<FileInfo>),
    /// Whether the path exists.
    Exists(bool),
    /// A file's bytes.
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    /// Several files' bytes, in the order they were asked for.
    Files(Vec<FileContent>),
    /// Absolute paths, sorted bytewise.
    Paths(Vec<FsPath>),
    /// The lines found, file after file in the order of `ls`, each from its first line down.
    Matches(Vec<GrepMatch>),
    /// What an edit did to one file.
    Edited(Edited),
    /// What an edit did to each of several files, in the order they were given.
    EditOutcomes(Vec<EditOutcome>),
    /// A tree, flat: each entry is followed by those below it, siblings sorted by name.
    ///
    /// Not nested, because a tree may be deeper than a stack or a JSON parser allows.
    Tree(Vec<TreeEntry>),
}

/// One path described, in the API's words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FileInfo {
    /// Last component of the path; `/` for the root.
    pub name: String,
    /// Absolute path.
    pub path: FsPath,
    /// Whether it is a directory. A link to one is not.
    pub is_dir: bool,
    /// Size in bytes.
    pub size: u64,
    /// Permission bits in octal, such as `755`.
    pub mode: String,
    /// Last modification, in whole seconds since 1970-01-01 UTC.
    pub mtime: i64,
    /// Owner's name.
    pub owner: String,
    /// Group's name.
    pub group: String,
    /// Whether it is a symbolic link.
    pub is_symlink: bool,
    /// Where the link points, for links.
    pub link_target: Option<String>,
}

/// By hand, because JSON leaves an absent target out, and a binary format, which knows
/// fields by their order, must not.
impl Serialize for FileInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let left_out = serializer.is_human_readable() && self.link_target.is_none();
        let mut info = serializer.serialize_struct("FileInfo", 10 - usize::from(left_out))?;
        info.serialize_field("name", &self.name)?;
        info.serialize_field("path", &self.path)?;
        info.serialize_field("is_dir", &self.is_dir)?;
        info.serialize_field("size", &self.size)?;
        info.serialize_field("mode", &self.mode)?;
        info.serialize_field("mtime", &self.mtime)?;
        info.serialize_field("owner", &self.owner)?;
        info.serialize_field("group", &self.group)?;
        info.serialize_field("is_symlink", &self.is_symlink)?;
        if left_out {
            info.skip_field("link_target")?;
        } else {
            info.serialize_field("link_target", &self.link_target)?;
        }
        info.end()
    }
}

/// One file of a `read-files`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileContent {
    /// The path as the client wrote it.
    pub path: FsPath,
    /// All of its bytes.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
}

/// One line that `grep` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrepMatch {
    /// The file.
    pub path: FsPath,
    /// The line's number, from 1.
    pub line: u64,
    /// The line without its line ending; bytes that are not UTF-8 are replaced by U+FFFD.
    pub content: String,
}

/// What `edit-file` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// A unified diff with three lines of context; empty when the contents are what they were.
    pub diff: String,
    /// Occurrences replaced, by all edits together.
    pub replacements: u64,
}

/// What `edit-files` did to one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditOutcome {
    /// The path as the client wrote it.
    pub file: FsPath,
    /// `None` when something was replaced; otherwise why nothing was.
    pub error: Option<String>,
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// Levels below the operation's path; 1 for its direct children.
    pub depth: u32,
    /// Last component of the path.
    pub name: String,
    /// What it is.
    pub kind: TreeKind,
    /// Whether this is a directory whose children, if it has any, follow. `false` for one at the
    /// depth cut, or one that may not be read: its children are unknown, not absent (FS-25).
    pub listed: bool,
}

/// What `tree` calls an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TreeKind {
    /// Anything but a directory; a link too, wherever it points.
    File,
    /// A directory.
    Directory,
}
