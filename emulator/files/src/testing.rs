//! Test support: the store over the disk in a directory of its own, and words to fill and ask it
//! with.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::{
    DiskStore, FileError, FileInfo, FileOp, FileReply, FsPath, Meta, Store, StoreError, perform,
};

/// A real directory as the root. Links in it have to be relative, or they would lead out of it.
pub(crate) struct DirStore {
    root: TempDir,
    disk: DiskStore,
    refused: BTreeMap<FsPath, StoreError>,
    read_only: Option<FsPath>,
}

/// A valid path.
pub(crate) fn path(text: &str) -> FsPath {
    FsPath::new(text).expect("a valid path")
}

/// A store with files, directories (`"/name/"`) and links (`"-> target"`), and all their parents.
pub(crate) fn a_store_with(tree: &[(&str, &str)]) -> DirStore {
    let root = TempDir::new().expect("a temporary directory");
    let disk = DiskStore::new();
    let mut store = DirStore { root, disk, refused: BTreeMap::new(), read_only: None };
    for (name, content) in tree {
        let host = store.host(name);
        fs::create_dir_all(host.parent().expect("below the root")).expect("parents");
        if name.ends_with('/') {
            fs::create_dir_all(&host).expect("a directory");
        } else if let Some(target) = content.strip_prefix("-> ") {
            store.symlink(target, &path(name)).expect("a link");
        } else {
            store.write(&path(name), content.as_bytes(), None).expect("a file");
        }
    }
    store
}

impl DirStore {
    /// From now on every call but `lstat` on `at` fails, even for root.
    pub(crate) fn refuse(&mut self, at: &str, error: StoreError) {
        self.refused.insert(path(at), error);
    }

    /// From now on `at` is not written, even by root.
    pub(crate) fn refuse_writes(&mut self, at: &str) {
        self.read_only = Some(path(at));
    }

    /// The reply, which has to be one.
    pub(crate) fn ask(&mut self, op: FileOp) -> FileReply {
        perform(self, op).expect("a reply")
    }

    /// The refusal, which has to be one.
    pub(crate) fn refusal(&mut self, op: FileOp) -> FileError {
        perform(self, op).expect_err("a refusal")
    }

    /// What `stat` answers.
    pub(crate) fn info(&mut self, at: &str) -> FileInfo {
        match self.ask(FileOp::Stat(path(at))) {
            FileReply::Info(info) => info,
            other => panic!("{other:?}"),
        }
    }

    /// A file's text.
    pub(crate) fn text(&self, at: &str) -> String {
        fs::read_to_string(self.host(at)).expect("a text file")
    }

    /// Whether something is at the path, a dangling link included.
    pub(crate) fn holds(&self, at: &str) -> bool {
        self.lstat(&path(at)).is_ok()
    }

    /// The path in the machine's file system.
    pub(crate) fn host(&self, at: &str) -> PathBuf {
        self.root.path().join(at.trim_start_matches('/'))
    }

    /// The same for the store.
    fn below(&self, at: &FsPath) -> FsPath {
        path(&format!("{}{at}", self.root.path().display()))
    }

    /// The same, unless the path is refused.
    fn open_to(&self, at: &FsPath) -> Result<FsPath, StoreError> {
        match self.refused.get(at) {
            Some(error) => Err(error.clone()),
            None => Ok(self.below(at)),
        }
    }
}

impl Store for DirStore {
    fn stat(&self, path: &FsPath) -> Result<Meta, StoreError> {
        self.disk.stat(&self.below(path))
    }

    fn lstat(&self, path: &FsPath) -> Result<Meta, StoreError> {
        self.disk.lstat(&self.below(path))
    }

    fn read_link(&self, path: &FsPath) -> Result<String, StoreError> {
        self.disk.read_link(&self.open_to(path)?)
    }

    fn read_dir(&self, path: &FsPath) -> Result<Vec<String>, StoreError> {
        self.disk.read_dir(&self.open_to(path)?)
    }

    fn read(&self, path: &FsPath, offset: u64, limit: Option<u64>) -> Result<Vec<u8>, StoreError> {
        self.disk.read(&self.open_to(path)?, offset, limit)
    }

    fn write(&mut self, path: &FsPath, data: &[u8], mode: Option<u32>) -> Result<(), StoreError> {
        let below = self.open_to(path)?;
        if self.read_only.as_ref() == Some(path) {
            return Err(StoreError::Denied);
        }
        self.disk.write(&below, data, mode)
    }

    fn mkdir(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError> {
        let below = self.open_to(path)?;
        self.disk.mkdir(&below, mode)
    }

    fn remove_file(&mut self, path: &FsPath) -> Result<(), StoreError> {
        let below = self.open_to(path)?;
        self.disk.remove_file(&below)
    }

    fn remove_dir(&mut self, path: &FsPath) -> Result<(), StoreError> {
        let below = self.open_to(path)?;
        self.disk.remove_dir(&below)
    }

    fn remove_tree(&mut self, path: &FsPath) -> Result<(), StoreError> {
        let below = self.open_to(path)?;
        self.disk.remove_tree(&below)
    }

    fn rename(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError> {
        let (from, to) = (self.open_to(from)?, self.open_to(to)?);
        self.disk.rename(&from, &to)
    }

    fn symlink(&mut self, target: &str, link: &FsPath) -> Result<(), StoreError> {
        let below = self.open_to(link)?;
        self.disk.symlink(target, &below)
    }

    fn copy_file(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError> {
        let (from, to) = (self.open_to(from)?, self.open_to(to)?);
        self.disk.copy_file(&from, &to)
    }

    fn chmod(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError> {
        let below = self.open_to(path)?;
        self.disk.chmod(&below, mode)
    }

    fn chown(
        &mut self,
        path: &FsPath,
        owner: Option<&str>,
        group: Option<&str>,
    ) -> Result<(), StoreError> {
        let below = self.open_to(path)?;
        self.disk.chown(&below, owner, group)
    }
}
