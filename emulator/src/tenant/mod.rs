//! Organisations: the world of each, and what the emulator keeps beside it for tests.

mod faults;
mod tenants;

use std::sync::{Arc, Mutex, MutexGuard};

use leap0_emulator_core::service::World;

pub(crate) use faults::{Calls, Dropped, Fault, Faults, Mishap};
pub(crate) use tenants::Tenants;

/// One organisation. Everything it has lies in here, so that a reset is a new tenant.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) world: Arc<World>,
    faults: Mutex<Faults>,
}

impl Tenant {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world, faults: Mutex::default() }
    }

    /// The failures on demand.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().expect("no panic under the lock")
    }
}
