//! A disk that fails when it is told to, for tests.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Gate, Operation, Refusal};

/// Has operations of a data folder fail: those that write, sync, rename or remove something, or
/// make a folder. Clones share one count.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no room: `ENOSPC`.
    Full,
    /// The disk is broken: `EIO`.
    Broken,
}

#[derive(Debug, Default)]
struct State {
    /// Operations so far.
    passed: Vec<Operation>,
    plan: Option<Plan>,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    from: u64,
    /// The first that succeeds again.
    until: u64,
    fault: Fault,
}

impl Faults {
    /// Operations so far, with those that have failed.
    pub fn writes(&self) -> u64 {
        self.state().passed.len() as u64
    }

    /// Has the operation fail that so many have come before. If it writes, half of it is written.
    pub fn fail_at(&self, writes: u64, fault: Fault) {
        self.state().plan = Some(Plan { from: writes, until: writes + 1, fault });
    }

    /// Has that operation fail and every one after it, as if the process had died in it: after the
    /// first nothing reaches the disk.
    pub fn fail_from(&self, writes: u64, fault: Fault) {
        self.state().plan = Some(Plan { from: writes, until: u64::MAX, fault });
    }

    /// Has nothing fail any more.
    pub fn mend(&self) {
        self.state().plan = None;
    }

    /// The operations after so many.
    #[cfg(test)]
    pub(crate) fn after(&self, writes: u64) -> Vec<Operation> {
        let writes = usize::try_from(writes).expect("it was in memory");
        self.state().passed.get(writes..).unwrap_or_default().to_vec()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for Faults {
    fn pass(&self, operation: Operation) -> Result<(), Refusal> {
        let mut state = self.state();
        let number = state.passed.len() as u64;
        state.passed.push(operation);
        match state.plan {
            Some(plan) if (plan.from..plan.until).contains(&number) => {
                // The numbers of Linux and macOS.
                let error = io::Error::from_raw_os_error(match plan.fault {
                    Fault::Full => 28,
                    Fault::Broken => 5,
                });
                Err(Refusal { error, half: number == plan.from })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use leap0_emulator_core::id::OrgId;
    use leap0_emulator_core::storage::{
        Change, Contents, Key, Object, Record, Storage as _, StorageError,
    };

    use super::*;

    const BACKEND: &str = "test";
    use crate::DataFolder;

    fn open(path: &Path, faults: &Faults) -> DataFolder {
        DataFolder::open_with(path, BACKEND, faults.clone()).expect("it can be opened")
    }

    /// Writes a record with a large image of such bytes.
    async fn write(folder: &DataFolder, byte: u8) -> Result<(), StorageError> {
        let contents = Contents::New(Box::new(move |writer| {
            let object = Object { children: Vec::new(), data: Arc::new(vec![byte; 100_000]) };
            writer.put(object.id(), &object)?;
            Ok(object.id())
        }));
        let changes = vec![Change { key: Key::Presets, to: Record::Is(vec![byte], contents) }];
        folder.ledger(&OrgId::new("acme")).commit(changes).await
    }

    // Only what the disk is asked for shows what would be there if the host had died.
    #[tokio::test]
    async fn a_file_is_written_before_the_transaction_that_names_it_and_removed_after_the_next() {
        let dir = tempfile::tempdir().expect("a folder");
        let faults = Faults::default();
        let folder = open(dir.path(), &faults);
        write(&folder, 1).await.expect("it is written");
        let before = faults.writes();
        write(&folder, 2).await.expect("it is written");
        let mut seen = faults.after(before);
        seen.dedup();
        assert_eq!(
            seen,
            [
                // `objects/ab`
                Operation::MakeFolder,
                Operation::SyncFolder,
                // The file
                Operation::WriteFile,
                Operation::SyncFile,
                Operation::Rename,
                Operation::SyncFolder,
                Operation::WriteDatabase,
                Operation::SyncDatabase,
                Operation::Remove,
            ],
        );
    }

    /// All of it can be read then, and it may not be on the disk.
    #[tokio::test]
    async fn a_transaction_whose_sync_fails_is_taken_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let faults = Faults::default();
        let folder = open(dir.path(), &faults);
        let mut kept = 1;
        write(&folder, kept).await.expect("it is written");
        let mut syncs = 0;
        for (n, byte) in (0..60).zip(2..) {
            let before = faults.writes();
            faults.fail_at(before + n, Fault::Broken);
            let written = write(&folder, byte).await;
            if faults.after(before + n).first() == Some(&Operation::SyncDatabase) {
                assert!(matches!(written, Err(StorageError::Io(_))), "{n}");
                syncs += 1;
            } else if written.is_ok() {
                kept = byte;
            }
            assert_eq!(folder.load().expect("it can be read")[0].text, [kept], "{n}");
        }
        assert!(syncs > 0, "a commit has fewer operations");
    }
}
