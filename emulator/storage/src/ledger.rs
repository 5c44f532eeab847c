//! The records of one organisation: what is asked of the thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use async_trait::async_trait;
use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::storage::{Change, Ledger, Record, StorageError};
use tokio::sync::oneshot;

/// What the thread is to do, in the order in which it was asked.
#[derive(Debug)]
pub(crate) enum Job {
    /// Something for a ledger.
    Write(Write),
    /// Something to make reading work again, after an error of the disk.
    Mend,
    /// Nothing more.
    Stop,
}

/// Something to write, and who waits for it.
#[derive(Debug)]
pub(crate) struct Write {
    /// Whose records.
    pub(crate) book: Arc<Book>,
    /// What becomes of them.
    pub(crate) what: What,
    /// Who waits; it may have given up.
    pub(crate) answer: oneshot::Sender<Result<(), StorageError>>,
}

impl Write {
    /// Whether there is less afterwards, and nothing new.
    pub(crate) fn only_removes(&self) -> bool {
        match &self.what {
            What::Change(changes) => changes.iter().all(|change| matches!(change.to, Record::Gone)),
            What::End => true,
        }
    }
}

/// What becomes of the records of a ledger.
#[derive(Debug)]
pub(crate) enum What {
    /// These change.
    Change(Vec<Change>),
    /// All go, and the ledger ends.
    End,
}

/// A ledger as the thread knows it.
#[derive(Debug)]
pub(crate) struct Book {
    /// Whose it is.
    pub(crate) org: OrgId,
    /// Written by the thread alone.
    ended: AtomicBool,
}

impl Book {
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// A ledger in the data folder.
#[derive(Debug)]
pub(crate) struct FolderLedger {
    book: Arc<Book>,
    queue: Sender<Job>,
}

impl FolderLedger {
    pub(crate) fn new(org: OrgId, queue: Sender<Job>) -> Self {
        Self { book: Arc::new(Book { org, ended: AtomicBool::new(false) }), queue }
    }

    async fn ask(&self, what: What) -> Result<(), StorageError> {
        let closed = || StorageError::Io("the data folder is closed".into());
        let (answer, answered) = oneshot::channel();
        let write = Write { book: Arc::clone(&self.book), what, answer };
        self.queue.send(Job::Write(write)).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

#[async_trait]
impl Ledger for FolderLedger {
    async fn commit(&self, changes: Vec<Change>) -> Result<(), StorageError> {
        self.ask(What::Change(changes)).await
    }

    async fn end(&self) -> Result<(), StorageError> {
        self.ask(What::End).await
    }
}
