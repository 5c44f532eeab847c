//! The files that hold the bytes of large objects: `objects/ab/<id>`, `ab` being what the id
//! begins with.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use leap0_emulator_core::storage::{ObjectId, StorageError};

use crate::disk::Disk;
use crate::error::io_error;

/// The folder of them.
const FOLDER: &str = "objects";
/// The one that is being written. There is one thread that writes, so one is enough.
const UNFINISHED: &str = "unfinished";

/// Reads and writes them.
#[derive(Clone, Debug)]
pub(crate) struct ObjectFiles {
    folder: PathBuf,
    disk: Disk,
}

/// A file in the folder of objects.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Found {
    /// The bytes of an object.
    Object(ObjectId),
    /// One that was not finished.
    Unfinished(PathBuf),
    /// None of ours.
    Foreign(PathBuf),
}

impl ObjectFiles {
    /// Those in a data folder.
    pub(crate) fn of(data_folder: &Path, disk: Disk) -> Self {
        Self { folder: data_folder.join(FOLDER), disk }
    }

    /// Writes the bytes of an object. The answer is the folder that has to be synced before they
    /// can be found after a crash.
    pub(crate) fn write(&self, id: &ObjectId, bytes: &[u8]) -> Result<PathBuf, StorageError> {
        let path = self.path(id);
        let folder = path.parent().expect("a file is in a folder");
        let unfinished = self.folder.join(UNFINISHED);
        self.disk.make_folder(&self.folder).map_err(io_error(&self.folder))?;
        self.disk.make_folder(folder).map_err(io_error(folder))?;
        let written = self.disk.write_file(&unfinished, bytes).map_err(io_error(&unfinished));
        let renamed =
            written.and_then(|()| self.disk.rename(&unfinished, &path).map_err(io_error(&path)));
        if renamed.is_err() {
            // If this fails too, the next one is written over it.
            let _ = self.remove_unfinished();
        }
        renamed.map(|()| folder.to_owned())
    }

    /// Brings the names in one of its folders to the disk.
    pub(crate) fn sync_folder(&self, folder: &Path) -> Result<(), StorageError> {
        self.disk.sync_folder(folder).map_err(io_error(folder))
    }

    /// Brings the names of its folders to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if self.folder.is_dir() {
            self.disk.sync_folder(&self.folder)?;
        }
        self.folder.parent().map_or(Ok(()), |above| self.disk.sync_folder(above))
    }

    /// The bytes of an object, which are so many.
    pub(crate) fn read(&self, id: &ObjectId, length: u64) -> Result<Vec<u8>, StorageError> {
        let path = self.path(id);
        let file = match fs::File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StorageError::Damaged(format!("the file of object {id} is missing")));
            }
            opened => opened.map_err(io_error(&path))?,
        };
        // One more than there should be, so that one that has grown is noticed and not read whole.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(1 << 30));
        file.take(length.saturating_add(1)).read_to_end(&mut bytes).map_err(io_error(&path))?;
        if u64::try_from(bytes.len()) != Ok(length) {
            return Err(StorageError::Damaged(format!("the length of the file of object {id}")));
        }
        Ok(bytes)
    }

    /// Removes the file of an object.
    pub(crate) fn remove(&self, id: &ObjectId) -> io::Result<()> {
        self.disk.remove_file(&self.path(id))
    }

    /// Removes the file that was not finished.
    pub(crate) fn remove_unfinished(&self) -> io::Result<()> {
        self.disk.remove_file(&self.folder.join(UNFINISHED))
    }

    /// Every file.
    pub(crate) fn list(&self) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        for path in entries(&self.folder)? {
            if !path.is_dir() {
                found.push(if path.ends_with(UNFINISHED) {
                    Found::Unfinished(path)
                } else {
                    Found::Foreign(path)
                });
                continue;
            }
            for path in entries(&path)? {
                found.push(match path.file_name().and_then(|name| parse(name.to_str()?)) {
                    Some(id) if path == self.path(&id) => Found::Object(id),
                    _ => Found::Foreign(path),
                });
            }
        }
        Ok(found)
    }

    /// Where the file of an object is.
    pub(crate) fn path(&self, id: &ObjectId) -> PathBuf {
        let name = id.to_string();
        self.folder.join(&name[..2]).join(name)
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

fn parse(name: &str) -> Option<ObjectId> {
    let digits = name.as_bytes();
    let mut id = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(ObjectId(id))
}
