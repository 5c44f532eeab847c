//! The switches of the service: limits, and the readings of rules that the sources leave open.

use super::Transitions;
use crate::clock::ClockMode;

/// How the service decides what the sources leave open, and how much it allows.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most sandboxes of an organisation that count toward its limit; `None` for no limit
    /// (SB-CREATE-05, LIM-03).
    pub max_sandboxes: Option<usize>,
    /// Most requests of an organisation in a window of 60 seconds; `None` for no limit (LIM-04).
    pub rate_limit: Option<usize>,
    /// What `snapshot/pause` leaves of its source (SNAP-PAUSE-03).
    pub pause_source: PauseSource,
    /// What a timeout does to a sandbox without `auto_pause` (SB-TMO-03).
    pub timeout_action: TimeoutAction,
    /// Whether a snapshot can be deleted under a running copy (SNAP-DEL-03, SNAP-DEL-05).
    pub delete_in_use: DeleteInUse,
    /// How long transitions take.
    pub transitions: Transitions,
    /// How the clock of a new world goes.
    pub clock: ClockMode,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_sandboxes: Some(3),
            rate_limit: None,
            pause_source: PauseSource::Gone,
            timeout_action: TimeoutAction::Delete,
            delete_in_use: DeleteInUse::Refuse,
            transitions: Transitions::Instant,
            clock: ClockMode::System,
        }
    }
}

/// What `snapshot/pause` leaves of its source (SNAP-PAUSE-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseSource {
    /// Nothing: it is deleted.
    Gone,
    /// A paused sandbox, which a use resumes.
    Paused,
}

/// What a timeout does to a sandbox without `auto_pause` (SB-TMO-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutAction {
    /// Delete it.
    Delete,
    /// Stop it.
    Stop,
}

/// Whether a snapshot can be deleted under a running copy (SNAP-DEL-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteInUse {
    /// No: 409.
    Refuse,
    /// Yes, as on the oldest documentation page.
    Allow,
}
