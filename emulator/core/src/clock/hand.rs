//! A clock that can be stopped, moved and read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot, watch};

use super::{Clock, Timestamp};

/// Follows another clock at a distance, or stands still.
///
/// Whoever sleeps on it is woken in the order of the moments slept for. Waking is somebody's task:
/// the owner asks for the [next moment](Self::next) and [wakes](Self::wake_next) one sleeper at a
/// time. Work that has to be finished before time moves on is counted: [`Work`] counts while it is
/// held, except while it sleeps, and [`quiet`](Self::quiet) waits until none is left.
#[derive(Debug)]
pub struct HandClock {
    source: Arc<dyn Clock>,
    state: Mutex<Hands>,
    /// Rings when there is a new next moment, or another pace.
    bell: Notify,
    busy: watch::Sender<usize>,
}

/// How a clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMode {
    /// With the system's time, perhaps at a distance.
    System,
    /// Not at all.
    Frozen,
}

struct Hands {
    pace: Pace,
    /// Whether nobody waits any more.
    hurried: bool,
    sleepers: BTreeMap<(Timestamp, u64), Sleeper>,
    next_ticket: u64,
}

impl fmt::Debug for Hands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hands")
            .field("pace", &self.pace)
            .field("sleepers", &self.sleepers.len())
            .finish_non_exhaustive()
    }
}

/// How a clock goes, and what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pace {
    /// The source's time plus so many milliseconds.
    Following(i64),
    /// This moment.
    Frozen(Timestamp),
}

struct Sleeper {
    wake: oneshot::Sender<()>,
    /// Whether it counts as work once it is awake.
    works: bool,
}

impl HandClock {
    /// Starts at the source's time, going or frozen.
    pub fn new(source: Arc<dyn Clock>, mode: ClockMode) -> Self {
        let pace = match mode {
            ClockMode::System => Pace::Following(0),
            ClockMode::Frozen => Pace::Frozen(source.now()),
        };
        let state = Hands { pace, hurried: false, sleepers: BTreeMap::new(), next_ticket: 0 };
        Self { source, state: Mutex::new(state), bell: Notify::new(), busy: watch::Sender::new(0) }
    }

    /// How it goes.
    pub fn pace(&self) -> Pace {
        self.lock().pace
    }

    /// The same clock going so; nobody sleeps on it yet.
    #[must_use]
    pub fn at_pace(self, pace: Pace) -> Self {
        self.lock().pace = pace;
        self
    }

    /// Makes a clock that shows the same and goes the same way, with nobody asleep on it.
    #[must_use]
    pub fn fork(&self) -> Self {
        let pace = self.lock().pace;
        let state = Hands { pace, hurried: false, sleepers: BTreeMap::new(), next_ticket: 0 };
        Self {
            source: Arc::clone(&self.source),
            state: Mutex::new(state),
            bell: Notify::new(),
            busy: watch::Sender::new(0),
        }
    }

    /// Whether it goes.
    pub fn mode(&self) -> ClockMode {
        match self.lock().pace {
            Pace::Following(_) => ClockMode::System,
            Pace::Frozen(_) => ClockMode::Frozen,
        }
    }

    /// Whether it shows anything but its source's time.
    pub fn is_handled(&self) -> bool {
        !matches!(self.lock().pace, Pace::Following(0))
    }

    /// Stops it where it is.
    pub fn freeze(&self) {
        let mut state = self.lock();
        state.pace = Pace::Frozen(self.read(&state));
    }

    /// Lets it go on from where it is.
    pub fn resume(&self) {
        let mut state = self.lock();
        let distance = self.read(&state).as_millis().saturating_sub(self.source.now().as_millis());
        state.pace = Pace::Following(distance);
        drop(state);
        self.bell.notify_one();
    }

    /// Sets its hands, waking nobody; it goes, or stands, as before.
    pub fn set(&self, moment: Timestamp) {
        let mut state = self.lock();
        state.pace = match state.pace {
            Pace::Following(_) => {
                Pace::Following(moment.as_millis().saturating_sub(self.source.now().as_millis()))
            }
            Pace::Frozen(_) => Pace::Frozen(moment),
        };
        drop(state);
        self.bell.notify_one();
    }

    /// The earliest moment that somebody sleeps for.
    pub fn next(&self) -> Option<Timestamp> {
        self.lock().sleepers.first_key_value().map(|((moment, _), _)| *moment)
    }

