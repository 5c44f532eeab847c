//! The objects of images in a transaction, and who names them.

use std::collections::BTreeSet;
use std::path::Path;

use leap0_emulator_core::storage::{Object, ObjectId, ObjectWriter, StorageError};
use redb::{ReadableTable as _, Table, WriteTransaction};
use serde_bytes::Bytes;

use crate::entry::{Data, Entry, INLINE};
use crate::error::database_error;
use crate::file_changes::FileChanges;
use crate::tables::{COUNTS, OBJECTS};

/// Adds objects, counts who names them, and removes those that nobody does.
pub(crate) struct Images<'a> {
    objects: Table<'a, &'static [u8; 32], &'static [u8]>,
    counts: Table<'a, &'static [u8; 32], u64>,
    files: &'a mut FileChanges,
    /// Those that nobody names now. They stay until the end of the transaction, as what comes later
    /// in it may name them again.
    unnamed: BTreeSet<ObjectId>,
}

impl<'a> Images<'a> {
    pub(crate) fn open(
        transaction: &'a WriteTransaction,
        files: &'a mut FileChanges,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            objects: transaction.open_table(OBJECTS).map_err(database_error)?,
            counts: transaction.open_table(COUNTS).map_err(database_error)?,
            files,
            unnamed: BTreeSet::new(),
        })
    }

    /// One more names an object.
    pub(crate) fn name(&mut self, id: ObjectId) -> Result<(), StorageError> {
        let count = self.count(id)?;
        if count == 0 && !self.has(&id)? {
            return Err(StorageError::Damaged(format!("object {id} is named and is missing")));
        }
        self.counts.insert(&id.0, count + 1).map_err(database_error)?;
        self.unnamed.remove(&id);
        Ok(())
    }

    /// One fewer names an object.
    pub(crate) fn release(&mut self, id: ObjectId) -> Result<(), StorageError> {
        match self.count(id)? {
            0 => return Err(StorageError::Damaged(format!("the count of object {id}"))),
            1 => {
                self.counts.remove(&id.0).map_err(database_error)?;
                self.unnamed.insert(id);
            }
            more => {
                self.counts.insert(&id.0, more - 1).map_err(database_error)?;
            }
        }
        Ok(())
    }

    /// Removes what nobody names, and what then nobody names.
    pub(crate) fn finish(mut self) -> Result<(), StorageError> {
        while let Some(id) = self.unnamed.pop_first() {
            let children = {
                let removed = self.objects.remove(&id.0).map_err(database_error)?;
                let Some(removed) = removed else {
                    return Err(StorageError::Damaged(format!("object {id} is missing")));
                };
                let entry = Entry::decode(&id, removed.value())?;
                if matches!(entry.data, Data::File(_)) {
                    self.files.remove(id);
                }
                entry.children
            };
            for child in children {
                self.release(ObjectId(child))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, id: ObjectId, entry: &Entry<'_>) -> Result<(), StorageError> {
        self.objects.insert(&id.0, entry.encode().as_slice()).map_err(database_error)?;
        self.unnamed.insert(id);
        Ok(())
    }

    fn count(&self, id: ObjectId) -> Result<u64, StorageError> {
        let count = self.counts.get(&id.0).map_err(database_error)?;
        Ok(count.map_or(0, |count| count.value()))
    }
}

impl ObjectWriter for Images<'_> {
    fn has(&mut self, id: &ObjectId) -> Result<bool, StorageError> {
        Ok(self.objects.get(&id.0).map_err(database_error)?.is_some())
    }

    fn put(&mut self, id: ObjectId, object: &Object) -> Result<(), StorageError> {
        debug_assert_eq!(id, object.id());
        if self.has(&id)? {
            return Ok(());
        }
        let data = if object.data.len() > INLINE {
            self.files.write(id, &object.data)?;
            Data::File(object.data.len() as u64)
        } else {
            Data::Inline(Bytes::new(&object.data))
        };
        for child in &object.children {
            self.name(*child)?;
        }
        let children = object.children.iter().map(|child| child.0).collect();
        self.add(id, &Entry { children, data })
    }

    fn put_file(&mut self, id: ObjectId, file: &Path) -> Result<(), StorageError> {
        if self.has(&id)? {
            return Ok(());
        }
        let data = Data::File(self.files.adopt(id, file)?);
        self.add(id, &Entry { children: Vec::new(), data })
    }
}
