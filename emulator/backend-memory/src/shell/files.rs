//! The tree as the shell sees it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bashkit::{DirEntry, FileSystem, FileSystemExt, FileType, FsLimits, FsUsage, Metadata, Result};
use leap0_emulator_core::clock::Timestamp;
use leap0_files::StoreError;

use super::script::Script;
use crate::tree::{Body, Caller, Contents, Device, Links, Node, Tree};

/// How much of an endless device one read gives.
const DEVICE_BYTES: usize = 1 << 20;
/// Mode of a directory that a script makes; a umask of 022.
const DIRECTORY_MODE: u32 = 0o755;

/// A script's files. Its interpreter follows links of the last component itself, by the rules of
/// each call, and asks for `stat` without following.
#[derive(Debug)]
pub(super) struct ShellFiles {
    script: Arc<Script>,
}

impl ShellFiles {
    pub(super) fn new(script: Arc<Script>) -> Self {
        Self { script }
    }

    fn look<T>(
        &self,
        path: &Path,
        look: impl FnOnce(&Tree, &str, Caller) -> std::result::Result<T, StoreError>,
    ) -> Result<T> {
        let path = text(path)?;
        let caller = self.script.live.caller();
        Ok(self.script.live.files.look(|tree| look(tree, path, caller)).map_err(refusal)?)
    }

    fn change<T>(
        &self,
        path: &Path,
        change: impl FnOnce(&mut Tree, &str, Caller) -> std::result::Result<T, StoreError>,
    ) -> Result<T> {
        let path = text(path)?;
        let caller = self.script.live.caller();
        match self.script.change(|tree| change(tree, path, caller)) {
            Some(changed) => Ok(changed.map_err(refusal)?),
            None => Err(bashkit::Error::Cancelled),
        }
    }
}

#[async_trait]
impl FileSystem for ShellFiles {
    async fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        self.look(path, |tree, path, caller| match tree.read(path, caller)? {
            Contents::Data(data) => Ok(data.to_vec()),
            Contents::Device(Device::Null) => Ok(Vec::new()),
            Contents::Device(Device::Zero | Device::Full) => Ok(vec![0; DEVICE_BYTES]),
            Contents::Device(Device::Random) => {
                let mut bytes = vec![0; DEVICE_BYTES];
                getrandom::fill(&mut bytes)
                    .map_err(|error| StoreError::Other(error.to_string()))?;
                Ok(bytes)
            }
        })
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.change(path, |tree, path, caller| tree.write(path, content.to_vec(), None, caller))
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.change(path, |tree, path, caller| tree.append(path, content, caller))
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        self.change(path, |tree, path, caller| {
            if recursive {
                tree.make_directories(path, DIRECTORY_MODE, caller)
            } else {
                tree.make_directory(path, DIRECTORY_MODE, caller)
            }
        })
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        self.change(path, |tree, path, caller| {
            let is_directory = tree.find(path, Links::Keep, caller)?.is_directory();
            match (is_directory, recursive) {
                (false, _) => tree.remove_file(path, caller),
                (true, false) => tree.remove_directory(path, caller),
                (true, true) => tree.remove_tree(path, caller),
            }
        })
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        self.look(path, |tree, path, caller| {
            tree.find(path, Links::Keep, caller).map(describe)
        })
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        self.look(path, |tree, path, caller| {
            let entries = tree.list(path, caller)?.iter();
            let entry = |(name, node): (&Arc<str>, &Arc<Node>)| DirEntry {
                name: name.to_string(),
                metadata: describe(node),
            };
            Ok(entries.map(entry).collect())
        })
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        self.look(path, |tree, path, caller| Ok(tree.find(path, Links::Keep, caller).is_ok()))
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let to = text(to)?;
        self.change(from, |tree, from, caller| tree.rename(from, to, caller))
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let to = text(to)?;
        self.change(from, |tree, from, caller| tree.copy_file(from, to, caller))
    }

    async fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        let target = text(target)?;
        self.change(link, |tree, link, caller| tree.make_link(target, link, caller))
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        self.look(path, |tree, path, caller| {
            tree.read_link(path, caller).map(|target| PathBuf::from(&**target))
        })
    }

    async fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        self.change(path, |tree, path, caller| tree.set_mode(path, mode, caller))
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        let modified = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => millis(after),
            Err(before) => -millis(before.duration()),
        };
        let modified = Timestamp::from_millis(modified);
        self.change(path, |tree, path, caller| tree.set_modified(path, modified, caller))
    }
}

#[async_trait]
impl FileSystemExt for ShellFiles {
    fn usage(&self) -> FsUsage {
        FsUsage::new(self.script.live.files.look(|tree| tree.used().disk), 0, 0)
    }

    fn limits(&self) -> FsLimits {
        // The tree has its own, in Linux's words; this one is what `df` prints.
        let disk = self.script.live.files.look(|tree| tree.space().disk);
        FsLimits::unlimited().max_total_bytes(disk)
    }

    fn backend_kind(&self) -> &'static str {
        "leap0"
    }
}

fn describe(node: &Node) -> Metadata {
    let modified = node.stamp.modified.as_millis();
    let span = Duration::from_millis(modified.unsigned_abs());
    let modified = if modified < 0 { UNIX_EPOCH - span } else { UNIX_EPOCH + span };
    Metadata {
        file_type: match node.body {
            Body::Directory(_) => FileType::Directory,
            Body::Link(_) => FileType::Symlink,
            // The interpreter knows no devices.
            Body::File(_) | Body::Device(_) => FileType::File,
        },
        size: node.size(),
        mode: node.stamp.mode,
        modified,
        created: modified,
    }
}

/// A path of the tree. What is not UTF-8 names nothing in it.
fn text(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| io::Error::new(ErrorKind::NotFound, "No such file or directory"))
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// A refusal in the words of the C library, which commands print.
fn refusal(error: StoreError) -> io::Error {
    let (kind, words) = match error {
        StoreError::NotFound => (ErrorKind::NotFound, "No such file or directory"),
        StoreError::NotADirectory => (ErrorKind::NotADirectory, "Not a directory"),
        StoreError::IsADirectory => (ErrorKind::IsADirectory, "Is a directory"),
        StoreError::AlreadyExists => (ErrorKind::AlreadyExists, "File exists"),
        StoreError::NotEmpty => (ErrorKind::DirectoryNotEmpty, "Directory not empty"),
        StoreError::Denied => (ErrorKind::PermissionDenied, "Permission denied"),
        StoreError::LinkLoop => (ErrorKind::Other, "Too many levels of symbolic links"),
        StoreError::NameTooLong => (ErrorKind::InvalidFilename, "File name too long"),
        StoreError::NoSpace => (ErrorKind::StorageFull, "No space left on device"),
        StoreError::Invalid => (ErrorKind::InvalidInput, "Invalid argument"),
        StoreError::Other(words) => return io::Error::other(words),
    };
    io::Error::new(kind, words)
}
