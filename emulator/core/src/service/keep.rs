//! Keeping: what the service does is on the disk before anybody is told or can see it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ServiceError;
use super::drive::{Draft, Fruit, Job};
use super::records::{SandboxRecord, SnapshotRecord, StateRecord};
use super::sandbox::{Body, Sandbox};
use super::shelf::Snapshot;
use super::world::World;
use crate::backend::{BackendError, Image, ImageKind};
use crate::clock::{Pace, Timestamp};
use crate::id::{OrgId, SandboxId, SnapshotId};
use crate::storage::{Change, Contents, Key, Ledger, Record, StorageError};

/// A world's line to the disk; closed where nothing is kept.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    ledger: OnceLock<Arc<dyn Ledger>>,
    /// What is gone, but could not be written as such: it is tried again with whatever comes next.
    owed: Mutex<Vec<Key>>,
}

/// A sandbox as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptSandbox {
    pub(super) sandbox: SandboxRecord,
    /// What its image is: its own if it is at rest, else the last that there was of it.
    pub(super) image: Option<ImageKind>,
}

/// What tests have set, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptPresets {
    /// None if it shows what the system's does: that is for the next process to choose.
    pub(super) clock: Option<Pace>,
    /// What the owner of the world has beside it.
    pub(super) beside: Value,
}

impl Keeper {
    /// Of a world whose changes go to this ledger from now on.
    pub(super) fn open(&self, ledger: Arc<dyn Ledger>) {
        let _ = self.ledger.set(ledger);
    }

    fn is_open(&self) -> bool {
        self.ledger.get().is_some()
    }

    fn owed(&self) -> MutexGuard<'_, Vec<Key>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), StorageError> {
        let Some(ledger) = self.ledger.get() else { return Ok(()) };
        let owed = std::mem::take(&mut *self.owed());
        let gone = owed.iter().map(|key| Change { key: key.clone(), to: Record::Gone });
        let outcome = ledger.commit(gone.chain(changes).collect()).await;
        if outcome.is_err() {
            self.owed().extend(owed);
        }
        outcome
    }
}

impl World {
    /// Keeps what a verb has led to. What can't be kept is taken back, or, where that is
    /// impossible, stands and is told as unsaved.
    pub(super) async fn keep(
        self: &Arc<Self>,
        id: &SandboxId,
        job: &Job,
        fruit: Fruit,
        now: Timestamp,
    ) -> (Result<Fruit, BackendError>, Option<StorageError>) {
        if !self.keeper.is_open() {
            return (Ok(fruit), None);
        }
        let Some(change) = self.change_of(id, job, &fruit, now) else {
            return (Ok(fruit), None);
        };
        match self.keeper.commit(vec![change]).await {
            Ok(()) => (Ok(fruit), None),
            Err(error) => {
                log::error!("{id}: {job:?} was not saved: {error}");
                self.take_back(id, fruit, error).await
            }
        }
    }

    fn change_of(
        &self,
        id: &SandboxId,
        job: &Job,
        fruit: &Fruit,
        now: Timestamp,
    ) -> Option<Change> {
        if let (Fruit::Captured(checkpoint), Job::Snapshot(draft)) = (fruit, job) {
            let Draft { id, name, spec } = draft.clone();
            let checkpoint = Arc::clone(checkpoint);
            let snapshot = Snapshot { id, name, spec, created_at: now, checkpoint };
            return self.change_of_snapshot(&snapshot);
        }
        let mut sandbox = self.lock().sandbox(id).ok()?.clone();
        sandbox.changed_at = now;
        match fruit {
            Fruit::Machine(_) => {
                sandbox.launched_at = Some(now);
                // What it was brought back from stays, until it rests again.
                let (image, contents) = match sandbox.body {
                    Body::Checkpoint(_) => (Some(ImageKind::Checkpoint), Contents::AsBefore),
                    Body::Disk(_) => (Some(ImageKind::Disk), Contents::AsBefore),
                    Body::None | Body::Machine(_) => (None, Contents::None),
                };
                Some(change_of_sandbox(&sandbox, StateRecord::Running, image, contents))
            }
            Fruit::Checkpoint(saved) => {
                self.change_of_rest(&sandbox, &Image::Checkpoint(Arc::clone(saved)))
            }
            Fruit::Disk(disk) => self.change_of_rest(&sandbox, &Image::Disk(Arc::clone(disk))),
            Fruit::Nothing => Some(Change { key: Key::Sandbox(id.clone()), to: Record::Gone }),
            Fruit::Captured(_) => None,
        }
    }

    /// A sandbox that is paused or stopped, with what is left of its machine.
    fn change_of_rest(&self, sandbox: &Sandbox, image: &Image) -> Option<Change> {
        let (state, kind) = match image {
            Image::Checkpoint(_) => (StateRecord::Paused, ImageKind::Checkpoint),
            Image::Disk(_) => (StateRecord::Stopped, ImageKind::Disk),
        };
        let contents = Contents::New(self.context.backend.save(image)?);
        Some(change_of_sandbox(sandbox, state, Some(kind), contents))
    }

    fn change_of_snapshot(&self, snapshot: &Snapshot) -> Option<Change> {
        let image = Image::Checkpoint(Arc::clone(&snapshot.checkpoint));
        let contents = Contents::New(self.context.backend.save(&image)?);
        let to = Record::Is(text(&SnapshotRecord::of(snapshot)), contents);
        Some(Change { key: Key::Snapshot(snapshot.id.clone()), to })
    }

