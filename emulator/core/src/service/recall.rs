//! Recalling: the worlds that an earlier process has kept.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::ServiceError;
use super::host::Host;
use super::keep::{KeptPresets, KeptSandbox};
use super::records::{SnapshotRecord, SpecRecord, StateRecord};
use super::sandbox::{Body, Sandbox, Spec};
use super::share::Tenure;
use super::shelf::Snapshot;
use super::state::State;
use super::world::World;
use crate::backend::{Image, ImageKind};
use crate::clock::{Clock, HandClock, Timestamp};
use crate::id::{OrgId, SandboxId, SnapshotId};
use crate::lifecycle::{Event, Phase};
use crate::storage::{Key, Storage, StorageError, Stored};

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
    /// Makes the worlds that were kept (CTL-09). What ran when the process ended has no memory any more: it
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
        let source = Source { host: self, storage, inside: Arc::clone(&clock) as Arc<dyn Clock> };
        let mut state = State::default();
        let mut lost = Vec::new();
        for stored in records {
            match &stored.key {
                Key::Presets => {}
                Key::Sandbox(id) => match source.sandbox(id, stored, state.tenure)? {
                    Some(sandbox) => state.insert(sandbox),
                    None => lost.push(id.clone()),
                },
                Key::Snapshot(id) => {
                    let snapshot = source.snapshot(id, stored)?;
                    let reserved = state.shelf.reserve(&snapshot.name);
                    reserved.map_err(|error| unreadable(stored, &error))?;
                    state.shelf.store(Arc::new(snapshot));
                }
            }
        }
        let world = World::of(context, clock, state);
        world.keeper.open(storage.ledger(&org));
        world.keep_losses(lost).await?;
        Ok(Recalled { org, world, beside })
    }
}

/// What the things of one world are read from.
struct Source<'a> {
    host: &'a Host,
    storage: &'a Arc<dyn Storage>,
    inside: Arc<dyn Clock>,
}

impl Source<'_> {
    /// A sandbox at rest; none of one that ran and never was.
    fn sandbox(
        &self,
        id: &SandboxId,
        stored: &Stored,
        tenure: Tenure,
    ) -> Result<Option<Sandbox>, RecallError> {
        let KeptSandbox { sandbox: record, image } = read(stored)?;
        let (phase, kind) = match (record.state, image) {
            (StateRecord::Paused, _) => (Phase::Paused, ImageKind::Checkpoint),
            (StateRecord::Stopped | StateRecord::Running, Some(_)) => {
                (Phase::Stopped, ImageKind::Disk)
            }
            (StateRecord::Stopped | StateRecord::Running, None) => {
                log::warn!(
                    "{id} was running when the emulator ended without being asked to, and was \
                     never paused or stopped: it is gone"
                );
                return Ok(None);
            }
        };
        if record.state == StateRecord::Running {
            log::warn!(
                "{id} was running when the emulator ended without being asked to: it is stopped, \
                 with the disk that it had when it was last resumed or started, at {}",
                Timestamp::from_millis(record.changed_at)
            );
        }
        let (spec, image) = self.image(stored, id, &record.spec, kind)?;
        let body = match image {
            Image::Checkpoint(saved) => Body::Checkpoint(saved),
            Image::Disk(disk) => Body::Disk(disk),
        };
        Ok(Some(record.sandbox(id.clone(), spec, phase, body, tenure)))
    }

    fn snapshot(&self, id: &SnapshotId, stored: &Stored) -> Result<Snapshot, RecallError> {
        let record: SnapshotRecord = read(stored)?;
        // No machine runs under this name: each restore brings its own.
        let name = SandboxId::from_client(id.as_str());
        let (spec, image) = self.image(stored, &name, &record.spec, ImageKind::Checkpoint)?;
        record.read(spec, image).map_err(|error| unreadable(stored, &error))
    }

    fn image(
        &self,
        stored: &Stored,
        id: &SandboxId,
        spec: &SpecRecord,
        kind: ImageKind,
    ) -> Result<(Arc<Spec>, Image), RecallError> {
        let spec = spec.read(id.as_str()).map_err(|error| unreadable(stored, &error))?;
        let spec = Arc::new(spec);
        let root = stored.image.ok_or_else(|| unreadable(stored, &"it has no image"))?;
        let boot = spec.boot(id, Arc::clone(&self.inside));
        let backend = &self.host.context().backend;
        let image = backend.recall(root, kind, self.storage.objects(), boot);
        Ok((spec, image.map_err(|error| unreadable(stored, &error))?))
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

    async fn come_to_rest(self: &Arc<Self>, id: &SandboxId) -> Result<(), ServiceError> {
        loop {
            let Ok(Sandbox { phase, changed, .. }) = self.sandbox(id) else { return Ok(()) };
            let mut changed = changed.subscribe();
            match phase {
                Phase::Paused | Phase::Stopped | Phase::Deleted => return Ok(()),
                Phase::Running { .. } => match self.request(id, Event::Pause, None).await {
                    // Its timeout was faster.
                    Err(ServiceError::Refused(_)) => {}
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
    serde_json::from_slice(&stored.text).map_err(|error| unreadable(stored, &error))
}

fn unreadable(stored: &Stored, why: &dyn fmt::Display) -> RecallError {
    let whose = match &stored.key {
        Key::Sandbox(id) => id.to_string(),
        Key::Snapshot(id) => id.to_string(),
        Key::Presets => "an organisation's clock and faults".to_owned(),
    };
    RecallError::Record(whose, why.to_string())
}
