//! The tree as the shell sees it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bashkit::{DirEntry, FileSystem, FileSystemExt, FileType, FsLimits, FsUsage, Metadata, Result};
use leap0_emulator_core::clock::{Clock, SystemClock, Timestamp};
use leap0_files::StoreError;

use super::bounds::FILE_BYTES;
use super::devices;
use super::kept::Kept;
use super::script::{Bound, Script};
use crate::tree::{Body, Caller, Contents, Links, Node, Tree};

/// Mode of what a script makes, less its umask.
const FILE_MODE: u32 = 0o666;
const DIRECTORY_MODE: u32 = 0o777;
/// How near to the host's time a time has to be to be meant as now, in milliseconds.
const NOW_MILLIS: i64 = 1000;

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
        let kept = &self.script.kept;
        if let Some(kept) = kept.replaced(path).or_else(|| kept.read(path)) {
            return Ok(kept);
        }
        if self.script.holds(text(path)?) {
            return Err(self.script.meet(Bound::OwnOutput));
        }
        let device = self.look(path, |tree, path, caller| match tree.read(path, caller)? {
            // Shared, so that the copy is made without the lock.
            Contents::Data(data) => Ok(Err(Arc::clone(data))),
            Contents::Device(device) => Ok(Ok(device)),
        })?;
        match device {
            Err(data) if data.len() > FILE_BYTES => Err(self.script.meet(Bound::FileTooLarge)),
            Err(data) => Ok(data.to_vec()),
            Ok(device) => {
                self.script.note_device(device);
                Ok(devices::read(device, devices::READ_BYTES)?)
            }
        }
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        if Kept::has(path) {
            self.script.kept.write(path, content, true);
            return Ok(());
        }
        self.script.release(text(path)?);
        let mode = self.script.masked(FILE_MODE);
        self.change(path, |tree, path, caller| {
            let new = tree.find(path, Links::Follow, caller).is_err();
            tree.write(path, content.to_vec(), new.then_some(mode), caller)
        })
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> Result<()> {
        if Kept::has(path) {
            self.script.kept.write(path, content, false);
            return Ok(());
        }
        self.script.release(text(path)?);
        let mode = self.script.masked(FILE_MODE);
        self.change(path, |tree, path, caller| tree.append(path, content, mode, caller))
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        let mode = self.script.masked(DIRECTORY_MODE);
        self.change(path, |tree, path, caller| {
            if recursive {
                tree.make_directories(path, mode, caller)
            } else {
                tree.make_directory(path, mode, caller)
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
        if Kept::has(path) {
            return Ok(Metadata { file_type: FileType::File, mode: 0o755, ..Metadata::default() });
        }
        self.look(path, |tree, path, caller| tree.find(path, Links::Keep, caller).map(describe))
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
        // `touch` takes the host's time for now, which need not be the machine's.
        let is_now = (SystemClock.now().as_millis() - modified).abs() < NOW_MILLIS;
        self.change(path, |tree, path, caller| {
            let modified = if is_now { caller.now } else { Timestamp::from_millis(modified) };
            tree.set_modified(path, modified, caller)
        })
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

/// A refusal as the interpreter takes it.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn refusal(error: StoreError) -> io::Error {
    let (kind, words) = words(&error);
    io::Error::new(kind, words)
}

/// A refusal in the words of the C library, which commands print.
pub(super) fn words(error: &StoreError) -> (ErrorKind, String) {
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
        StoreError::Other(words) => (ErrorKind::Other, words.as_str()),
    };
    (kind, words.to_owned())
}
