//! What all worlds of an emulator share, and where new ones come from.

use std::sync::Arc;

use super::Settings;
use super::world::{Context, World};
use crate::backend::{Backend, BackendInfo};
use crate::clock::Clock;
use crate::id::{IdSource, OrgId};
use crate::storage::Storage;

/// A back end, a clock, a source of ids and settings: all that worlds are made from.
#[derive(Clone, Debug)]
pub struct Host {
    context: Arc<Context>,
}

impl Host {
    /// Puts the parts together.
    pub fn new(
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        settings: Settings,
    ) -> Self {
        let context = Context { backend, clock, ids, settings, storage: None };
        Self { context: Arc::new(context) }
    }

    /// Keeps all worlds from now on.
    #[must_use]
    pub fn kept_in(self, storage: Arc<dyn Storage>) -> Self {
        let context = Context { storage: Some(storage), ..(*self.context).clone() };
        Self { context: Arc::new(context) }
    }

    /// Whether what happens in its worlds is kept.
    pub fn keeps(&self) -> bool {
        self.context.storage.is_some()
    }

    /// Makes an empty world for an organisation of which nothing is kept.
    pub fn new_world(&self, org: &OrgId) -> Arc<World> {
        let world = World::new(Arc::clone(&self.context));
        if let Some(storage) = &self.context.storage {
            world.keeper.open(storage.ledger(org));
        }
        world
    }

    pub(super) fn context(&self) -> Arc<Context> {
        Arc::clone(&self.context)
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
