//! The phases of a sandbox, and the states that clients see.

use std::fmt;

use crate::clock::Timestamp;
use crate::spec::Timeout;

/// Where a sandbox stands. A phase carries what only it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A machine is being made.
    Starting(Launch),
    /// The machine runs until the deadline (SB-TMO-01).
    Running {
        /// When the timeout strikes.
        deadline: Timestamp,
    },
    /// A named snapshot is being taken (SB-05, SNAP-CREATE-03).
    Snapshotting {
        /// When the timeout strikes; the capture is finished first (SB-TMO-04).
        deadline: Timestamp,
        /// What becomes of the sandbox once the snapshot is stored.
        then: AfterSnapshot,
    },
    /// Memory and disk are being saved for a pause, under no name (SB-PAUSE-03); clients see
    /// `snapshotting`.
    Pausing {
        /// When the timeout strikes should the pause fail.
        deadline: Timestamp,
    },
    /// Memory and disk are saved, no machine exists, no clock runs (SB-TMO-05).
    Paused,
    /// The machine is being brought back from its saved state.
    Unpausing,
    /// The machine is being ended, its disk kept (SB-STOP-02).
    Stopping {
        /// When the timeout strikes should the stop fail.
        deadline: Timestamp,
    },
    /// Only the disk exists, no clock runs (SB-TMO-05).
    Stopped,
    /// Everything is being removed.
    Deleting,
    /// Nothing is left; the service forgets the sandbox.
    Deleted,
}

/// What a machine is being made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// A template or a snapshot: a new sandbox, which does not exist if this fails.
    New,
    /// The disk of a stopped sandbox, which stays stopped if this fails.
    FromDisk,
}

/// What becomes of the source once a snapshot of it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterSnapshot {
    /// It runs on (SNAP-CREATE-04).
    Run,
    /// It is paused: the other reading of SNAP-PAUSE-03.
    Pause,
    /// It is deleted (SNAP-KILL-01, SNAP-PAUSE-01, SNAP-PAUSE-03).
    Delete,
}

/// What the timeout does to a running sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtDeadline {
    /// Pause it (SB-TMO-02).
    Pause,
    /// Delete it (SB-TMO-03).
    Delete,
    /// Stop it: the other reading of SB-TMO-03.
    Stop,
}

/// What was agreed for a sandbox and does not change with its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long it runs from each launch.
    pub timeout: Timeout,
    /// What happens then.
    pub at_deadline: AtDeadline,
}

/// A sandbox's state in the API's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// `starting`
    Starting,
    /// `running`
    Running,
    /// `snapshotting`
    Snapshotting,
    /// `paused`
    Paused,
    /// `unpausing`
    Unpausing,
    /// `stopping`
    Stopping,
    /// `stopped`
    Stopped,
    /// `deleting`
    Deleting,
    /// `deleted`
    Deleted,
}

impl State {
    /// Every state, in the order of the vendor's enumeration.
    pub const ALL: [Self; 9] = [
        Self::Starting,
        Self::Stopping,
        Self::Running,
        Self::Snapshotting,
        Self::Paused,
        Self::Unpausing,
        Self::Stopped,
        Self::Deleting,
        Self::Deleted,
    ];

    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Snapshotting => "snapshotting",
            Self::Paused => "paused",
            Self::Unpausing => "unpausing",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Phase {
    /// What clients see.
    pub fn state(&self) -> State {
        match self {
            Self::Starting(_) => State::Starting,
            Self::Running { .. } => State::Running,
            Self::Snapshotting { .. } | Self::Pausing { .. } => State::Snapshotting,
            Self::Paused => State::Paused,
            Self::Unpausing => State::Unpausing,
            Self::Stopping { .. } => State::Stopping,
            Self::Stopped => State::Stopped,
            Self::Deleting => State::Deleting,
            Self::Deleted => State::Deleted,
        }
    }

    /// When the timeout strikes, for phases with a running clock (SB-TMO-05).
    pub fn deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Running { deadline }
            | Self::Snapshotting { deadline, .. }
            | Self::Pausing { deadline }
            | Self::Stopping { deadline } => Some(*deadline),
            Self::Starting(_)
            | Self::Paused
            | Self::Unpausing
            | Self::Stopped
            | Self::Deleting
            | Self::Deleted => None,
        }
    }

    /// Whether an effect is under way.
    pub fn in_transition(&self) -> bool {
        match self {
            Self::Starting(_)
            | Self::Snapshotting { .. }
            | Self::Pausing { .. }
            | Self::Unpausing
            | Self::Stopping { .. }
            | Self::Deleting => true,
            Self::Running { .. } | Self::Paused | Self::Stopped | Self::Deleted => false,
        }
    }

    /// Whether the sandbox counts toward the organisation's limit (SB-CREATE-06).
    pub fn counts_toward_limit(&self) -> bool {
        match self {
            Self::Starting(_)
            | Self::Running { .. }
            | Self::Snapshotting { .. }
            | Self::Pausing { .. }
            | Self::Paused
            | Self::Unpausing
            | Self::Stopping { .. } => true,
            Self::Stopped | Self::Deleting | Self::Deleted => false,
        }
    }

    /// Whether the sandbox has a live or changing machine, so that the snapshot it was restored
    /// from is in use (SNAP-DEL-03).
    pub fn is_active(&self) -> bool {
        match self {
            Self::Starting(_)
            | Self::Running { .. }
            | Self::Snapshotting { .. }
            | Self::Pausing { .. }
            | Self::Unpausing
            | Self::Stopping { .. } => true,
            Self::Paused | Self::Stopped | Self::Deleting | Self::Deleted => false,
        }
    }
}
