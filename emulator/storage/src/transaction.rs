//! One transaction: the changes of a group of commits.

use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::storage::{Change, Contents, ObjectId, Record, StorageError};
use redb::{ReadableTable as _, Table, WriteTransaction};

use crate::error::database_error;
use crate::file_changes::FileChanges;
use crate::images::Images;
use crate::record;
use crate::tables::RECORDS;

/// Changes records and their images.
pub(crate) struct Transaction<'a> {
    records: Table<'a, &'static [u8], &'static [u8]>,
    images: Images<'a>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn open(
        transaction: &'a WriteTransaction,
        files: &'a mut FileChanges,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            records: transaction.open_table(RECORDS).map_err(database_error)?,
            images: Images::open(transaction, files)?,
        })
    }

    /// Changes one record.
    pub(crate) fn change(&mut self, org: &OrgId, change: &Change) -> Result<(), StorageError> {
        let key = record::key(org, &change.key);
        let before = self.image(&key)?;
        let after = match &change.to {
            Record::Gone => {
                self.records.remove(key.as_slice()).map_err(database_error)?;
                None
            }
            Record::Is(text, contents) => {
                let image = match contents {
                    Contents::None => None,
                    Contents::AsBefore => before,
                    Contents::New(save) => Some(save(&mut self.images)?),
                };
                let value = record::encode(&key, text, image);
                self.records.insert(key.as_slice(), value.as_slice()).map_err(database_error)?;
                image
            }
        };
        if before != after {
            after.map_or(Ok(()), |id| self.images.name(id))?;
            before.map_or(Ok(()), |id| self.images.release(id))?;
        }
        Ok(())
    }

    /// Removes every record of an organisation.
    pub(crate) fn remove_all(&mut self, org: &OrgId) -> Result<(), StorageError> {
        let first = record::of_org(org);
        // Above every kind.
        let end = [first.as_slice(), &[u8::MAX]].concat();
        let removed = self.records.extract_from_if(first.as_slice()..end.as_slice(), |_, _| true);
        for removed in removed.map_err(database_error)? {
            let (key, value) = removed.map_err(database_error)?;
            if let Some(image) = record::decode(key.value(), value.value())?.image {
                self.images.release(ObjectId(image))?;
            }
        }
        Ok(())
    }

    /// Removes the objects that have lost their last name.
    pub(crate) fn finish(self) -> Result<(), StorageError> {
        self.images.finish()
    }

    fn image(&self, key: &[u8]) -> Result<Option<ObjectId>, StorageError> {
        match self.records.get(key).map_err(database_error)? {
            None => Ok(None),
            Some(value) => Ok(record::decode(key, value.value())?.image.map(ObjectId)),
        }
    }
}
