//! What all worlds of an emulator share, and where new ones come from.

use std::sync::Arc;

use super::Settings;
use super::world::{Context, World};
use crate::backend::{Backend, BackendInfo};
use crate::clock::Clock;
use crate::id::IdSource;

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
        Self { context: Arc::new(Context { backend, clock, ids, settings }) }
    }

    /// Makes an empty world.
    pub fn new_world(&self) -> Arc<World> {
        World::new(Arc::clone(&self.context))
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