    /// Wakes the sleeper with the earliest moment, if that is not after `limit`. Its work counts
    /// from now on.
    pub fn wake_next(&self, limit: Timestamp) -> bool {
        let mut state = self.lock();
        match state.sleepers.first_entry() {
            Some(entry) if entry.key().0 <= limit => {
                let sleeper = entry.remove();
                drop(state);
                self.wake(sleeper);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Wakes everybody, and from now on nobody sleeps: what waits for a moment goes on, though the
    /// clock shows what it shows. For the end, when nobody is left to move it.
    pub fn hurry(&self) {
        let sleepers = {
            let mut state = self.lock();
            state.hurried = true;
            std::mem::take(&mut state.sleepers)
        };
        for sleeper in sleepers.into_values() {
            self.wake(sleeper);
        }
    }

    /// Begins work that [`quiet`](Self::quiet) waits for.
    pub fn begin_work(self: &Arc<Self>) -> Work {
        self.busy.send_modify(|busy| *busy += 1);
        Work { clock: Arc::clone(self), counts: true }
    }

    /// Waits until no work is left but that which sleeps.
    pub async fn quiet(&self) {
        let busy = self.busy.subscribe().wait_for(|busy| *busy == 0).await.map(drop);
        debug_assert!(busy.is_ok(), "the sender lives as long as this clock");
    }

    /// Waits until this clock, going as it does now, reaches `moment`, or until it is handled or
    /// [rung](Self::ring).
    pub async fn reach(&self, moment: Option<Timestamp>) {
        let pace = self.lock().pace;
        match (moment, pace) {
            (Some(moment), Pace::Following(distance)) => {
                let there = moment.as_millis().saturating_sub(distance);
                tokio::select! {
                    () = self.source.sleep_until(Timestamp::from_millis(there)) => {}
                    () = self.bell.notified() => {}
                }
            }
            (Some(_), Pace::Frozen(_)) | (None, _) => self.bell.notified().await,
        }
    }

    /// Ends a [`reach`](Self::reach): the next moment may be another one.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Hands> {
        self.state.lock().expect("no panic under the lock")
    }

    fn read(&self, state: &Hands) -> Timestamp {
        match state.pace {
            Pace::Following(distance) => {
                Timestamp::from_millis(self.source.now().as_millis().saturating_add(distance))
            }
            Pace::Frozen(moment) => moment,
        }
    }

    fn wake(&self, sleeper: Sleeper) {
        let works = sleeper.works;
        // Counted before it wakes, so that nobody takes the gap for quiet.
        if works {
            self.busy.send_modify(|busy| *busy += 1);
        }
        if sleeper.wake.send(()).is_err() && works {
            self.busy.send_modify(|busy| *busy -= 1);
        }
    }

    /// Lies down until `moment`; `None` if it has come already.
    fn lie_down(&self, moment: Timestamp, works: bool) -> Option<oneshot::Receiver<()>> {
        let mut state = self.lock();
        if state.hurried || self.read(&state) >= moment {
            return None;
        }
        let (wake, woken) = oneshot::channel();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.sleepers.insert((moment, ticket), Sleeper { wake, works });
        drop(state);
        self.bell.notify_one();
        Some(woken)
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.read(&self.lock())
    }

    async fn sleep_until(&self, moment: Timestamp) {
        if let Some(woken) = self.lie_down(moment, false) {
            let _ = woken.await;
        }
    }
}

/// Work that has to be finished before time moves on.
#[derive(Debug)]
pub struct Work {
    clock: Arc<HandClock>,
    counts: bool,
}

impl Work {
    /// Sleeps on the clock, not counting as work meanwhile.
    pub async fn sleep_until(&mut self, moment: Timestamp) {
        if let Some(woken) = self.clock.lie_down(moment, true) {
            self.uncount();
            // An error means that the clock is gone, and with it everyone who counts.
            self.counts = woken.await.is_ok();
        }
    }

    fn uncount(&mut self) {
        if std::mem::take(&mut self.counts) {
            self.clock.busy.send_modify(|busy| *busy -= 1);
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.uncount();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::SystemClock;
    use super::*;

    fn frozen() -> Arc<HandClock> {
        let clock = Arc::new(HandClock::new(Arc::new(SystemClock), ClockMode::Frozen));
        clock.set(Timestamp::from_millis(1000));
        clock
    }

    #[test]
    fn a_frozen_clock_stands_and_a_resumed_one_goes_on_from_there() {
        let clock = frozen();
        assert_eq!(clock.now().as_millis(), 1000);
        clock.resume();
        let distance = clock.now().since(Timestamp::from_millis(1000));
        assert!(distance < Duration::from_mins(1), "{distance:?}");
        clock.freeze();
        assert_eq!(clock.now(), clock.now());
        assert_eq!(clock.mode(), ClockMode::Frozen);
    }

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_moments_and_quiet_waits_for_their_work() {
        let clock = frozen();
        let order = Arc::new(Mutex::new(Vec::new()));
        for ms in [3000, 2000, 4000] {
            let (clock, order) = (Arc::clone(&clock), Arc::clone(&order));
            let mut work = clock.begin_work();
            tokio::spawn(async move {
                work.sleep_until(Timestamp::from_millis(ms)).await;
                tokio::task::yield_now().await;
                order.lock().unwrap().push(ms);
            });
        }
        clock.quiet().await;
        assert!(order.lock().unwrap().is_empty());
        let limit = Timestamp::from_millis(3000);
        while clock.wake_next(limit) {
            clock.quiet().await;
        }
        assert_eq!(*order.lock().unwrap(), [2000, 3000]);
        assert_eq!(clock.next(), Some(Timestamp::from_millis(4000)));
    }

    #[tokio::test]
    async fn who_is_hurried_does_not_wait() {
        let clock = frozen();
        let asleep = {
            let mut work = clock.begin_work();
            tokio::spawn(async move { work.sleep_until(Timestamp::from_millis(9000)).await })
        };
        clock.quiet().await;
        clock.hurry();
        asleep.await.expect("woken");
        clock.sleep_until(Timestamp::from_millis(9000)).await;
        assert_eq!(clock.now().as_millis(), 1000, "the clock still shows what it showed");
    }

    #[tokio::test]
    async fn a_sleeper_that_gave_up_leaves_no_work_behind() {
        let clock = frozen();
        let mut work = clock.begin_work();
        let moment = Timestamp::from_millis(2000);
        tokio::select! {
            biased;
            () = work.sleep_until(moment) => panic!("woken"),
            () = std::future::ready(()) => {}
        }
        drop(work);
        assert!(clock.wake_next(moment));
        clock.quiet().await;
    }
}
