//! The thread that writes.
//!
//! It takes what waits into one transaction, so that commits at the same time share one sync. One
//! that can't be written must not take the others with it: if the transaction fails, each of them
//! gets one of its own.

use std::slice;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use leap0_emulator_core::storage::StorageError;

use crate::database::Database;
use crate::error::database_error;
use crate::file_changes::FileChanges;
use crate::format;
use crate::ledger::{Book, Job, What, Write};
use crate::reserve::Reserve;
use crate::transaction::Transaction;

/// Writes what ledgers ask for.
#[derive(Debug)]
pub(crate) struct Writer {
    database: Arc<Database>,
    files: FileChanges,
    reserve: Reserve,
    /// The number of the last transaction.
    sequence: u64,
    /// Whether it is not known if the one after that is on the disk.
    unsettled: bool,
}

impl Writer {
    pub(crate) fn new(
        database: Arc<Database>,
        files: FileChanges,
        reserve: Reserve,
    ) -> Result<Self, StorageError> {
        let sequence = database.read(format::sequence)?;
        Ok(Self { database, files, reserve, sequence, unsettled: false })
    }

    /// Writes until it is told to stop, and closes the database.
    pub(crate) fn run(mut self, queue: &Receiver<Job>) {
        let mut stop = false;
        while !stop && let Ok(first) = queue.recv() {
            let mut group = Vec::new();
            for job in [first].into_iter().chain(queue.try_iter()) {
                match job {
                    Job::Write(write) => group.push(write),
                    // Who asked for it has had the error. If it fails, the next commit does it.
                    Job::Mend => drop(self.settle()),
                    Job::Stop => {
                        stop = true;
                        break;
                    }
                }
            }
            self.write_group(group);
        }
        self.database.close();
    }

    fn write_group(&mut self, group: Vec<Write>) {
        let together = self.write(&group);
        let retry = together.is_err() && group.len() > 1;
        for write in group {
            let result = if retry { self.write(slice::from_ref(&write)) } else { together.clone() };
            // Who waited may have given up; it is written all the same.
            let _ = write.answer.send(result);
        }
    }

    /// Makes all of it or nothing.
    fn write(&mut self, group: &[Write]) -> Result<(), StorageError> {
        let mut ended: Vec<&Arc<Book>> = Vec::new();
        let mut work = Vec::new();
        for write in group {
            let book = &write.book;
            // What is behind the end of its ledger does nothing.
            if book.has_ended() || ended.iter().any(|ended| Arc::ptr_eq(ended, book)) {
                continue;
            }
            match &write.what {
                What::Change(changes) if changes.is_empty() => continue,
                What::Change(_) => {}
                What::End => ended.push(book),
            }
            work.push(write);
        }
        if !work.is_empty() {
            let mut written = self.attempt(&work);
            if work.iter().all(|write| write.only_removes()) {
                if matches!(written, Err(StorageError::Full(_))) && self.reserve.release() {
                    written = self.attempt(&work);
                }
                self.reserve.restore();
            }
            written?;
        }
        for book in ended {
            book.end();
        }
        Ok(())
    }

    fn attempt(&mut self, work: &[&Write]) -> Result<(), StorageError> {
        self.settle()?;
        let written = self.transact(work);
        // It may have failed after it was on the disk.
        if written.is_err() && matches!(self.settle(), Ok(true)) {
            return Ok(());
        }
        written
    }

    fn transact(&mut self, work: &[&Write]) -> Result<(), StorageError> {
        let transaction = self.database.write()?;
        self.unsettled = true;
        format::set_sequence(&transaction, self.sequence + 1)?;
        let mut changes = Transaction::open(&transaction, &mut self.files)?;
        for write in work {
            match &write.what {
                What::Change(list) => {
                    for change in list {
                        changes.change(&write.book.org, change)?;
                    }
                }
                What::End => changes.remove_all(&write.book.org)?,
            }
        }
        changes.finish()?;
        self.files.sync()?;
        if let Err(error) = transaction.commit() {
            // Whatever it was, redb goes on only after it is opened again.
            self.database.close();
            return Err(database_error(error));
        }
        self.settled(true);
        Ok(())
    }

    /// Opens the database again if it has to be, and finds out what has become of a transaction
    /// that has failed: whether it is on the disk all the same.
    fn settle(&mut self) -> Result<bool, StorageError> {
        if self.database.has_failed() {
            self.database.reopen()?;
        }
        if !self.unsettled {
            return Ok(false);
        }
        let written = self.database.read(format::sequence)? != self.sequence;
        self.settled(written);
        Ok(written)
    }

    fn settled(&mut self, written: bool) {
        if written {
            self.sequence += 1;
            self.files.committed();
        } else {
            self.files.taken_back();
        }
        self.unsettled = false;
    }
}
