//! The database while the folder is open: read by many, written by one, opened again after an error
//! of the disk.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use leap0_emulator_core::storage::StorageError;
use redb::{Builder, ReadTransaction, ReadableDatabase as _, WriteTransaction};

use crate::backend::DatabaseFile;
use crate::error::database_error;

/// Bytes of pages that are kept in memory.
const CACHE: usize = 64 << 20;

/// The database, or the place of one that is closed.
#[derive(Debug)]
pub(crate) struct Database {
    file: DatabaseFile,
    open: RwLock<Option<redb::Database>>,
}

impl Database {
    /// Opens it, checks it whole, and makes it if it is missing.
    pub(crate) fn open(file: DatabaseFile) -> Result<Self, redb::Error> {
        let database = open(&file)?;
        Ok(Self { file, open: RwLock::new(Some(database)) })
    }

    /// What `read` sees of it as it is now.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        // It is not closed before this ends.
        let open = self.lock();
        let transaction = open.as_ref().ok_or_else(closed)?.begin_read();
        read(&transaction.map_err(database_error)?)
    }

    /// Begins to write. The caller is the only one.
    pub(crate) fn write(&self) -> Result<WriteTransaction, StorageError> {
        self.lock().as_ref().ok_or_else(closed)?.begin_write().map_err(database_error)
    }

    /// Whether the disk has failed since it was opened: it has to be opened again.
    pub(crate) fn has_failed(&self) -> bool {
        self.file.has_failed() || self.lock().is_none()
    }

    /// Opens it again, as it is on the disk.
    pub(crate) fn reopen(&self) -> Result<(), StorageError> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        drop(open.take());
        self.file.take_back().map_err(|error| database_error(redb::Error::Io(error)))?;
        *open = Some(self::open(&self.file).map_err(database_error)?);
        Ok(())
    }

    /// Closes it.
    pub(crate) fn close(&self) {
        drop(self.open.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn lock(&self) -> RwLockReadGuard<'_, Option<redb::Database>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(file: &DatabaseFile) -> Result<redb::Database, redb::Error> {
    Ok(builder().create_with_backend(file.open()?)?)
}

/// How a database is opened.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    // What redb has not checked and is damaged may make it panic.
    builder.set_check_integrity_on_open(true);
    builder
}

fn closed() -> StorageError {
    StorageError::Io("the database is closed".into())
}
