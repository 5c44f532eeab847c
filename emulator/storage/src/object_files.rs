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
        self.make_folders(id)?;
        self.finish(id, |unfinished| self.disk.write_file(unfinished, bytes))
    }

    /// Takes the bytes of an object from a file that nobody writes to any more: by a second name
    /// for it where the file system allows that. The answer is how many they are, and the folder to
    /// be synced.
    pub(crate) fn adopt(&self, id: &ObjectId, file: &Path) -> Result<(u64, PathBuf), StorageError> {
        let length = fs::metadata(file).map_err(io_error(file))?.len();
        self.make_folders(id)?;
        let path = self.path(id);
        // One that a transaction which was taken back has left.
        self.disk.remove_file(&path).map_err(io_error(&path))?;
        match self.disk.link(file, &path) {
            Ok(()) => Ok((length, folder_of(&path))),
            Err(error) if is_elsewhere(&error) => self
                .finish(id, |unfinished| self.disk.copy(file, unfinished))
                .map(|folder| (length, folder)),
            Err(error) => Err(io_error(&path)(error)),
        }
    }

    fn make_folders(&self, id: &ObjectId) -> Result<(), StorageError> {
        let folder = folder_of(&self.path(id));
        self.disk.make_folder(&self.folder).map_err(io_error(&self.folder))?;
        self.disk.make_folder(&folder).map_err(io_error(&folder))
    }

    /// Has a file written under another name, so that one that has the name is whole.
    fn finish(
        &self,
        id: &ObjectId,
        write: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<PathBuf, StorageError> {
        let (path, unfinished) = (self.path(id), self.folder.join(UNFINISHED));
        let written = write(&unfinished).map_err(io_error(&unfinished));
        let renamed =
            written.and_then(|()| self.disk.rename(&unfinished, &path).map_err(io_error(&path)));
        if renamed.is_err() {
            // If this fails too, the next one is written over it.
            let _ = self.remove_unfinished();
        }
        renamed.map(|()| folder_of(&path))
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
        let file = fs::File::open(&path).map_err(not_read(id, &path))?;
        // One more than there should be, so that one that has grown is noticed and not read whole.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(1 << 30));
        file.take(length.saturating_add(1)).read_to_end(&mut bytes).map_err(io_error(&path))?;
        if u64::try_from(bytes.len()) != Ok(length) {
            return Err(StorageError::Damaged(format!("the length of the file of object {id}")));
        }
        Ok(bytes)
    }

    /// Compares the file of an object without reading it into memory.
    pub(crate) fn check(
        &self,
        id: &ObjectId,
        children: &[ObjectId],
        length: u64,
    ) -> Result<(), StorageError> {
        let path = self.path(id);
        let file = fs::File::open(&path).map_err(not_read(id, &path))?;
        if file.metadata().map_err(io_error(&path))?.len() != length {
            return Err(StorageError::Damaged(format!("the length of the file of object {id}")));
        }
        if ObjectId::read(children, file).map_err(io_error(&path))? != *id {
            return Err(StorageError::Damaged(format!("object {id}")));
        }
        Ok(())
    }

    /// Makes the bytes of an object a file of somebody else's.
    pub(crate) fn place(&self, id: &ObjectId, at: &Path) -> Result<(), StorageError> {
        let path = self.path(id);
        match fs::hard_link(&path, at) {
            Err(error) if is_elsewhere(&error) => {
                fs::copy(&path, at).map(drop).map_err(io_error(at))
            }
            linked => linked.map_err(not_read(id, &path)),
        }
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

fn folder_of(file: &Path) -> PathBuf {
    file.parent().expect("a file is in a folder").to_owned()
}

/// Whether a file could not be given a name because the name is on another file system, or on one
/// without second names.
fn is_elsewhere(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, TooManyLinks, Unsupported};
    matches!(error.kind(), CrossesDevices | PermissionDenied | TooManyLinks | Unsupported)
}

/// What reading the file of an object has failed with.
fn not_read(id: &ObjectId, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    move |error| match error.kind() {
        io::ErrorKind::NotFound => {
            StorageError::Damaged(format!("the file of object {id} is missing"))
        }
        _ => io_error(path)(error),
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
