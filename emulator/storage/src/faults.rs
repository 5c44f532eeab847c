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
        self.state().passed[writes..].to_vec()
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
    use leap0_emulator_core::id::OrgId;
    use leap0_emulator_core::storage::{Change, Contents, Key, Object, Record, Storage as _};

    use super::*;
    use crate::DataFolder;

    /// What the disk is asked for is the one thing that shows whether it would be there if the
    /// host had died.
    #[tokio::test]
    async fn a_file_comes_before_the_transaction_that_names_it_and_goes_after_the_one_that_does_not()
     {
        let dir = tempfile::tempdir().expect("a folder");
        let faults = Faults::default();
        let folder = DataFolder::open_with(dir.path(), faults.clone()).expect("it can be opened");
        let ledger = folder.ledger(&OrgId::new("acme"));
        let mut seen = Vec::new();
        for byte in [1, 2] {
            let contents = Contents::New(Box::new(move |writer| {
                let data = Arc::new(vec![byte; 100_000]);
                let object = Object { children: Vec::new(), data };
                writer.put(object.id(), &object)?;
                Ok(object.id())
            }));
            let before = faults.writes();
            let changes = vec![Change { key: Key::Presets, to: Record::Is(vec![], contents) }];
            ledger.commit(changes).await.expect("it is written");
            seen = faults.after(before);
            seen.dedup();
        }
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
}
