//! The switches of the service: limits, and the readings of rules that the sources leave open.

/// How the service decides what the sources leave open, and how much it allows.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most sandboxes of an organisation that count toward its limit; `None` for no limit
    /// (SB-CREATE-05).
    pub max_sandboxes: Option<usize>,
    /// What `snapshot/pause` leaves of its source (SNAP-PAUSE-03).
    pub pause_source: PauseSource,
    /// What a timeout does to a sandbox without `auto_pause` (SB-TMO-03).
    pub timeout_action: TimeoutAction,
    /// Whether a snapshot can be deleted under a running copy (SNAP-DEL-03, SNAP-DEL-05).
    pub delete_in_use: DeleteInUse,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_sandboxes: Some(3),
            pause_source: PauseSource::Gone,
            timeout_action: TimeoutAction::Delete,
            delete_in_use: DeleteInUse::Refuse,
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
