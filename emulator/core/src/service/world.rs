//! One organisation's world: its lock, its clock, and what stands outside it.

use std::sync::{Arc, Mutex, MutexGuard};

use super::Settings;
use super::keep::Keeper;
use super::state::State;
use crate::backend::Backend;
use crate::clock::{Clock, HandClock};
use crate::id::IdSource;
use crate::storage::Storage;

/// What every world of an emulator shares.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) settings: Settings,
    /// Where worlds are kept, if they are.
    pub(super) storage: Option<Arc<dyn Storage>>,
}

/// The sandboxes and snapshots of one organisation, and all that can be asked of them.
#[derive(Debug)]
pub struct World {
    pub(super) context: Arc<Context>,
    pub(super) clock: Arc<HandClock>,
    /// Held by whoever makes things happen, so that they happen in order.
    pub(super) moving: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    pub(super) keeper: Keeper,
}

impl World {
    pub(super) fn new(context: Arc<Context>) -> Arc<Self> {
        let clock = HandClock::new(Arc::clone(&context.clock), context.settings.clock);
        Self::of(context, Arc::new(clock), State::default())
    }

    /// A world of these parts, whose time is kept.
    pub(super) fn of(context: Arc<Context>, clock: Arc<HandClock>, state: State) -> Arc<Self> {
        let world = Arc::new(Self {
            context,
            clock,
            moving: tokio::sync::Mutex::default(),
            state: Mutex::new(state),
            keeper: Keeper::default(),
        });
        world.keep_time();
        world
    }

    /// Locks the world. Never held across an `await`.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under the lock")
    }

    /// The clock that machines go by.
    pub(super) fn clock_inside(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        let state = self.lock();
        state.sandbox_count() == 0 && state.shelf.len() == 0
    }

    /// How many sandboxes there are, in any state.
    pub fn sandbox_count(&self) -> usize {
        self.lock().sandbox_count()
    }

    /// How many snapshots are stored.
    pub fn snapshot_count(&self) -> usize {
        self.lock().shelf.len()
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.context.settings
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The task that keeps the time notices that there is no world left.
        self.clock.ring();
    }
}
