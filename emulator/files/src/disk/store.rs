//! The calls of the port, each by what the kernel offers for it.

use std::cell::OnceCell;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use super::names::Names;
use super::refusal::refusal;
use super::remove::remove_tree;
use super::replace::{Target, opening};
use crate::{FileKind, FsPath, Meta, Store, StoreError};

/// Permission bits of a new file whose maker names none.
const FILE_MODE: u32 = 0o644;

/// The file system of this machine, as the user that this process runs as.
///
/// It remembers who is called what from the first time on that it is asked, so it is meant to live
/// as long as one operation.
#[derive(Debug, Default)]
pub struct DiskStore {
    names: OnceCell<Names>,
}

impl DiskStore {
    /// The whole file system.
    pub fn new() -> Self {
        Self::default()
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(Names::of_this_machine)
    }

    fn told(&self, meta: &Metadata) -> Meta {
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
            owner: self.names().users().name(meta.uid()),
            group: self.names().groups().name(meta.gid()),
        }
    }
}

impl Store for DiskStore {
    fn stat(&self, path: &FsPath) -> Result<Meta, StoreError> {
        fs::metadata(at(path)).map(|meta| self.told(&meta)).map_err(refusal)
    }

    fn lstat(&self, path: &FsPath) -> Result<Meta, StoreError> {
        fs::symlink_metadata(at(path)).map(|meta| self.told(&meta)).map_err(refusal)
    }

    fn read_link(&self, path: &FsPath) -> Result<String, StoreError> {
        let target = fs::read_link(at(path)).map_err(refusal)?;
        Ok(target.to_string_lossy().into_owned())
    }

    fn read_dir(&self, path: &FsPath) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(at(path)).map_err(refusal)? {
            // A name that is no UTF-8 can't be told to a client, nor can he ask for it.
            names.extend(entry.map_err(refusal)?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn read(&self, path: &FsPath, offset: u64, limit: Option<u64>) -> Result<Vec<u8>, StoreError> {
        let (mut file, meta) = open_to_read(path)?;
        match file.seek(SeekFrom::Start(offset)) {
            // Beyond what a file of this file system can hold.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(Vec::new()),
            answer => answer.map_err(refusal)?,
        };
        let limit = limit.unwrap_or(u64::MAX);
        let expected = limit.min(meta.len().saturating_sub(offset));
        let mut data = Vec::new();
        data.try_reserve_exact(usize::try_from(expected).unwrap_or(usize::MAX))
            .map_err(|_| StoreError::Other("not enough memory to read it at once".to_owned()))?;
        file.take(limit).read_to_end(&mut data).map_err(refusal)?;
        Ok(data)
    }

    fn write(&mut self, path: &FsPath, data: &[u8], mode: Option<u32>) -> Result<(), StoreError> {
        let made_with = mode.unwrap_or(FILE_MODE);
        let target = Target::open(at(path), made_with)?;
        let mode = if target.before().is_some() { mode } else { Some(made_with) };
        let length = data.len() as u64;
        target.replace(mode, length, |mut file| file.write_all(data).map(|()| length))
    }

    fn mkdir(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError> {
        fs::DirBuilder::new().mode(mode & 0o777).create(at(path)).map_err(refusal)?;
        // What the umask took, and the bits that the kernel does not take from its caller.
        self.chmod(path, mode).inspect_err(|_| {
            // The first failure is the one to be told.
            let _ = fs::remove_dir(at(path));
        })
    }

    fn remove_file(&mut self, path: &FsPath) -> Result<(), StoreError> {
        fs::remove_file(at(path)).map_err(refusal)
    }

    fn remove_dir(&mut self, path: &FsPath) -> Result<(), StoreError> {
        fs::remove_dir(at(path)).map_err(refusal)
    }

    fn remove_tree(&mut self, path: &FsPath) -> Result<(), StoreError> {
        remove_tree(at(path))
    }

    fn rename(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError> {
        fs::rename(at(from), at(to)).map_err(refusal)
    }

    fn symlink(&mut self, target: &str, link: &FsPath) -> Result<(), StoreError> {
        symlink(target, at(link)).map_err(refusal)
    }

    fn copy_file(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError> {
        let (source, meta) = open_to_read(from)?;
        let mode = meta.mode() & 0o7777;
        let target = Target::open(at(to), mode)?;
        let mode = match target.before() {
            Some(old) if (old.dev(), old.ino()) == (meta.dev(), meta.ino()) => {
                return Err(StoreError::Invalid);
            }
            // Somebody else's file gets the contents, but only its owner gives it a mode.
            Some(old) => may_set_mode(old).then_some(mode),
            None => Some(mode),
        };
        let length = meta.len();
        target.replace(mode, length, |mut file| io::copy(&mut source.take(length), &mut file))
    }

    fn chmod(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError> {
        fs::set_permissions(at(path), Permissions::from_mode(mode)).map_err(refusal)
    }

    fn chown(
        &mut self,
        path: &FsPath,
        owner: Option<&str>,
        group: Option<&str>,
    ) -> Result<(), StoreError> {
        let (users, groups) = (self.names().users(), self.names().groups());
        let owner = owner.map(|text| users.number(text).ok_or(StoreError::Invalid)).transpose()?;
        let group = group.map(|text| groups.number(text).ok_or(StoreError::Invalid)).transpose()?;
        chown(at(path), owner, group).map_err(refusal)
    }
}

fn at(path: &FsPath) -> &Path {
    Path::new(path.as_str())
}

/// Opens a regular file, and nothing else.
fn open_to_read(path: &FsPath) -> Result<(File, Metadata), StoreError> {
    let file = opening().read(true).open(at(path)).map_err(refusal)?;
    let meta = file.metadata().map_err(refusal)?;
    match meta.file_type() {
        kind if kind.is_file() => Ok((file, meta)),
        kind if kind.is_dir() => Err(StoreError::IsADirectory),
        _ => Err(StoreError::Invalid),
    }
}

fn may_set_mode(meta: &Metadata) -> bool {
    let me = rustix::process::geteuid();
    me.is_root() || me.as_raw() == meta.uid()
}
