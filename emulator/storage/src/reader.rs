//! Reading while others write.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use leap0_emulator_core::storage::{Object, ObjectId, Objects, StorageError, Stored};
use redb::{ReadTransaction, ReadableTable as _};

use crate::database::Database;
use crate::entry::{Data, Entry};
use crate::error::{database_error, io_error};
use crate::ledger::Job;
use crate::object_files::ObjectFiles;
use crate::record;
use crate::tables::{OBJECTS, RECORDS};

/// Reads the data folder.
#[derive(Debug)]
pub(crate) struct Reader {
    database: Arc<Database>,
    files: ObjectFiles,
    queue: Sender<Job>,
}

impl Reader {
    pub(crate) fn new(database: Arc<Database>, files: ObjectFiles, queue: Sender<Job>) -> Self {
        Self { database, files, queue }
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let result = self.database.read(read);
        if result.is_err() && self.database.has_failed() {
            // It is not waited for: the thread that writes may itself be reading an image.
            let _ = self.queue.send(Job::Mend);
        }
        result
    }

    /// Every record.
    pub(crate) fn records(&self) -> Result<Vec<Stored>, StorageError> {
        self.read(|transaction| {
            let records = transaction.open_table(RECORDS).map_err(database_error)?;
            let mut stored = Vec::new();
            for record in records.iter().map_err(database_error)? {
                let (key, value) = record.map_err(database_error)?;
                let (org, of) = record::owner(key.value())?;
                let contents = record::decode(key.value(), value.value())?;
                let image = contents.image.map(ObjectId);
                stored.push(Stored { org, key: of, text: contents.text.to_vec(), image });
            }
            Ok(stored)
        })
    }
}

impl Reader {
    /// What the database says of an object.
    fn entry(&self, id: &ObjectId) -> Result<Vec<u8>, StorageError> {
        let value = self.read(|transaction| {
            let objects = transaction.open_table(OBJECTS).map_err(database_error)?;
            let value = objects.get(&id.0).map_err(database_error)?;
            Ok(value.map(|value| value.value().to_vec()))
        })?;
        value.ok_or_else(|| StorageError::Damaged(format!("object {id} is missing")))
    }
}

impl Objects for Reader {
    fn get(&self, id: &ObjectId) -> Result<Object, StorageError> {
        object(id, Entry::decode(id, &self.entry(id)?)?, &self.files)
    }

    fn place(&self, id: &ObjectId, at: &Path) -> Result<(), StorageError> {
        let value = self.entry(id)?;
        let entry = Entry::decode(id, &value)?;
        if let Data::File(length) = entry.data {
            let children: Vec<_> = entry.children.into_iter().map(ObjectId).collect();
            self.files.check(id, &children, length)?;
            return self.files.place(id, at);
        }
        let object = object(id, entry, &self.files)?;
        fs::write(at, object.data.as_slice()).map_err(io_error(at))
    }
}

/// An object by what the database says of it, checked against its id.
pub(crate) fn object(
    id: &ObjectId,
    entry: Entry<'_>,
    files: &ObjectFiles,
) -> Result<Object, StorageError> {
    let data = match entry.data {
        Data::Inline(bytes) => bytes.to_vec(),
        Data::File(length) => files.read(id, length)?,
    };
    let children = entry.children.into_iter().map(ObjectId).collect();
    let object = Object { children, data: Arc::new(data) };
    if object.id() != *id {
        return Err(StorageError::Damaged(format!("object {id}")));
    }
    Ok(object)
}
