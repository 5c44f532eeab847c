//! The data folder while it is open.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::storage::{Ledger, Objects, Storage, StorageError, Stored};

use crate::database::Database;
use crate::disk::Disk;
use crate::error::OpenError;
#[cfg(feature = "faults")]
use crate::faults::Faults;
use crate::file_changes::FileChanges;
use crate::ledger::{FolderLedger, Job};
use crate::object_files::ObjectFiles;
use crate::open;
use crate::reader::Reader;
use crate::reserve::Reserve;
use crate::writer::Writer;

/// A folder that keeps what has to outlive the process. Dropping it writes what still waits and
/// closes it: ledgers and objects that came from it then fail.
#[derive(Debug)]
pub struct DataFolder {
    reader: Arc<Reader>,
    queue: Sender<Job>,
    thread: Option<JoinHandle<()>>,
    /// Keeps others out until the thread has ended.
    _lock: File,
}

impl DataFolder {
    /// Opens the folder that holds images of a back end of this name, or makes it.
    pub fn open(path: &Path, backend: &str) -> Result<Self, OpenError> {
        open::open(path, backend, Disk::new())
    }

    /// Opens a folder on a disk that fails when it is told to.
    #[cfg(feature = "faults")]
    pub fn open_with(path: &Path, backend: &str, faults: Faults) -> Result<Self, OpenError> {
        open::open(path, backend, Disk::behind(Arc::new(faults)))
    }

    pub(crate) fn start(
        database: Database,
        files: ObjectFiles,
        reserve: Reserve,
        lock: File,
    ) -> Result<Self, StorageError> {
        let database = Arc::new(database);
        let writer = Writer::new(Arc::clone(&database), FileChanges::new(files.clone()), reserve)?;
        let (queue, jobs) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("storage".into())
            .spawn(move || writer.run(&jobs))
            .map_err(|error| StorageError::Io(format!("a thread to write: {error}")))?;
        let reader = Arc::new(Reader::new(database, files, queue.clone()));
        Ok(Self { reader, queue, thread: Some(thread), _lock: lock })
    }
}

impl Storage for DataFolder {
    fn load(&self) -> Result<Vec<Stored>, StorageError> {
        self.reader.records()
    }

    fn ledger(&self, org: &OrgId) -> Arc<dyn Ledger> {
        Arc::new(FolderLedger::new(org.clone(), self.queue.clone()))
    }

    fn objects(&self) -> Arc<dyn Objects> {
        Arc::clone(&self.reader) as Arc<dyn Objects>
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        // Both fail only if the thread has panicked, and has said so.
        let _ = self.queue.send(Job::Stop);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
