//! Effects: what a phase owes, done by the back end, and its outcome brought home.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::fault::Side;
use super::sandbox::{Body, Sandbox};
use super::shelf::Snapshot;
use super::transitions::Transition;
use super::world::World;
use super::{FaultPoint, ServiceError, Spec};
use crate::backend::{BackendError, Boot, Checkpoint, Disk, Identity, Machine};
use crate::clock::{Clock, Timestamp, Work};
use crate::id::{SandboxId, SnapshotId};
use crate::lifecycle::{Effect, Event, Verdict};
use crate::spec::SnapshotName;

/// One effect with what it needs.
#[derive(Debug)]
pub(super) enum Job {
    /// Make a machine from a template.
    Create(Boot),
    /// Make a machine from a snapshot.
    Restore(Arc<Snapshot>, Identity),
    /// Take a snapshot under a name that is reserved for it.
    Snapshot(Draft),
    /// An effect that needs nothing but the sandbox.
    Plain(Effect),
}

impl From<Effect> for Job {
    fn from(effect: Effect) -> Self {
        Self::Plain(effect)
    }
}

/// A snapshot before it is stored.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) id: SnapshotId,
    pub(super) name: SnapshotName,
    pub(super) spec: Arc<Spec>,
}

/// What a finished request has to show.
#[derive(Debug)]
pub(super) struct Done {
    /// The sandbox as the last effect left it; `None` when it is gone.
    pub(super) sandbox: Option<Sandbox>,
    /// The snapshot that was stored on the way.
    pub(super) snapshot: Option<Arc<Snapshot>>,
}

/// What a verb left behind.
pub(super) enum Fruit {
    Machine(Arc<dyn Machine>),
    Checkpoint(Arc<dyn Checkpoint>),
    Captured(Arc<dyn Checkpoint>),
    Disk(Arc<dyn Disk>),
    Nothing,
}

/// What an outcome led to.
struct Settled {
    /// The effect that follows.
    next: Option<Effect>,
    /// The snapshot that was stored.
    stored: Option<Arc<Snapshot>>,
    /// What the sandbox's new body stands in for.
    replaced: Body,
}

impl World {
    /// Carries out a job, and the effects that follow from it, in a task of its own. The receiver
    /// may be dropped: the work goes on.
    pub(super) fn begin(
        self: &Arc<Self>,
        id: SandboxId,
        job: Job,
        fault: Option<FaultPoint>,
    ) -> oneshot::Receiver<Result<Done, ServiceError>> {
        let (answer, receiver) = oneshot::channel();
        let world = Arc::clone(self);
        let work = self.clock.begin_work();
        tokio::spawn(async move {
            // Whoever asked may have hung up.
            let _ = answer.send(world.drive(id, job, fault, work).await);
        });
        receiver
    }

    async fn drive(
        self: Arc<Self>,
        id: SandboxId,
        mut job: Job,
        fault: Option<FaultPoint>,
        mut work: Work,
    ) -> Result<Done, ServiceError> {
        let mut stored = None;
        loop {
            let ends_at = self.now().after(self.least_time(&id, &job));
            let outcome = self.perform_unless(fault, &id, &job).await;
            work.sleep_until(ends_at).await;
            if let Err(error) = &outcome {
                log::error!("{id}: {job:?} failed: {error}");
            }
            let now = self.now();
            let (outcome, unsaved) = match outcome {
                Ok(fruit) => self.keep(&id, &job, fruit, now).await,
                Err(error) => (Err(error), None),
            };
            let unsaved = unsaved.as_ref().map(ServiceError::not_saved);
            let failure = outcome.as_ref().err().map(ServiceError::of_backend);
            let settled = self.settle(&id, job, outcome, now);
            stored = stored.or(settled.stored);
            if let Err(error) = discard(settled.replaced).await {
                log::error!("{id}: what was saved of it was not discarded: {error}");
            }
            match (settled.next, failure) {
                (Some(effect), _) => job = effect.into(),
                // It has happened, and a restart may not know it.
                (None, _) if unsaved.is_some() => return Err(unsaved.expect("just seen")),
                // A snapshot that was stored is stored, whatever its source came to afterwards.
                (None, Some(error)) if stored.is_none() => return Err(error),
                (None, _) => {
                    let sandbox = self.lock().sandbox(&id).ok().cloned();
                    return Ok(Done { sandbox, snapshot: stored });
                }
            }
        }
    }

    /// How long a transition takes at least.
    fn least_time(&self, id: &SandboxId, job: &Job) -> Duration {
        let transition = match job {
            Job::Create(_) | Job::Restore(..) => Transition::Launch,
            Job::Snapshot(_) => Transition::Effect(Effect::Snapshot),
            Job::Plain(effect) => Transition::Effect(*effect),
        };
        let memory = self.lock().sandbox(id).map_or(0, |sandbox| sandbox.spec.resources.memory_mib);
        self.settings().transitions.of(transition, memory)
    }

    /// Runs the verb, or fails before or after it where that is asked for.
    async fn perform_unless(
        &self,
        fault: Option<FaultPoint>,
        id: &SandboxId,
        job: &Job,
    ) -> Result<Fruit, BackendError> {
        let injected = || BackendError::Failed("a failure was asked for".to_owned());
        match fault.and_then(|point| point.side(job)) {
            None => self.perform(id, job).await,
            Some(Side::Before) => Err(injected()),
            Some(Side::After) => {
                match self.perform(id, job).await? {
                    Fruit::Machine(machine) => machine.destroy().await?,
                    Fruit::Captured(checkpoint) => checkpoint.discard().await?,
                    Fruit::Checkpoint(_) | Fruit::Disk(_) | Fruit::Nothing => {}
                }
                Err(injected())
            }
        }
    }