    async fn take_back(
        self: &Arc<Self>,
        id: &SandboxId,
        fruit: Fruit,
        error: StorageError,
    ) -> (Result<Fruit, BackendError>, Option<StorageError>) {
        let undone = match &fruit {
            Fruit::Captured(checkpoint) => checkpoint.discard().await,
            Fruit::Machine(machine) => machine.destroy().await,
            // The machine has ended. Another one goes on for it, from where it was saved.
            Fruit::Checkpoint(_) | Fruit::Disk(_) => self.bring_back(id, &fruit).await,
            Fruit::Nothing => {
                self.keeper.owed().push(Key::Sandbox(id.clone()));
                return (Ok(fruit), Some(error));
            }
        };
        match undone {
            Ok(()) => (Err(BackendError::NotSaved(error)), None),
            Err(failure) => {
                log::error!("{id}: what was not saved could not be taken back: {failure}");
                (Ok(fruit), Some(error))
            }
        }
    }

    async fn bring_back(
        self: &Arc<Self>,
        id: &SandboxId,
        fruit: &Fruit,
    ) -> Result<(), BackendError> {
        let gone = |_| BackendError::Lost("the sandbox is gone".to_owned());
        let spec = Arc::clone(&self.lock().sandbox(id).map_err(gone)?.spec);
        let machine = match fruit {
            Fruit::Checkpoint(saved) => {
                saved.resume(spec.identity(id, self.clock_inside())).await?
            }
            Fruit::Disk(disk) => disk.start(spec.boot(id, self.clock_inside())).await?,
            Fruit::Machine(_) | Fruit::Captured(_) | Fruit::Nothing => return Ok(()),
        };
        {
            let mut state = self.lock();
            let tenure = state.tenure;
            if let Some(sandbox) = state.sandbox_mut(id) {
                sandbox.body = Body::Machine(machine);
                sandbox.tenure = tenure;
            }
        }
        let discarded = match fruit {
            Fruit::Checkpoint(saved) => saved.discard().await,
            Fruit::Disk(disk) => disk.discard().await,
            Fruit::Machine(_) | Fruit::Captured(_) | Fruit::Nothing => Ok(()),
        };
        if let Err(error) = discarded {
            log::error!("{id}: what was not saved of it was not discarded: {error}");
        }
        Ok(())
    }

    /// Keeps that a snapshot is gone.
    pub(super) async fn keep_deletion(&self, id: &SnapshotId) -> Result<(), ServiceError> {
        let change = Change { key: Key::Snapshot(id.clone()), to: Record::Gone };
        self.keeper.commit(vec![change]).await.map_err(|error| {
            log::error!("{id}: its deletion was not saved: {error}");
            ServiceError::not_saved(&error)
        })
    }

    /// Keeps the clock, and what the owner of this world has beside it.
    pub async fn keep_presets(&self, beside: Value) -> Result<(), ServiceError> {
        let clock = self.clock.is_handled().then(|| self.clock.pace());
        let presets = text(&KeptPresets { clock, beside });
        let change = Change { key: Key::Presets, to: Record::Is(presets, Contents::None) };
        self.keeper.commit(vec![change]).await.map_err(|error| ServiceError::not_saved(&error))
    }

    /// Keeps this world, and from now on all that happens in it, in the place of an organisation
    /// that has nothing.
    pub async fn keep_as(&self, org: &OrgId) -> Result<(), ServiceError> {
        let Some(storage) = &self.context.storage else { return Ok(()) };
        self.keeper.open(storage.ledger(org));
        let changes = self.everything();
        self.keeper.commit(changes).await.map_err(|error| {
            log::error!("a world was not saved: {error}");
            ServiceError::not_saved(&error)
        })
    }

    /// Forgets on the disk all there is of this world, which is about to be replaced.
    pub async fn forget(&self) -> Result<(), ServiceError> {
        let Some(ledger) = self.keeper.ledger.get() else { return Ok(()) };
        ledger.end().await.map_err(|error| {
            log::error!("a world was not removed: {error}");
            ServiceError::not_saved(&error)
        })
    }

    /// Keeps that these sandboxes are gone.
    pub(super) async fn keep_losses(&self, lost: Vec<SandboxId>) -> Result<(), StorageError> {
        if lost.is_empty() {
            return Ok(());
        }
        let gone = |id| Change { key: Key::Sandbox(id), to: Record::Gone };
        self.keeper.commit(lost.into_iter().map(gone).collect()).await
    }

    fn everything(&self) -> Vec<Change> {
        let state = self.lock().clone();
        let sandboxes = state.sandboxes().filter_map(|sandbox| match &sandbox.body {
            Body::Machine(_) => {
                Some(change_of_sandbox(sandbox, StateRecord::Running, None, Contents::None))
            }
            Body::Checkpoint(saved) => {
                self.change_of_rest(sandbox, &Image::Checkpoint(Arc::clone(saved)))
            }
            Body::Disk(disk) => self.change_of_rest(sandbox, &Image::Disk(Arc::clone(disk))),
            Body::None => None,
        });
        let snapshots =
            state.shelf.oldest_first().filter_map(|snapshot| self.change_of_snapshot(snapshot));
        sandboxes.chain(snapshots).collect()
    }
}

fn change_of_sandbox(
    sandbox: &Sandbox,
    state: StateRecord,
    image: Option<ImageKind>,
    contents: Contents,
) -> Change {
    let record = KeptSandbox { sandbox: SandboxRecord::of(sandbox, state, None), image };
    Change { key: Key::Sandbox(sandbox.id.clone()), to: Record::Is(text(&record), contents) }
}

/// A record's text.
fn text(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).expect("names and numbers are JSON")
}
