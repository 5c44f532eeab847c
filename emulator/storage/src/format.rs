//! The format of the database, and what brings an older one up to it.

use std::path::Path;

use leap0_emulator_core::storage::StorageError;
use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};

use crate::error::{OpenError, database_error};
use crate::tables::{COUNTS, META, OBJECTS, RECORDS};

const NAME: &str = "leap0-data";
/// The format that this version writes.
const VERSION: u32 = 2;

const FORMAT: &[u8] = b"format";
const SEQUENCE: &[u8] = b"sequence";
const BACKEND: &[u8] = b"backend";

/// What leads from one version to the next; the first leads from 1 to 2.
const MIGRATIONS: [Migration; VERSION as usize - 1] = [name_the_first_back_end];

type Migration = fn(&WriteTransaction) -> Result<(), StorageError>;

/// Makes the tables of a new database, for the images of a back end.
pub(crate) fn create(transaction: &WriteTransaction, backend: &str) -> Result<(), StorageError> {
    transaction.open_table(RECORDS).map_err(database_error)?;
    transaction.open_table(OBJECTS).map_err(database_error)?;
    transaction.open_table(COUNTS).map_err(database_error)?;
    set_version(transaction)?;
    set_backend(transaction, backend)?;
    set_sequence(transaction, 0)
}

/// Version 1 knew one back end only.
fn name_the_first_back_end(transaction: &WriteTransaction) -> Result<(), StorageError> {
    set_backend(transaction, "memory")
}

/// Brings a database up to this version. The answer is whether it has changed.
pub(crate) fn migrate(transaction: &WriteTransaction, path: &Path) -> Result<bool, OpenError> {
    let foreign = || OpenError::damaged(path, &"it is not a database of the emulator");
    let failed = OpenError::storage(path);
    let (name, version) = {
        let meta = transaction.open_table(META).map_err(|_| foreign())?;
        let format = meta.get(FORMAT).map_err(|error| failed(database_error(error)))?;
        let format = format.ok_or_else(foreign)?;
        let (name, version): (&str, u32) =
            postcard::from_bytes(format.value()).map_err(|_| foreign())?;
        (name.to_owned(), version)
    };
    if name != NAME || version == 0 {
        return Err(foreign());
    }
    if version > VERSION {
        return Err(OpenError::Newer(path.to_owned()));
    }
    for migration in &MIGRATIONS[version as usize - 1..] {
        migration(transaction).map_err(&failed)?;
    }
    if version < VERSION {
        set_version(transaction).map_err(&failed)?;
    }
    Ok(version < VERSION)
}

/// The back end whose images a database has.
pub(crate) fn backend(transaction: &ReadTransaction) -> Result<String, StorageError> {
    let meta = transaction.open_table(META).map_err(database_error)?;
    let backend = meta.get(BACKEND).map_err(database_error)?;
    backend
        .and_then(|bytes| String::from_utf8(bytes.value().to_vec()).ok())
        .ok_or_else(|| StorageError::Damaged("the name of the back end".into()))
}

/// The number of the last transaction.
pub(crate) fn sequence(transaction: &ReadTransaction) -> Result<u64, StorageError> {
    let meta = transaction.open_table(META).map_err(database_error)?;
    let sequence = meta.get(SEQUENCE).map_err(database_error)?;
    sequence
        .and_then(|bytes| bytes.value().try_into().ok())
        .map(u64::from_le_bytes)
        .ok_or_else(|| StorageError::Damaged("the number of the last transaction".into()))
}

/// Numbers a transaction.
pub(crate) fn set_sequence(
    transaction: &WriteTransaction,
    sequence: u64,
) -> Result<(), StorageError> {
    let mut meta = transaction.open_table(META).map_err(database_error)?;
    meta.insert(SEQUENCE, sequence.to_le_bytes().as_slice()).map_err(database_error)?;
    Ok(())
}

fn set_backend(transaction: &WriteTransaction, name: &str) -> Result<(), StorageError> {
    let mut meta = transaction.open_table(META).map_err(database_error)?;
    meta.insert(BACKEND, name.as_bytes()).map_err(database_error)?;
    Ok(())
}

fn set_version(transaction: &WriteTransaction) -> Result<(), StorageError> {
    let format = postcard::to_allocvec(&(NAME, VERSION)).expect("there is memory for it");
    let mut meta = transaction.open_table(META).map_err(database_error)?;
    meta.insert(FORMAT, format.as_slice()).map_err(database_error)?;
    Ok(())
}
