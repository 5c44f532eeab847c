//! Snapshots: create, restore, list, delete.

use std::sync::Arc;

use super::drive::{Draft, Job};
use super::page::{Listing, SnapshotQuery, list_snapshots};
use super::sandbox::{Sandbox, Spec};
use super::sandboxes::sandbox_of;
use super::settings::{DeleteInUse, PauseSource};
use super::shelf::{Shelf, Snapshot};
use super::world::World;
use super::{FaultPoint, ServiceError};
use crate::id::{IdSource, SandboxId, SnapshotId};
use crate::lifecycle::{AfterSnapshot, Event, Launch, Phase, Verdict};
use crate::spec::{NetworkPolicy, SnapshotName, Timeout};
use crate::template::Template;

/// A request for a named snapshot.
#[derive(Clone, Debug)]
pub struct CreateSnapshot {
    /// Its name; one is made from the template's when absent (SNAP-CREATE-05).
    pub name: Option<SnapshotName>,
    /// What becomes of the source.
    pub source_after: SourceAfter,
    /// Where to fail.
    pub fault: Option<FaultPoint>,
}

/// What becomes of a snapshot's source, in the words of the three requests that take one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceAfter {
    /// `snapshot/create`: it runs on.
    RunsOn,
    /// `kill_sandbox_after`: it is deleted (SNAP-KILL-02).
    Killed,
    /// `snapshot/pause`: as the settings read SNAP-PAUSE-03.
    Paused,
}

/// A request to make a new sandbox from a snapshot.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The snapshot's name.
    pub snapshot: SnapshotRef,
    /// Timeout of the new sandbox; not inherited (SNAP-REST-04).
    pub timeout: Timeout,
    /// Whether the timeout pauses the new sandbox; not inherited (SNAP-REST-05).
    pub auto_pause: bool,
    /// Replaces the snapshot's policy when given (SNAP-REST-06).
    pub network: Option<NetworkPolicy>,
    /// Where to fail.
    pub fault: Option<FaultPoint>,
}

/// How a restore names its snapshot.
#[derive(Clone, Debug)]
pub enum SnapshotRef {
    /// By name (SNAP-REST-02).
    Name(SnapshotName),
    /// By id, as the first Go client does (REQ-04, REQ-08).
    Id(SnapshotId),
}

impl World {
    /// Takes a snapshot of a running sandbox. Answers once it is stored and its source is what it
    /// is to be: running again, or gone (SNAP-CREATE-04, SNAP-KILL-01).
    pub async fn create_snapshot(
        self: &Arc<Self>,
        source: &SandboxId,
        request: CreateSnapshot,
    ) -> Result<Arc<Snapshot>, ServiceError> {
        let then = match request.source_after {
            SourceAfter::RunsOn => AfterSnapshot::Run,
            SourceAfter::Killed => AfterSnapshot::Delete,
            SourceAfter::Paused => match self.settings().pause_source {
                PauseSource::Gone => AfterSnapshot::Delete,
                PauseSource::Paused => AfterSnapshot::Pause,
            },
        };
        let done = {
            let now = self.now();
            let mut state = self.lock();
            // WIRE-10: the source's state comes before the name.
            let Verdict::Move { to, .. } =
                state.ask(source, Event::Snapshot(then), self.settings(), now)?
            else {
                unreachable!("a snapshot is refused or begins");
            };
            let spec = Arc::clone(&state.sandbox(source)?.spec);
            let name = match request.name {
                Some(name) => name,
                None => free_name(&spec.template, &state.shelf, &*self.context.ids),
            };
            state.shelf.reserve(&name)?;
            state.enter(source, to, now);
            drop(state);
            let id = SnapshotId::from_bits(self.context.ids.bits());
            self.begin(source.clone(), Job::Snapshot(Draft { id, name, spec }), request.fault)
        };
        let done = done.await.map_err(|_| ServiceError::MachineFailed)??;
        done.snapshot.ok_or(ServiceError::MachineFailed)
    }

