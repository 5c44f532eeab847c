//! What a transaction does to the files of objects.
//!
//! A file is on the disk before the transaction that names it, and is removed after the one that
//! names it no more. What is between the two when the process dies is removed on opening.

use std::collections::BTreeSet;
use std::mem;
use std::path::{Path, PathBuf};

use leap0_emulator_core::storage::{ObjectId, StorageError};

use crate::object_files::ObjectFiles;

/// Files that were written and files that are to be removed.
#[derive(Debug)]
pub(crate) struct FileChanges {
    files: ObjectFiles,
    /// Written in this transaction; waste if it is taken back.
    written: BTreeSet<ObjectId>,
    /// Folders of those, not yet synced.
    folders: BTreeSet<PathBuf>,
    /// Named no more after this transaction; waste when it is on the disk.
    unneeded: BTreeSet<ObjectId>,
    /// Named by nothing.
    waste: BTreeSet<ObjectId>,
}

impl FileChanges {
    pub(crate) fn new(files: ObjectFiles) -> Self {
        Self {
            files,
            written: BTreeSet::new(),
            folders: BTreeSet::new(),
            unneeded: BTreeSet::new(),
            waste: BTreeSet::new(),
        }
    }

    /// Writes the bytes of an object, which is not in the database.
    pub(crate) fn write(&mut self, id: ObjectId, bytes: &[u8]) -> Result<(), StorageError> {
        self.folders.insert(self.files.write(&id, bytes)?);
        self.written.insert(id);
        self.waste.remove(&id);
        Ok(())
    }

    /// Takes over a file as that of an object, which is not in the database; how many bytes it has.
    pub(crate) fn adopt(&mut self, id: ObjectId, file: &Path) -> Result<u64, StorageError> {
        let (length, folder) = self.files.adopt(&id, file)?;
        self.folders.insert(folder);
        self.written.insert(id);
        self.waste.remove(&id);
        Ok(length)
    }

    /// Has the file of an object removed after this transaction.
    pub(crate) fn remove(&mut self, id: ObjectId) {
        self.unneeded.insert(id);
    }

    /// Brings what was written to the disk.
    pub(crate) fn sync(&mut self) -> Result<(), StorageError> {
        while let Some(folder) = self.folders.first() {
            self.files.sync_folder(folder)?;
            self.folders.pop_first();
        }
        Ok(())
    }

    /// The transaction is on the disk.
    pub(crate) fn committed(&mut self) {
        self.written.clear();
        let unneeded = mem::take(&mut self.unneeded);
        self.waste.extend(unneeded);
        self.clear_waste();
    }

    /// The transaction was taken back.
    pub(crate) fn taken_back(&mut self) {
        self.folders.clear();
        self.unneeded.clear();
        let written = mem::take(&mut self.written);
        self.waste.extend(written);
        self.clear_waste();
    }

    /// What can't be removed now is tried again next time, or on opening.
    fn clear_waste(&mut self) {
        self.waste.retain(|id| self.files.remove(id).is_err());
    }
}
