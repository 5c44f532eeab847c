//! One organisation's world: its lock, and what stands outside it.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use super::Settings;
use super::state::State;
use crate::backend::Backend;
use crate::clock::{Clock, Timestamp};
use crate::id::IdSource;

/// What every world of an emulator shares.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) settings: Settings,
}

/// The sandboxes and snapshots of one organisation, and all that can be asked of them.
#[derive(Debug)]
pub struct World {
    pub(super) context: Arc<Context>,
    state: Mutex<State>,
    /// Rings when a deadline was added or removed.
    pub(super) bell: Arc<Notify>,
}

impl World {
    pub(super) fn new(context: Arc<Context>) -> Arc<Self> {
        let world = Arc::new(Self {
            context,
            state: Mutex::default(),
            bell: Arc::new(Notify::new()),
        });
        world.watch_deadlines();
        world
    }

    /// Locks the world. Never held across an `await`.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under the lock")
    }

    pub(super) fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.context.settings
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.bell.notify_one();
    }
}
