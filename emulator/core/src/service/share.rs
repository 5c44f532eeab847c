//! Copying a world in O(1), and telling what a copy may touch.
//!
//! Right after a fork two worlds hold the same machines. Neither may change one of them: each makes
//! an independent copy of a machine, in O(1), when it first needs it. Whose a machine is tells the
//! *tenure* that it was made or copied in: a world owns what carries its present tenure, and a fork
//! gives both worlds a new one. A machine with calls under way is the exception: it stays with the
//! world that they came to, and the copy gets its own at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ServiceError;
use super::sandbox::Body;
use super::state::State;
use super::world::World;
use crate::backend::Machine;
use crate::clock::Clock;
use crate::id::SandboxId;

/// A time in which a world shares nothing that it has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tenure(u64);

static LAST: AtomicU64 = AtomicU64::new(0);

impl Tenure {
    fn new() -> Self {
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl Default for Tenure {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// Makes a sandbox's machine this world's own.
    pub(super) fn own(&mut self, id: &SandboxId, clock: &Arc<dyn Clock>) {
        let tenure = self.tenure;
        let Some(sandbox) = self.sandbox_mut(id) else { return };
        if sandbox.tenure == tenure {
            return;
        }
        if let Body::Machine(machine) = &sandbox.body
            && let Some(copy) = machine.fork(sandbox.spec.identity(id, Arc::clone(clock)))
        {
            sandbox.body = Body::Machine(copy);
        }
        sandbox.tenure = tenure;
    }
}

/// A machine while it is called. Its sandbox counts as busy until this is dropped.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) machine: Arc<dyn Machine>,
    world: Arc<World>,
    sandbox: SandboxId,
}

impl Call {
    /// Begins a call; the lock is held by the caller, who has found the machine.
    pub(super) fn begin(
        world: &Arc<World>,
        state: &mut State,
        sandbox: &SandboxId,
        machine: Arc<dyn Machine>,
    ) -> Self {
        *state.busy.entry(sandbox.clone()).or_default() += 1;
        Self { machine, world: Arc::clone(world), sandbox: sandbox.clone() }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.world.lock();
        let left = state.busy.get(&self.sandbox).map_or(0, |calls| calls - 1);
        if left == 0 {
            state.busy.remove(&self.sandbox);
        } else {
            state.busy.insert(self.sandbox.clone(), left);
        }
    }
}

impl World {
    /// Makes a world with the same sandboxes, snapshots and clock, in O(1) but for sandboxes with
    /// calls under way. From here on the two are independent.
    pub fn fork(self: &Arc<Self>) -> Result<Arc<Self>, ServiceError> {
        if !self.context.backend.info().fork {
            return Err(ServiceError::CannotFork);
        }
        let clock = Arc::new(self.clock.fork());
        let clock_inside = Arc::clone(&clock) as Arc<dyn Clock>;
        let mut state = self.lock();
        if state.in_transition > 0 {
            return Err(ServiceError::InTransition);
        }
        let mut copy = state.clone();
        state.tenure = Tenure::new();
        copy.tenure = Tenure::new();
        for id in std::mem::take(&mut copy.busy).keys() {
            // The copy takes its own now; the original's calls go on where they are.
            copy.own(id, &clock_inside);
            let tenure = state.tenure;
            if let Some(sandbox) = state.sandbox_mut(id) {
                sandbox.tenure = tenure;
            }
        }
        state.shared = true;
        copy.shared = true;
        drop(state);
        Ok(Self::of(Arc::clone(&self.context), clock, copy))
    }
}
