//! Organisations: the world of each, and what the emulator keeps beside it for tests.

mod faults;
mod journal;
mod tenants;

use std::sync::{Arc, Mutex, MutexGuard};

use leap0_emulator_core::service::{ServiceError, World};
use serde_json::Value;

pub(crate) use faults::{Calls, Dropped, Fault, Faults, Mishap};
pub(crate) use journal::{Excerpt, Exchange, Journal, Usage};
pub(crate) use tenants::{PutRefused, Tenants};

/// One organisation. Everything it has lies in here, so that a reset is a new tenant.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) world: Arc<World>,
    faults: Mutex<Faults>,
    journal: Mutex<Journal>,
}

impl Tenant {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world, faults: Mutex::default(), journal: Mutex::default() }
    }

    /// A tenant with a copied world.
    pub(crate) fn forked(world: Arc<World>, faults: Faults) -> Self {
        Self { world, faults: Mutex::new(faults), journal: Mutex::default() }
    }

    /// A tenant that was kept, with its failures on demand.
    pub(crate) fn recalled(world: Arc<World>, beside: &Value) -> Self {
        Self::forked(world, Faults::recalled(beside))
    }

    /// Brings everything to rest for a later process. What was set was kept when it was set, but
    /// for how often each fault has struck since.
    pub(crate) async fn fall_asleep(&self) {
        self.world.fall_asleep().await;
        if self.faults().iter().next().is_some()
            && let Err(error) = self.keep_presets().await
        {
            log::error!("how often faults have struck is not kept: {error}");
        }
    }

    /// Keeps the clock and the failures on demand.
    pub(crate) async fn keep_presets(&self) -> Result<(), ServiceError> {
        let faults = self.faults().to_keep();
        self.world.keep_presets(faults).await
    }

    /// The failures on demand.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().expect("no panic under the lock")
    }

    /// What its clients have sent and been answered.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().expect("no panic under the lock")
    }
}
