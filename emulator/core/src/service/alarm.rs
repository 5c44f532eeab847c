//! Sandbox timeouts.

use std::sync::{Arc, Weak};

use super::world::World;
use crate::lifecycle::{Event, Verdict};

impl World {
    /// Starts the task that waits for this world's deadlines. It ends with the world.
    pub(super) fn watch_deadlines(self: &Arc<Self>) {
        let world = Arc::downgrade(self);
        let bell = Arc::clone(&self.bell);
        let clock = Arc::clone(&self.context.clock);
        tokio::spawn(async move {
            while let Some(world) = Weak::upgrade(&world) {
                world.strike_due();
                let next = world.lock().next_deadline();
                drop(world);
                match next {
                    Some(deadline) => tokio::select! {
                        () = clock.sleep_until(deadline) => {}
                        () = bell.notified() => {}
                    },
                    None => bell.notified().await,
                }
            }
        });
    }

    /// Times out every sandbox whose deadline has passed, in the order of the deadlines.
    fn strike_due(self: &Arc<Self>) {
        let now = self.now();
        loop {
            let mut state = self.lock();
            let Some(id) = state.due(now) else { return };
            match state.ask(&id, Event::DeadlineReached, self.settings(), now) {
                Ok(Verdict::Move {
                    to,
                    effect: Some(effect),
                }) => {
                    state.enter(&id, to, now);
                    drop(state);
                    self.begin(id, effect.into());
                }
                other => unreachable!("a due deadline moves its sandbox, not {other:?}"),
            }
        }
    }
}
