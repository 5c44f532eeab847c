//! Sandboxes: create, get, list, pause, stop, start, delete.

use std::sync::Arc;

use super::drive::{Done, Job};
use super::page::{Listing, SandboxQuery, list_sandboxes};
use super::sandbox::{Sandbox, Spec};
use super::world::World;
use super::{FaultPoint, ServiceError};
use crate::id::SandboxId;
use crate::lifecycle::{Effect, Event, Launch, Phase, Verdict};

impl World {
    /// Creates a sandbox and answers when it runs (SB-CREATE-08), or fails where it is told to.
    pub async fn create_sandbox(
        self: &Arc<Self>,
        spec: Spec,
        fault: Option<FaultPoint>,
    ) -> Result<Sandbox, ServiceError> {
        let spec = Arc::new(spec);
        let done = {
            let now = self.now();
            let mut state = self.lock();
            state.check_limit(self.settings())?;
            let id = SandboxId::from_bits(self.context.ids.bits());
            let job = Job::Create(spec.boot(&id, self.clock_inside()));
            let (phase, tenure) = (Phase::Starting(Launch::New), state.tenure);
            state.insert(Sandbox::new(id.clone(), spec, phase, None, tenure, now));
            drop(state);
            self.begin(id, job, fault)
        };
        sandbox_of(done.await.map_err(|_| ServiceError::MachineFailed)??)
    }

    /// Looks at a sandbox. Does not resume it and does not move its timeout (SB-GET-01, SB-GET-03).
    pub fn sandbox(&self, id: &SandboxId) -> Result<Sandbox, ServiceError> {
        self.lock().sandbox(id).cloned()
    }

    /// Lists sandboxes (SB-LIST-01 to SB-LIST-05).
    pub fn list_sandboxes(&self, query: &SandboxQuery) -> Listing<Sandbox> {
        // Copying the state is O(1), so that a long list holds up nobody.
        let state = self.lock().clone();
        list_sandboxes(&state, query)
    }

    /// Saves memory and disk and ends the machine (SB-PAUSE-01).
    pub async fn pause_sandbox(
        self: &Arc<Self>,
        id: &SandboxId,
        fault: Option<FaultPoint>,
    ) -> Result<Sandbox, ServiceError> {
        sandbox_of(self.request(id, Event::Pause, fault).await?)
    }

    /// Ends the machine and keeps the disk (SB-STOP-01).
    pub async fn stop_sandbox(self: &Arc<Self>, id: &SandboxId) -> Result<Sandbox, ServiceError> {
        sandbox_of(self.request(id, Event::Stop, None).await?)
    }

    /// Boots a stopped sandbox from its disk (SB-START-02).
    pub async fn start_sandbox(
        self: &Arc<Self>,
        id: &SandboxId,
        fault: Option<FaultPoint>,
    ) -> Result<Sandbox, ServiceError> {
        sandbox_of(self.request(id, Event::Start, fault).await?)
    }

    /// Deletes a sandbox and answers when it is gone (SB-DEL-01). Snapshots of it stay (SB-DEL-04).
    pub async fn delete_sandbox(self: &Arc<Self>, id: &SandboxId) -> Result<(), ServiceError> {
        self.request(id, Event::Delete, None).await.map(drop)
    }

    pub(super) async fn request(
        self: &Arc<Self>,
        id: &SandboxId,
        event: Event,
        fault: Option<FaultPoint>,
    ) -> Result<Done, ServiceError> {
        let done = {
            let now = self.now();
            let mut state = self.lock();
            match state.ask(id, event, self.settings(), now)? {
                Verdict::Move { to, effect: Some(effect) } => {
                    // SB-START-03: a stopped sandbox does not count, a started one does.
                    if effect == Effect::Start {
                        state.check_limit(self.settings())?;
                    }
                    state.enter(id, to, now);
                    drop(state);
                    self.begin(id.clone(), effect.into(), fault)
                }
                verdict @ (Verdict::Move { .. } | Verdict::Stay | Verdict::Wait) => {
                    unreachable!("a client's request is refused or begins an effect: {verdict:?}")
                }
            }
        };
        done.await.map_err(|_| ServiceError::MachineFailed)?
    }
}

/// The sandbox that a request ends with. One that someone else removed meanwhile is not found.
pub(super) fn sandbox_of(done: Done) -> Result<Sandbox, ServiceError> {
    done.sandbox.ok_or(ServiceError::SandboxNotFound)
}