    /// Makes a brand-new sandbox from a snapshot and answers when it runs (SNAP-REST-01).
    pub async fn restore_snapshot(
        self: &Arc<Self>,
        request: Restore,
    ) -> Result<Sandbox, ServiceError> {
        let done = {
            let now = self.now();
            let mut state = self.lock();
            let snapshot = match &request.snapshot {
                SnapshotRef::Name(name) => state.shelf.find(name),
                SnapshotRef::Id(id) => state.shelf.get(id),
            };
            let snapshot = snapshot.cloned().ok_or_else(|| match &request.snapshot {
                SnapshotRef::Name(name) => ServiceError::NoSuchSnapshot(name.to_string()),
                SnapshotRef::Id(id) => ServiceError::NoSuchSnapshot(id.to_string()),
            })?;
            // SNAP-REST-09
            state.check_limit(self.settings())?;
            // SNAP-REST-03, SNAP-REST-11: size, template and environment are the snapshot's.
            let source = snapshot.spec();
            let spec = Arc::new(Spec {
                network: request.network.unwrap_or_else(|| source.network.clone()),
                timeout: request.timeout,
                auto_pause: request.auto_pause,
                ..source.clone()
            });
            let id = SandboxId::from_bits(self.context.ids.bits());
            let identity = spec.identity(&id, self.clock_inside());
            let phase = Phase::Starting(Launch::New);
            let origin = Some(snapshot.id.clone());
            let tenure = state.tenure;
            state.insert(Sandbox::new(id.clone(), spec, phase, origin, tenure, now));
            drop(state);
            self.begin(id, Job::Restore(snapshot, identity), request.fault)
        };
        sandbox_of(done.await.map_err(|_| ServiceError::MachineFailed)??)
    }

    /// Whether a snapshot is stored under this id.
    pub fn snapshot(&self, id: &SnapshotId) -> Result<Arc<Snapshot>, ServiceError> {
        self.lock().shelf.get(id).cloned().ok_or(ServiceError::SnapshotNotFound)
    }

    /// Lists snapshots (SNAP-LIST-01 to SNAP-LIST-03).
    pub fn list_snapshots(&self, query: &SnapshotQuery) -> Listing<Arc<Snapshot>> {
        let state = self.lock().clone();
        list_snapshots(&state.shelf, query)
    }

    /// Removes a snapshot, by its id, with its memory and disk (SNAP-DEL-01, SNAP-DEL-02,
    /// SNAP-DEL-04).
    pub async fn delete_snapshot(self: &Arc<Self>, id: &SnapshotId) -> Result<(), ServiceError> {
        let (snapshot, shared) = {
            let mut state = self.lock();
            if state.shelf.get(id).is_none() {
                return Err(ServiceError::SnapshotNotFound);
            }
            if self.settings().delete_in_use == DeleteInUse::Refuse {
                // SNAP-DEL-03: its source never blocks, nor does a paused or stopped copy.
                let user = state.sandboxes().find(|sandbox| {
                    sandbox.origin.as_ref() == Some(id) && sandbox.phase.is_active()
                });
                if let Some(sandbox) = user {
                    return Err(ServiceError::SnapshotInUse { by: sandbox.id.clone() });
                }
            }
            let snapshot = state.shelf.withdraw(id).ok_or(ServiceError::SnapshotNotFound)?;
            (snapshot, state.shared)
        };
        // Whoever asked may hang up.
        let world = Arc::clone(self);
        let deletion = tokio::spawn(async move { world.remove_snapshot(snapshot, shared).await });
        deletion.await.map_err(|_| ServiceError::MachineFailed)?
    }

    async fn remove_snapshot(
        &self,
        snapshot: Arc<Snapshot>,
        shared: bool,
    ) -> Result<(), ServiceError> {
        if let Err(error) = self.keep_deletion(&snapshot.id).await {
            self.lock().shelf.store(snapshot);
            return Err(error);
        }
        self.lock().shelf.release(&snapshot.name);
        if !shared && let Err(error) = snapshot.checkpoint.discard().await {
            log::error!("{}: its checkpoint was not discarded: {error}", snapshot.id);
        }
        Ok(())
    }
}

/// A name nobody has: the template's slug and eight hexadecimal digits (SNAP-CREATE-05).
fn free_name(template: &Template, shelf: &Shelf, ids: &dyn IdSource) -> SnapshotName {
    let slug: String = template.slug().chars().take(SnapshotName::MAX_CHARS - 9).collect();
    loop {
        let digits = ids.bits() & 0xffff_ffff;
        let name = SnapshotName::new(&format!("{slug}-{digits:08x}")).expect("a slug is a name");
        if !shelf.has_name(&name) {
            return name;
        }
    }
}
