//! Recalling: the worlds that an earlier process has kept.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::host::Host;
use super::keep::{KeptPresets, KeptSandbox};
use super::records::{SnapshotRecord, StateRecord};
use super::sandbox::{Body, Sandbox};
use super::shelf::Snapshot;
use super::state::State;
use super::world::World;
use crate::backend::{Image, ImageKind};
use crate::clock::{Clock, HandClock, Timestamp};
use crate::id::{OrgId, SandboxId};
use crate::lifecycle::{Event, Phase};
use crate::storage::{Key, ObjectId, Storage, StorageError, Stored};

/// The world of an organisation as it was.
#[derive(Debug)]
pub struct Recalled {
    /// Whose it is.
    pub org: OrgId,
    /// The world.
    pub world: Arc<World>,
    /// What its owner had beside it; null if nothing was kept.
    pub beside: Value,
}

/// What was kept can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RecallError {
    /// The storage does not give it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A record is not one of ours.
    #[error("the record of {0} can't be read: {1}")]
    Record(String, String),
}

impl Host {
    /// Makes the worlds that were kept. What ran when the process ended has no memory any more: it
    /// is stopped, with the disk of when it was last paused or stopped; what never was is gone.
    pub async fn recall(&self) -> Result<Vec<Recalled>, RecallError> {
        let context = self.context();
        let Some(storage) = &context.storage else { return Ok(Vec::new()) };
        let mut by_org: BTreeMap<OrgId, Vec<Stored>> = BTreeMap::new();
        for stored in storage.load()? {
            by_org.entry(stored.org.clone()).or_default().push(stored);
        }
        let mut worlds = Vec::new();
        for (org, records) in by_org {
            worlds.push(self.recall_world(storage, org, &records).await?);
        }
        Ok(worlds)
    }

    async fn recall_world(
        &self,
        storage: &Arc<dyn Storage>,
        org: OrgId,
        records: &[Stored],
    ) -> Result<Recalled, RecallError> {
        let context = self.context();
        let presets = records.iter().find(|stored| stored.key == Key::Presets);
        let presets: Option<KeptPresets> = presets.map(read).transpose()?;
        let mut clock = HandClock::new(Arc::clone(&context.clock), context.settings.clock);
        let mut beside = Value::Null;
        if let Some(presets) = presets {
            if let Some(pace) = presets.clock {
                clock = clock.at_pace(pace);
            }
            beside = presets.beside;
        }
        let clock = Arc::new(clock);
        let inside = Arc::clone(&clock) as Arc<dyn Clock>;
        let mut state = State::default();
        let mut lost = Vec::new();
        for stored in records {
            let unreadable = |why: &dyn fmt::Display| unreadable(&stored.key, why);
            let image = |kind, root: ObjectId, boot| {
                let image = context.backend.recall(root, kind, storage.objects(), boot);
                image.map_err(|error| unreadable(&error))
            };
            match &stored.key {
                Key::Presets => {}
                Key::Sandbox(id) => {
                    let kept: KeptSandbox = read(stored)?;
                    let spec = kept.sandbox.spec.read(id.as_str()).map_err(|e| unreadable(&e))?;
                    let spec = Arc::new(spec);
                    let boot = spec.boot(id, Arc::clone(&inside));
                    let (phase, kind) = match (kept.sandbox.state, kept.image) {
                        (StateRecord::Paused, _) => (Phase::Paused, ImageKind::Checkpoint),
                        (StateRecord::Stopped | StateRecord::Running, Some(_)) => {
                            (Phase::Stopped, ImageKind::Disk)
                        }
                        (StateRecord::Stopped | StateRecord::Running, None) => {
                            log::warn!(
                                "{id} was running when the emulator ended without being asked to, \
                                 and was never paused or stopped: it is gone"
                            );
                            lost.push(id.clone());
                            continue;
                        }
                    };
                    let root = stored.image.ok_or_else(|| unreadable(&"it has no image"))?;
                    let body = match image(kind, root, boot)? {
                        Image::Checkpoint(saved) => Body::Checkpoint(saved),
                        Image::Disk(disk) => Body::Disk(disk),
                    };
                    if kept.sandbox.state == StateRecord::Running {
                        log::warn!(
                            "{id} was running when the emulator ended without being asked to: it \
                             is stopped, with the disk of {}",
                            Timestamp::from_millis(kept.sandbox.changed_at)
                        );
                    }
                    let tenure = state.tenure;
                    state.insert(kept.sandbox.sandbox(id.clone(), spec, phase, body, tenure));
                }
                Key::Snapshot(id) => {
                    let record: SnapshotRecord = read(stored)?;
                    let spec = record.spec.read(id.as_str()).map_err(|e| unreadable(&e))?;
                    let spec = Arc::new(spec);
                    let boot = spec.boot(&SandboxId::from_client(id.as_str()), Arc::clone(&inside));
                    let root = stored.image.ok_or_else(|| unreadable(&"it has no image"))?;
                    let image = image(ImageKind::Checkpoint, root, boot)?;
                    let snapshot: Snapshot =
                        record.read(spec, image).map_err(|e| unreadable(&e))?;
                    state.shelf.reserve(&snapshot.name).map_err(|e| unreadable(&e))?;
                    state.shelf.store(Arc::new(snapshot));
                }
            }
        }
        let world = World::of(Arc::clone(&context), clock, state);
        world.keeper.open(storage.ledger(&org));
        world.keep_losses(lost).await?;
        Ok(Recalled { org, world, beside })
    }
}

impl World {
    /// Pauses what runs and waits for what changes, so that a later process finds everything as it
    /// was. Nobody sends requests any more.
    pub async fn fall_asleep(self: &Arc<Self>) {
        // A clock that stands still would hold up transitions that take time.
        self.clock.hurry();
        let ids: Vec<SandboxId> = self.lock().sandboxes().map(|at| at.id.clone()).collect();
        for id in ids {
            if let Err(error) = self.come_to_rest(&id).await {
                log::error!("{id} could not be paused, so that its memory is lost: {error}");
            }
        }
    }

    async fn come_to_rest(self: &Arc<Self>, id: &SandboxId) -> Result<(), super::ServiceError> {
        loop {
            let Ok(Sandbox { phase, changed, .. }) = self.sandbox(id) else { return Ok(()) };
            let mut changed = changed.subscribe();
            match phase {
                Phase::Paused | Phase::Stopped | Phase::Deleted => return Ok(()),
                Phase::Running { .. } => match self.request(id, Event::Pause, None).await {
                    // Its timeout was faster.
                    Err(super::ServiceError::Refused(_)) => {}
                    other => return other.map(drop),
                },
                Phase::Starting(_)
                | Phase::Snapshotting { .. }
                | Phase::Pausing { .. }
                | Phase::Unpausing
                | Phase::Stopping { .. }
                | Phase::Deleting => {
                    if self.sandbox(id).is_ok_and(|now| now.phase == phase) {
                        let _ = changed.changed().await;
                    }
                }
            }
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(stored: &Stored) -> Result<T, RecallError> {
    serde_json::from_slice(&stored.text).map_err(|error| unreadable(&stored.key, &error))
}

fn unreadable(key: &Key, why: &dyn fmt::Display) -> RecallError {
    let whose = match key {
        Key::Sandbox(id) => id.to_string(),
        Key::Snapshot(id) => id.to_string(),
        Key::Presets => "an organisation's clock and faults".to_owned(),
    };
    RecallError::Record(whose, why.to_string())
}
