//! Test support: a store over a real directory, and words to fill and ask it with.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::{
    FileError, FileInfo, FileKind, FileOp, FileReply, FsPath, Meta, Store, StoreError, perform,
};

/// A real directory as the root. Links in it have to be relative, or they would lead out of it.
pub(crate) struct DirStore {
    root: TempDir,
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
    let mut store = DirStore { root, refused: BTreeMap::new(), read_only: None };
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

    fn open_to(&self, at: &FsPath) -> Result<PathBuf, StoreError> {
        match self.refused.get(at) {
            Some(error) => Err(error.clone()),
            None => Ok(self.host(at.as_str())),
        }
    }
}

impl Store for DirStore {
    fn stat(&self, path: &FsPath) -> Result<Meta, StoreError> {
        fs::metadata(self.host(path.as_str())).map(|meta| told(&meta)).map_err(refusal)
    }

    fn lstat(&self, path: &FsPath) -> Result<Meta, StoreError> {
        fs::symlink_metadata(self.host(path.as_str())).map(|meta| told(&meta)).map_err(refusal)
    }

    fn read_link(&self, path: &FsPath) -> Result<String, StoreError> {
        let target = fs::read_link(self.open_to(path)?).map_err(refusal)?;
        Ok(target.to_string_lossy().into_owned())
    }

    fn read_dir(&self, path: &FsPath) -> Result<Vec<String>, StoreError> {
        fs::read_dir(self.open_to(path)?)
            .map_err(refusal)?
            .map(|entry| Ok(entry.map_err(refusal)?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn read(&self, path: &FsPath, offset: u64, limit: Option<u64>) -> Result<Vec<u8>, StoreError> {
        let mut file = fs::File::open(self.open_to(path)?).map_err(refusal)?;
        let mut data = Vec::new();
        // The kernel's offsets are signed.
        file.seek(SeekFrom::Start(offset.min(i64::MAX as u64))).map_err(refusal)?;
        file.take(limit.unwrap_or(u64::MAX)).read_to_end(&mut data).map_err(refusal)?;
        Ok(data)
    }

    fn write(&mut self, path: &FsPath, data: &[u8], mode: Option<u32>) -> Result<(), StoreError> {
        let host = self.open_to(path)?;
        if self.read_only.as_ref() == Some(path) {
            return Err(StoreError::Denied);
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o644);
        options.open(&host).and_then(|mut file| file.write_all(data)).map_err(refusal)?;
        mode.map_or(Ok(()), |mode| self.chmod(path, mode))
    }

    fn mkdir(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError> {
        fs::create_dir(self.open_to(path)?).map_err(refusal)?;
        self.chmod(path, mode)
    }

    fn remove_file(&mut self, path: &FsPath) -> Result<(), StoreError> {
        fs::remove_file(self.open_to(path)?).map_err(refusal)
    }

    fn remove_dir(&mut self, path: &FsPath) -> Result<(), StoreError> {
        fs::remove_dir(self.open_to(path)?).map_err(refusal)
    }

    fn remove_tree(&mut self, path: &FsPath) -> Result<(), StoreError> {
        fs::remove_dir_all(self.open_to(path)?).map_err(refusal)
    }

    fn rename(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError> {
        fs::rename(self.open_to(from)?, self.open_to(to)?).map_err(refusal)
    }

    fn symlink(&mut self, target: &str, link: &FsPath) -> Result<(), StoreError> {
        symlink(target, self.open_to(link)?).map_err(refusal)
    }

    fn copy_file(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError> {
        let (from, to) = (self.open_to(from)?, self.open_to(to)?);
        let identity = |path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino())).ok();
        if identity(&from) == identity(&to) {
            return Err(StoreError::Invalid);
        }
        fs::copy(from, to).map(drop).map_err(refusal)
    }

    fn chmod(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError> {
        fs::set_permissions(self.open_to(path)?, Permissions::from_mode(mode)).map_err(refusal)
    }

    fn chown(
        &mut self,
        path: &FsPath,
        owner: Option<&str>,
        group: Option<&str>,
    ) -> Result<(), StoreError> {
        let number = |text: &str| text.parse().map_err(|_| StoreError::Invalid);
        let owner = owner.map(number).transpose()?;
        let group = group.map(number).transpose()?;
        chown(self.open_to(path)?, owner, group).map_err(refusal)
    }
}

fn told(meta: &fs::Metadata) -> Meta {
    let kind = match meta.file_type() {
        kind if kind.is_file() => FileKind::File,
        kind if kind.is_dir() => FileKind::Directory,
        kind if kind.is_symlink() => FileKind::Symlink,
        _ => FileKind::Special,
    };
    Meta {
        kind,
        size: meta.len(),
        mode: meta.mode() & 0o7777,
        mtime: meta.mtime(),
        owner: meta.uid().to_string(),
        group: meta.gid().to_string(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refusal(error: io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::NotFound => StoreError::NotFound,
        ErrorKind::NotADirectory => StoreError::NotADirectory,
        ErrorKind::IsADirectory => StoreError::IsADirectory,
        ErrorKind::AlreadyExists => StoreError::AlreadyExists,
        ErrorKind::DirectoryNotEmpty => StoreError::NotEmpty,
        ErrorKind::PermissionDenied => StoreError::Denied,
        ErrorKind::InvalidFilename => StoreError::NameTooLong,
        ErrorKind::InvalidInput => StoreError::Invalid,
        _ if error.raw_os_error() == Some(40) => StoreError::LinkLoop,
        _ => StoreError::Other(error.to_string()),
    }
}
