//! The file of the database, and how a transaction that has failed is taken back.
//!
//! After an error of the disk redb wants to be opened again, and then finds by checksums whether
//! the last transaction is whole. One whose last step, the sync, has failed is whole in the host's
//! memory and may not be on the disk. So the header of the file, which says what the last
//! transaction is, is put back to what it was when a sync last succeeded: pages that it leads to
//! are not overwritten by the transaction after it.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use crate::disk::{Disk, Operation};

/// Bytes at the start of the file that hold the header; the rest of its page is unused.
const HEADER: usize = 512;

/// The file of the database.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    disk: Disk,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    failed: AtomicBool,
    header: Mutex<Header>,
}

#[derive(Debug)]
struct Header {
    written: [u8; HEADER],
    synced: [u8; HEADER],
}

impl DatabaseFile {
    pub(crate) fn new(path: PathBuf, disk: Disk) -> Self {
        let header = Header { written: [0; HEADER], synced: [0; HEADER] };
        let state = State { failed: AtomicBool::new(false), header: Mutex::new(header) };
        Self { path, disk, state: Arc::new(state) }
    }

    /// Opens it, for redb.
    pub(crate) fn open(&self) -> io::Result<Backend> {
        let file = self.file()?;
        let mut header = [0; HEADER];
        if file.metadata()?.len() >= HEADER as u64 {
            file.read_exact_at(&mut header, 0)?;
        }
        *self.header() = Header { written: header, synced: header };
        self.state.failed.store(false, Ordering::Relaxed);
        Ok(Backend {
            file: file_backend(file)?,
            disk: self.disk.clone(),
            state: Arc::clone(&self.state),
        })
    }

    /// Whether an operation has failed since it was opened.
    pub(crate) fn has_failed(&self) -> bool {
        self.state.failed.load(Ordering::Relaxed)
    }

    /// Takes back what is not on the disk. Redb has it open no more.
    pub(crate) fn take_back(&self) -> io::Result<()> {
        let header = self.header().synced;
        self.disk.overwrite(&self.file()?, &header)
    }

    fn file(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&self.path)
    }

    fn header(&self) -> MutexGuard<'_, Header> {
        self.state.header.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file for redb.
pub(crate) fn file_backend(file: File) -> io::Result<FileBackend> {
    FileBackend::new(file).map_err(|error| match error {
        redb::DatabaseError::Storage(redb::StorageError::Io(error)) => error,
        error => io::Error::other(error),
    })
}

/// What redb reads and writes.
#[derive(Debug)]
pub(crate) struct Backend {
    file: FileBackend,
    disk: Disk,
    state: Arc<State>,
}

impl Backend {
    fn noting<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.state.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    fn header(&self) -> MutexGuard<'_, Header> {
        self.state.header.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.noting(self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.noting(self.file.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let passed = self.disk.pass(Operation::ResizeDatabase);
        self.noting(passed.and_then(|()| self.file.set_len(len)))
    }

    fn sync_data(&self) -> io::Result<()> {
        let passed = self.disk.pass(Operation::SyncDatabase);
        self.noting(passed.and_then(|()| self.file.sync_data()))?;
        let mut header = self.header();
        header.synced = header.written;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let written =
            self.disk.write(Operation::WriteDatabase, data, |data| self.file.write(offset, data));
        self.noting(written)?;
        if let Some(start) = usize::try_from(offset).ok().filter(|start| *start < HEADER) {
            let written = &mut self.header().written[start..];
            let both = written.len().min(data.len());
            written[..both].copy_from_slice(&data[..both]);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
