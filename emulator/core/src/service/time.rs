//! A world's time: its timeouts strike and its sleepers wake, in the order of their moments.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::world::World;
use crate::clock::{Clock as _, ClockMode, Timestamp};
use crate::id::SandboxId;
use crate::lifecycle::{Event, Verdict};

/// What falls due next.
enum Due {
    Sleeper,
    Timeout(SandboxId),
}

impl World {
    /// How this world's clock goes.
    pub fn clock_mode(&self) -> ClockMode {
        self.clock.mode()
    }

    /// Whether this world's time is not the system's.
    pub fn clock_is_handled(&self) -> bool {
        self.clock.is_handled()
    }

    /// This world's present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits so long on this world's clock.
    pub async fn wait(&self, span: Duration) {
        self.clock.sleep_until(self.now().after(span)).await;
    }

    /// Stops this world's clock.
    pub fn freeze_clock(&self) {
        self.clock.freeze();
    }

    /// Lets this world's clock go on.
    pub fn resume_clock(&self) {
        self.clock.resume();
    }

    /// Moves the clock forward and returns when everything that fell due on the way has happened,
    /// each at its moment and in the order of the moments.
    pub async fn advance_clock(self: &Arc<Self>, span: Duration) {
        self.move_clock(self.now().after(span)).await;
    }

    /// Sets the clock. Forward is as [`advance_clock`](Self::advance_clock); backward makes nothing
    /// happen.
    pub async fn set_clock(self: &Arc<Self>, moment: Timestamp) {
        if moment > self.now() {
            self.move_clock(moment).await;
        } else {
            self.clock.set(moment);
        }
    }

    async fn move_clock(self: &Arc<Self>, target: Timestamp) {
        let _one_at_a_time = self.moving.lock().await;
        // What was begun before is finished before, or sleeps by now.
        self.clock.quiet().await;
        while let Some((moment, due)) = self.next_due(target) {
            if moment > self.now() {
                self.clock.set(moment);
            }
            self.happen(moment, due);
            self.clock.quiet().await;
        }
        if target > self.now() {
            self.clock.set(target);
        }
    }

    /// Starts the task that lets things happen as the clock goes. It ends with the world.
    pub(super) fn keep_time(self: &Arc<Self>) {
        let world = Arc::downgrade(self);
        let clock = Arc::clone(&self.clock);
        tokio::spawn(async move {
            while let Some(world) = Weak::upgrade(&world) {
                let moving = world.moving.lock().await;
                let now = world.now();
                while let Some((moment, due)) = world.next_due(now) {
                    world.happen(moment, due);
                }
                drop(moving);
                let next = world.next_moment();
                drop(world);
                clock.reach(next).await;
            }
        });
    }

    fn next_moment(&self) -> Option<Timestamp> {
        let timeout = self.lock().next_deadline().map(|(moment, _)| moment);
        [timeout, self.clock.next()].into_iter().flatten().min()
    }

    fn next_due(&self, limit: Timestamp) -> Option<(Timestamp, Due)> {
        let timeout = self.lock().next_deadline();
        let sleeper = self.clock.next();
        let next = match (timeout, sleeper) {
            // Of two at one moment, what was begun earlier ends first.
            (Some((timeout, id)), Some(sleeper)) if timeout < sleeper => {
                (timeout, Due::Timeout(id))
            }
            (_, Some(sleeper)) => (sleeper, Due::Sleeper),
            (Some((timeout, id)), None) => (timeout, Due::Timeout(id)),
            (None, None) => return None,
        };
        (next.0 <= limit).then_some(next)
    }

    fn happen(self: &Arc<Self>, moment: Timestamp, due: Due) {
        match due {
            Due::Sleeper => {
                self.clock.wake_next(moment);
            }
            Due::Timeout(id) => self.time_out(id, moment),
        }
    }

    /// Times a sandbox out (SB-TMO-02, SB-TMO-03).
    fn time_out(self: &Arc<Self>, id: SandboxId, moment: Timestamp) {
        let now = self.now().max(moment);
        let mut state = self.lock();
        // It may have been paused or deleted since it was found due.
        if let Ok(Verdict::Move { to, effect: Some(effect) }) =
            state.ask(&id, Event::DeadlineReached, self.settings(), now)
        {
            state.enter(&id, to, now);
            drop(state);
            self.begin(id, effect.into(), None);
        }
    }
}
