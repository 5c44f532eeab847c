//! The organisations of one emulator.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::Settings;
use super::world::{Context, World};
use crate::backend::{Backend, BackendInfo};
use crate::clock::Clock;
use crate::id::{IdSource, OrgId};

/// Every organisation's world. One comes to be when its key is first used.
#[derive(Debug)]
pub struct Worlds {
    context: Arc<Context>,
    worlds: RwLock<HashMap<OrgId, Arc<World>>>,
}

impl Worlds {
    /// Starts with no organisation.
    pub fn new(
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        settings: Settings,
    ) -> Self {
        let context = Arc::new(Context { backend, clock, ids, settings });
        Self { context, worlds: RwLock::default() }
    }

    /// The world of an organisation.
    pub fn of(&self, org: &OrgId) -> Arc<World> {
        if let Some(world) = self.worlds.read().expect("no panic under the lock").get(org) {
            return Arc::clone(world);
        }
        let mut worlds = self.worlds.write().expect("no panic under the lock");
        Arc::clone(
            worlds.entry(org.clone()).or_insert_with(|| World::new(Arc::clone(&self.context))),
        )
    }

    /// What the back end can do.
    pub fn backend(&self) -> BackendInfo {
        self.context.backend.info()
    }

    /// The switches in force.
    pub fn settings(&self) -> &Settings {
        &self.context.settings
    }
}
