//! Everything a world knows, behind its lock. Copying it is O(1).

use imbl::{OrdMap, OrdSet};

use super::ServiceError;
use super::rate::RateWindow;
use super::sandbox::Sandbox;
use super::settings::Settings;
use super::share::Tenure;
use super::shelf::Shelf;
use crate::clock::Timestamp;
use crate::id::SandboxId;
use crate::lifecycle::{Event, Phase, Verdict, step};

/// The sandboxes, snapshots and deadlines of one organisation.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    sandboxes: OrdMap<SandboxId, Sandbox>,
    /// How many sandboxes count toward the limit (SB-CREATE-06).
    counted: usize,
    /// When each sandbox with a running clock times out.
    deadlines: OrdSet<(Timestamp, SandboxId)>,
    pub(super) shelf: Shelf,
    pub(super) rate: RateWindow,
    /// How many sandboxes are in transition.
    pub(super) in_transition: usize,
    /// How many calls are under way, for each sandbox that has any.
    pub(super) busy: OrdMap<SandboxId, usize>,
    pub(super) tenure: Tenure,
    /// Whether this world was ever forked or is a fork: what is saved may be another's too.
    pub(super) shared: bool,
}

impl State {
    pub(super) fn sandbox(&self, id: &SandboxId) -> Result<&Sandbox, ServiceError> {
        self.sandboxes.get(id).ok_or(ServiceError::SandboxNotFound)
    }

    /// For what lies beside the phase; the phase changes through [`Self::enter`] only.
    pub(super) fn sandbox_mut(&mut self, id: &SandboxId) -> Option<&mut Sandbox> {
        self.sandboxes.get_mut(id)
    }

    pub(super) fn sandboxes(&self) -> impl Iterator<Item = &Sandbox> {
        self.sandboxes.values()
    }

    pub(super) fn sandbox_count(&self) -> usize {
        self.sandboxes.len()
    }

    /// Checks that one more sandbox may count (SB-CREATE-05, SNAP-REST-09, SB-START-03).
    pub(super) fn check_limit(&self, settings: &Settings) -> Result<(), ServiceError> {
        match settings.max_sandboxes {
            Some(limit) if self.counted >= limit => Err(ServiceError::LimitReached { limit }),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn insert(&mut self, sandbox: Sandbox) {
        self.track(None, Some((&sandbox.id, sandbox.phase)));
        self.sandboxes.insert(sandbox.id.clone(), sandbox);
    }

    /// Asks the lifecycle what `event` does to a sandbox, changing nothing.
    pub(super) fn ask(
        &self,
        id: &SandboxId,
        event: Event,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Verdict, ServiceError> {
        let sandbox = self.sandbox(id)?;
        Ok(step(&sandbox.phase, sandbox.spec.terms(settings), event, now)?)
    }

    /// Puts a sandbox into a phase, and forgets it in the last one.
    pub(super) fn enter(&mut self, id: &SandboxId, phase: Phase, now: Timestamp) {
        let Some(sandbox) = self.sandboxes.get_mut(id) else {
            return;
        };
        let before = sandbox.phase;
        if phase.state() != before.state() {
            sandbox.changed_at = now;
        }
        if matches!(
            (&before, &phase),
            (Phase::Starting(_) | Phase::Unpausing, Phase::Running { .. })
        ) {
            sandbox.launched_at = Some(now);
        }
        sandbox.phase = phase;
        let changed = sandbox.changed.clone();
        self.track(Some((id, before)), Some((id, phase)));
        // SB-GET-02, SB-DEL-03: from here on it is not found.
        if phase == Phase::Deleted {
            self.sandboxes.remove(id);
        }
        changed.send_replace(());
    }

    /// The sandbox that times out next, and when.
    pub(super) fn next_deadline(&self) -> Option<(Timestamp, SandboxId)> {
        self.deadlines.get_min().cloned()
    }

    fn track(&mut self, before: Option<(&SandboxId, Phase)>, after: Option<(&SandboxId, Phase)>) {
        if let Some((id, phase)) = before {
            self.counted -= usize::from(phase.counts_toward_limit());
            self.in_transition -= usize::from(phase.in_transition());
            if let Some(deadline) = alarm(&phase) {
                self.deadlines.remove(&(deadline, id.clone()));
            }
        }
        if let Some((id, phase)) = after {
            self.counted += usize::from(phase.counts_toward_limit());
            self.in_transition += usize::from(phase.in_transition());
            if let Some(deadline) = alarm(&phase) {
                self.deadlines.insert((deadline, id.clone()));
            }
        }
    }
}

/// When a phase wants to be told of its deadline: in transition the outcome comes first
/// (SB-TMO-04).
fn alarm(phase: &Phase) -> Option<Timestamp> {
    match phase {
        Phase::Running { deadline } => Some(*deadline),
        Phase::Starting(_)
        | Phase::Snapshotting { .. }
        | Phase::Pausing { .. }
        | Phase::Paused
        | Phase::Unpausing
        | Phase::Stopping { .. }
        | Phase::Stopped
        | Phase::Deleting
        | Phase::Deleted => None,
    }
}
