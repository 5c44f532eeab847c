//! The API one call after another, as far as histories are judged by it: a pure state machine,
//! written from the rules.
//!
//! ```text
//! running ──▶ Capturing ──▶ running          paused ──▶ Unpausing ──▶ running
//! running ──▶ Pausing ──▶ paused             running, paused, stopped ──▶ Deleting ──▶ (gone)
//! running ──▶ Stopping ──▶ stopped ──▶ Starting ──▶ running
//! ```
//!
//! Where the sources stop it takes every answer for right that some server may give: a false alarm
//! is worse than a contradiction that goes unseen. It knows neither limits nor timeouts.

use std::rc::Rc;

/// Everything that is there. Both lists are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) sandboxes: Vec<Sandbox>,
    pub(super) names: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sandbox {
    pub(super) id: u32,
    pub(super) phase: Phase,
    /// The snapshot that it was restored from.
    pub(super) from: Option<u32>,
    pub(super) files: Files,
}

/// What each file holds.
pub(super) type Files = Rc<[u32]>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Running,
    Paused,
    Stopped,
    Starting,
    Capturing,
    Pausing,
    Unpausing,
    Stopping,
    Deleting,
}

/// A name of a snapshot that is not free.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    pub(super) id: u32,
    pub(super) hold: Hold,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hold {
    /// It is given to a snapshot that is not there yet.
    Making {
        snapshot: u32,
        files: Files,
    },
    Stored {
        snapshot: u32,
        files: Files,
    },
    /// The snapshot is gone, and the name not yet free.
    Removing {
        snapshot: u32,
    },
}

/// How far a call has come: not begun.
pub(super) const FRESH: u8 = 0;
/// Its first step was taken.
pub(super) const BEGUN: u8 = 1;
/// A capture after which the source runs again, and that is not stored yet.
pub(super) const SOURCE_BACK: u8 = 2;
/// A capture that is stored, and whose source does not run yet.
pub(super) const STORED: u8 = 3;
pub(super) const DONE: u8 = u8::MAX;

impl Phase {
    /// Whether a use can be done in it. What was let in before a sandbox is paused, stopped or deleted
    /// counts as done before. A sandbox that is captured may go on before that is at its end, and
    /// that its uses wait is no source's word (STATE-USE-SNAPSHOTTING); but the snapshot holds what
    /// was there when its capture began.
    pub(super) fn serves(self) -> bool {
        matches!(self, Self::Running | Self::Capturing)
    }

    /// Whether it is on the way to another.
    pub(super) fn is_passing(self) -> bool {
        !matches!(self, Self::Running | Self::Paused | Self::Stopped)
    }
}

/// What holds for the whole history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    pub(super) files: usize,
    /// Whether a snapshot is kept while a copy of it runs.
    pub(super) keeps_used: bool,
    /// Ids of snapshots from here on were given by answers that nobody got.
    pub(super) first_untold: u32,
}

impl State {
    pub(super) fn sandbox(&self, id: u32) -> Option<&Sandbox> {
        let place = self.sandboxes.binary_search_by_key(&id, |sandbox| sandbox.id).ok()?;
        Some(&self.sandboxes[place])
    }

    pub(super) fn hold(&self, name: u32) -> Option<&Hold> {
        let place = self.names.binary_search_by_key(&name, |name| name.id).ok()?;
        Some(&self.names[place].hold)
    }

    pub(super) fn phase(&self, id: u32) -> Option<Phase> {
        self.sandbox(id).map(|sandbox| sandbox.phase)
    }

    /// The same with a sandbox in another phase.
    pub(super) fn with_phase(&self, id: u32, phase: Phase) -> Self {
        let mut next = self.clone();
        if let Ok(place) = next.sandboxes.binary_search_by_key(&id, |sandbox| sandbox.id) {
            next.sandboxes[place].phase = phase;
        }
        next
    }

    pub(super) fn with_sandbox(&self, sandbox: Sandbox) -> Self {
        let mut next = self.clone();
        let place = next.sandboxes.partition_point(|known| known.id < sandbox.id);
        next.sandboxes.insert(place, sandbox);
        next
    }

    pub(super) fn without_sandbox(&self, id: u32) -> Self {
        let mut next = self.clone();
        next.sandboxes.retain(|sandbox| sandbox.id != id);
        next
    }

    pub(super) fn with_value(&self, id: u32, file: u32, value: u32) -> Self {
        let mut next = self.clone();
        if let Ok(place) = next.sandboxes.binary_search_by_key(&id, |sandbox| sandbox.id) {
            let mut files = next.sandboxes[place].files.to_vec();
            if let Some(held) = files.get_mut(file as usize) {
                *held = value;
            }
            next.sandboxes[place].files = files.into();
        }
        next
    }

    /// The same with a name held like this, or free.
    pub(super) fn with_hold(mut self, name: u32, hold: Option<Hold>) -> Self {
        let place = self.names.partition_point(|known| known.id < name);
        let there = self.names.get(place).is_some_and(|known| known.id == name);
        match (there, hold) {
            (true, Some(hold)) => self.names[place].hold = hold,
            (false, Some(hold)) => self.names.insert(place, Name { id: name, hold }),
            (true, None) => drop(self.names.remove(place)),
            (false, None) => {}
        }
        self
    }
}

impl Machine {
    /// Whether one id can be that of the snapshot that is stored: what an open call made has an id
    /// that was never told, and so may turn up under any.
    pub(super) fn is(&self, stored: u32, told: u32) -> bool {
        stored == told || (stored >= self.first_untold && told >= self.first_untold)
    }
}
