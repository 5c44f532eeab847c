//! Opening a folder: whose it is, whether it is whole, and what a crash has left in it.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::backend::DatabaseFile;
use crate::database::Database;
use crate::disk::Disk;
use crate::entry::{Data, Entry};
use crate::error::{OpenError, database_error};
use crate::folder::DataFolder;
use crate::format;
use crate::object_files::{Found, ObjectFiles};
use crate::reserve::Reserve;
use crate::tables::OBJECTS;

/// The database in the folder.
pub(crate) const DATABASE: &str = "leap0.redb";
/// The database of a new folder until it is one.
const UNFINISHED: &str = "leap0.redb.unfinished";

pub(crate) fn open(path: &Path, backend: &str, disk: Disk) -> Result<DataFolder, OpenError> {
    disk.make_folder(path).map_err(OpenError::io(path))?;
    let lock = lock(path)?;
    let database_path = path.join(DATABASE);
    if !is_ours(path)? {
        create(path, backend, &disk)?;
    }
    let file = DatabaseFile::new(database_path.clone(), disk.clone());
    let database = Database::open(file).map_err(OpenError::database(&database_path))?;
    let failed = OpenError::storage(&database_path);
    let transaction = database.write().map_err(&failed)?;
    if format::migrate(&transaction, &database_path)? {
        transaction.commit().map_err(database_error).map_err(&failed)?;
    } else {
        drop(transaction);
    }
    let holds = database.read(format::backend).map_err(&failed)?;
    if holds != backend {
        return Err(OpenError::OtherBackend { path: path.to_owned(), holds });
    }
    let files = ObjectFiles::of(path, disk.clone());
    sweep(&database, &files, path)?;
    let reserve = Reserve::of(path, disk);
    DataFolder::start(database, files, reserve, lock).map_err(failed)
}

/// Locks the folder. The database has a lock too, but is closed for a moment after an error of the
/// disk; a file system that can't lock a folder is left to that one.
pub(crate) fn lock(path: &Path) -> Result<File, OpenError> {
    let folder = File::open(path).map_err(OpenError::io(path))?;
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(folder),
    }
}

/// Whether there is a database, or else nothing at all.
pub(crate) fn is_ours(path: &Path) -> Result<bool, OpenError> {
    let database = path.join(DATABASE);
    // Redb would make a database of it.
    if database.metadata().is_ok_and(|metadata| metadata.len() == 0) {
        return Err(OpenError::damaged(&database, &"it is empty"));
    }
    let mut empty = true;
    for entry in fs::read_dir(path).map_err(OpenError::io(path))? {
        let name = entry.map_err(OpenError::io(path))?.file_name();
        if name == DATABASE {
            return Ok(true);
        }
        empty &= name == UNFINISHED;
    }
    if empty { Ok(false) } else { Err(OpenError::Foreign(path.to_owned())) }
}

/// Makes a database under another name, so that one that has the name is whole.
fn create(path: &Path, backend: &str, disk: &Disk) -> Result<(), OpenError> {
    let unfinished = path.join(UNFINISHED);
    disk.remove_file(&unfinished).map_err(OpenError::io(&unfinished))?;
    let file = DatabaseFile::new(unfinished.clone(), disk.clone());
    let database = Database::open(file).map_err(OpenError::database(&unfinished))?;
    let written = database.write().and_then(|transaction| {
        format::create(&transaction, backend)?;
        transaction.commit().map_err(database_error)
    });
    written.map_err(OpenError::storage(&unfinished))?;
    database.close();
    disk.rename(&unfinished, &path.join(DATABASE)).map_err(OpenError::io(&unfinished))?;
    disk.sync_folder(path).map_err(OpenError::io(path))
}

/// Removes the files of objects that are not in the database: what was written or was to be removed
/// when the process died.
fn sweep(database: &Database, files: &ObjectFiles, path: &Path) -> Result<(), OpenError> {
    let found = files.list().map_err(OpenError::io(path))?;
    let waste = database.read(|transaction| {
        let objects = transaction.open_table(OBJECTS).map_err(database_error)?;
        let mut waste = Vec::new();
        for file in found {
            let Found::Object(id) = file else { continue };
            let value = objects.get(&id.0).map_err(database_error)?;
            let named = match value {
                None => false,
                Some(value) => matches!(Entry::decode(&id, value.value())?.data, Data::File(_)),
            };
            if !named {
                waste.push(id);
            }
        }
        Ok(waste)
    });
    for id in waste.map_err(OpenError::storage(&path.join(DATABASE)))? {
        files.remove(&id).map_err(OpenError::io(path))?;
    }
    files.remove_unfinished().map_err(OpenError::io(path))?;
    // Of names it is not known whether who made them has lived to sync them.
    files.sync().map_err(OpenError::io(path))
}
