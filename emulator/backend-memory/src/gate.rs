//! Letting a snapshot happen between two commands of the scripts that run (PROC-11).
//!
//! ```text
//! Open ──close──▶ Draining ──shut──▶ Shut ──(guard dropped)──▶ Open
//! ```
//!
//! While draining, scripts run on and new ones wait. While shut, running scripts stop before their
//! next command.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    /// For scripts, which block their own thread.
    opened: Condvar,
    /// For everybody else.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// Scripts that have begun and not finished.
    running: usize,
    /// Those of them that stand before their next command.
    parked: usize,
    /// The machine has ended: nobody waits here any more.
    ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    Draining,
    Shut,
}

/// A script that runs. Dropped when it has finished, or can't change anything any more.
#[derive(Debug)]
pub(crate) struct Ticket<'g>(&'g Gate);

/// Keeps the gate from being open.
#[derive(Debug)]
pub(crate) struct Closed<'g>(&'g Gate);

impl Gate {
    /// Waits until no snapshot is being taken, then counts a script as running.
    pub(crate) async fn enter(&self) -> Ticket<'_> {
        self.until(|state| {
            let free = state.phase == Phase::Open || state.ended;
            state.running += usize::from(free);
            free
        })
        .await;
        Ticket(self)
    }

    /// Blocks the thread of a running script while the gate is shut.
    pub(crate) fn pass(&self) {
        let mut state = self.lock();
        if state.phase != Phase::Shut || state.ended {
            return;
        }
        state.parked += 1;
        self.changed.notify_waiters();
        while state.phase == Phase::Shut && !state.ended {
            state = self.opened.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.parked -= 1;
    }

    /// Keeps new scripts waiting. One snapshot at a time.
    pub(crate) fn close(&self) -> Closed<'_> {
        self.lock().phase = Phase::Draining;
        Closed(self)
    }

    /// Lets everybody through, for good.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.opened.notify_all();
        self.changed.notify_waiters();
    }

    async fn until(&self, mut holds: impl FnMut(&mut State) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on a change is not missed, however early it comes.
            changed.as_mut().enable();
            if holds(&mut self.lock()) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Closed<'_> {
    /// Returns once no script runs.
    pub(crate) async fn idle(&self) {
        self.0.until(|state| state.running == 0 || state.ended).await;
    }

    /// Stops scripts before their next command, and returns once all that run stand there.
    pub(crate) async fn shut(&self) {
        self.0.lock().phase = Phase::Shut;
        self.0.until(|state| state.running <= state.parked || state.ended).await;
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.lock().phase = Phase::Open;
        self.0.opened.notify_all();
        self.0.changed.notify_waiters();
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn scripts_run_on_while_draining_and_stand_while_shut() {
        let gate = Arc::new(Gate::default());
        let ticket = gate.enter().await;
        let closed = gate.close();
        gate.pass();
        let script = thread::spawn({
            let gate = Arc::clone(&gate);
            move || {
                while !gate.lock().ended {
                    gate.pass();
                }
            }
        });
        closed.shut().await;
        assert_eq!(gate.lock().parked, 1);
        drop(closed);
        gate.end();
        script.join().unwrap();
        drop(ticket);
        assert_eq!(gate.lock().running, 0);
    }

    #[tokio::test]
    async fn new_scripts_wait_until_the_snapshot_is_done() {
        let gate = Arc::new(Gate::default());
        let closed = gate.close();
        closed.idle().await;
        let waits = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { drop(gate.enter().await) }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(closed);
        waits.await.unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_at_the_gate_of_a_machine_that_has_ended() {
        let gate = Gate::default();
        let _closed = gate.close();
        gate.end();
        drop(gate.enter().await);
    }
}