    /// Runs the verb in its own task, so that a back end that panics fails one effect only.
    async fn perform(&self, id: &SandboxId, job: &Job) -> Result<Fruit, BackendError> {
        let clock = self.clock_inside();
        let (body, spec) = {
            let mut state = self.lock();
            state.own(id, &clock);
            match state.sandbox(id) {
                Ok(sandbox) => (sandbox.body.clone(), Arc::clone(&sandbox.spec)),
                Err(_) => return Err(BackendError::Lost("the sandbox is gone".to_owned())),
            }
        };
        let backend = Arc::clone(&self.context.backend);
        let task = match job {
            Job::Create(boot) => {
                let boot = boot.clone();
                tokio::spawn(async move { backend.create(boot).await.map(Fruit::Machine) })
            }
            Job::Restore(snapshot, identity) => {
                let (snapshot, identity) = (Arc::clone(snapshot), identity.clone());
                tokio::spawn(async move {
                    snapshot.checkpoint.resume(identity).await.map(Fruit::Machine)
                })
            }
            Job::Snapshot(_) => {
                tokio::spawn(run_effect(Effect::Snapshot, body, spec, id.clone(), clock))
            }
            Job::Plain(effect) => tokio::spawn(run_effect(*effect, body, spec, id.clone(), clock)),
        };
        task.await.unwrap_or_else(|panic| Err(BackendError::Failed(panic.to_string())))
    }

    /// Commits an outcome, which was kept at `now`.
    fn settle(
        &self,
        id: &SandboxId,
        job: Job,
        outcome: Result<Fruit, BackendError>,
        now: Timestamp,
    ) -> Settled {
        let mut state = self.lock();
        let event = if outcome.is_ok() { Event::EffectFinished } else { Event::EffectFailed };
        let resuming = matches!(job, Job::Plain(Effect::Resume));
        let mut stored = None;
        if let Job::Snapshot(Draft { id, name, spec }) = job {
            match &outcome {
                Ok(Fruit::Captured(checkpoint)) => {
                    let checkpoint = Arc::clone(checkpoint);
                    let snapshot =
                        Arc::new(Snapshot { id, name, spec, created_at: now, checkpoint });
                    state.shelf.store(Arc::clone(&snapshot));
                    stored = Some(snapshot);
                }
                _ => state.shelf.release(&name),
            }
        }
        let mut replaced = Body::None;
        let tenure = state.tenure;
        if let Some(sandbox) = state.sandbox_mut(id) {
            let body = match outcome {
                Ok(Fruit::Machine(machine)) => Some(Body::Machine(machine)),
                Ok(Fruit::Checkpoint(checkpoint)) => Some(Body::Checkpoint(checkpoint)),
                Ok(Fruit::Disk(disk)) => Some(Body::Disk(disk)),
                Ok(Fruit::Nothing) => Some(Body::None),
                Ok(Fruit::Captured(_)) => None,
                Err(error) => {
                    if resuming {
                        sandbox.failed_resumes += 1;
                        sandbox.resume_failure = Some(ServiceError::of_backend(&error));
                    }
                    None
                }
            };
            if let Some(body) = body {
                replaced = std::mem::replace(&mut sandbox.body, body);
                sandbox.tenure = tenure;
            }
        }
        let next = match state.ask(id, event, self.settings(), now) {
            Ok(Verdict::Move { to, effect }) => {
                state.enter(id, to, now);
                effect
            }
            // The sandbox was removed under the effect.
            Ok(Verdict::Stay | Verdict::Wait) | Err(_) => None,
        };
        let shared = state.shared;
        drop(state);
        self.clock.ring();
        // A machine was ended by the verb that replaced it; what a fork may hold too is dropped.
        if shared || matches!(replaced, Body::Machine(_)) {
            replaced = Body::None;
        }
        Settled { next, stored, replaced }
    }
}

/// Gives back what was saved of a sandbox that was resumed, started or deleted: nobody else has it.
async fn discard(replaced: Body) -> Result<(), BackendError> {
    match replaced {
        Body::Checkpoint(checkpoint) => checkpoint.discard().await,
        Body::Disk(disk) => disk.discard().await,
        Body::Machine(_) | Body::None => Ok(()),
    }
}

async fn run_effect(
    effect: Effect,
    body: Body,
    spec: Arc<Spec>,
    id: SandboxId,
    clock: Arc<dyn Clock>,
) -> Result<Fruit, BackendError> {
    match (effect, body) {
        (Effect::Snapshot, Body::Machine(machine)) => machine.snapshot().await.map(Fruit::Captured),
        (Effect::Pause, Body::Machine(machine)) => machine.pause().await.map(Fruit::Checkpoint),
        (Effect::Stop, Body::Machine(machine)) => machine.stop().await.map(Fruit::Disk),
        (Effect::Resume, Body::Checkpoint(checkpoint)) => {
            checkpoint.resume(spec.identity(&id, clock)).await.map(Fruit::Machine)
        }
        (Effect::Start, Body::Disk(disk)) => {
            disk.start(spec.boot(&id, clock)).await.map(Fruit::Machine)
        }
        (Effect::Destroy, Body::Machine(machine)) => {
            machine.destroy().await.map(|()| Fruit::Nothing)
        }
        // What is saved is discarded once the sandbox is gone.
        (Effect::Destroy, Body::Checkpoint(_) | Body::Disk(_) | Body::None) => Ok(Fruit::Nothing),
        (effect, body) => Err(BackendError::Failed(format!("{effect:?} needs more than {body:?}"))),
    }
}
