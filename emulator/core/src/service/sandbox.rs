//! A sandbox as the service keeps it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::backend::{Boot, Checkpoint, Disk, Identity, Machine};
use crate::clock::{Clock, Timestamp};
use crate::id::{SandboxId, SnapshotId};
use crate::lifecycle::{AtDeadline, Phase, State, Terms};
use crate::spec::{EnvVars, NetworkPolicy, Resources, Timeout};
use crate::template::Template;

use super::ServiceError;
use super::settings::{Settings, TimeoutAction};
use super::share::Tenure;

/// What a sandbox was asked to be.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The template it was made from.
    pub template: Template,
    /// Its size.
    pub resources: Resources,
    /// Environment of every process in it.
    pub env: EnvVars,
    /// What it may reach.
    pub network: NetworkPolicy,
    /// How long it runs from each launch.
    pub timeout: Timeout,
    /// Whether the timeout pauses it (SB-CREATE-09).
    pub auto_pause: bool,
}

impl Spec {
    pub(super) fn terms(&self, settings: &Settings) -> Terms {
        let at_deadline = if self.auto_pause {
            AtDeadline::Pause
        } else {
            match settings.timeout_action {
                TimeoutAction::Delete => AtDeadline::Delete,
                TimeoutAction::Stop => AtDeadline::Stop,
            }
        };
        Terms { timeout: self.timeout, at_deadline }
    }

    pub(super) fn boot(&self, id: &SandboxId, clock: Arc<dyn Clock>) -> Boot {
        Boot {
            identity: self.identity(id, clock),
            template: self.template.clone(),
            resources: self.resources,
            env: self.env.clone(),
        }
    }

    pub(super) fn identity(&self, id: &SandboxId, clock: Arc<dyn Clock>) -> Identity {
        Identity { sandbox: id.clone(), network: self.network.clone(), clock }
    }
}

/// A sandbox at one moment. Cheap to clone: what can be large is shared.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(super) id: SandboxId,
    pub(super) spec: Arc<Spec>,
    pub(super) phase: Phase,
    pub(super) body: Body,
    /// In which tenure of its world the body was made.
    pub(super) tenure: Tenure,
    /// The snapshot it was restored from (SNAP-DEL-03).
    pub(super) origin: Option<SnapshotId>,
    pub(super) created_at: Timestamp,
    pub(super) launched_at: Option<Timestamp>,
    pub(super) changed_at: Timestamp,
    /// How many resumes have failed, so that those who wait for one notice.
    pub(super) failed_resumes: u64,
    /// Why the last of them did.
    pub(super) resume_failure: Option<ServiceError>,
    /// Tells everyone who waits that the phase has changed.
    pub(super) changed: Arc<watch::Sender<()>>,
}

/// What a back end holds for a sandbox between two transitions.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// Nothing yet, or nothing any more.
    None,
    /// A live machine.
    Machine(Arc<dyn Machine>),
    /// Saved memory and disk.
    Checkpoint(Arc<dyn Checkpoint>),
    /// A saved disk.
    Disk(Arc<dyn Disk>),
}

impl Sandbox {
    pub(super) fn new(
        id: SandboxId,
        spec: Arc<Spec>,
        phase: Phase,
        origin: Option<SnapshotId>,
        tenure: Tenure,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            spec,
            phase,
            body: Body::None,
            tenure,
            origin,
            created_at: now,
            launched_at: None,
            changed_at: now,
            failed_resumes: 0,
            resume_failure: None,
            changed: Arc::new(watch::Sender::new(())),
        }
    }

    /// Its id.
    pub fn id(&self) -> &SandboxId {
        &self.id
    }

    /// What it was asked to be.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Its state in the API's words.
    pub fn state(&self) -> State {
        self.phase.state()
    }

    /// When it was created; start and resume do not change it (SB-START-04).
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When its present or last machine began to run; `None` before the first.
    pub fn launched_at(&self) -> Option<Timestamp> {
        self.launched_at
    }

    /// When its state last changed.
    pub fn changed_at(&self) -> Timestamp {
        self.changed_at
    }

    /// When its timeout strikes; `None` while no clock runs (SB-TMO-05).
    pub fn timeout_at(&self) -> Option<Timestamp> {
        self.phase.deadline()
    }
}
