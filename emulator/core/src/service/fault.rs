//! Failures in the middle of the work, on demand.

use serde::{Deserialize, Serialize};

use super::drive::Job;
use crate::lifecycle::Effect;

/// A point at which work can be made to fail. What was done until then is undone, as after any
/// failure of the back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultPoint {
    /// Of a snapshot or pause: nothing is saved yet.
    BeforeCopy,
    /// Of a snapshot: everything is saved, nothing is stored under its name yet.
    BeforeCommit,
    /// Of a create, restore or start: the machine is there, but not running for the client yet.
    BeforeReady,
}

impl FaultPoint {
    /// Whether the job fails before its verb.
    pub(super) fn precedes(self, job: &Job) -> bool {
        let copies = matches!(job, Job::Snapshot(_) | Job::Plain(Effect::Pause));
        self == Self::BeforeCopy && copies
    }

    /// Whether the job fails after its verb.
    pub(super) fn follows(self, job: &Job) -> bool {
        match self {
            Self::BeforeCopy => false,
            Self::BeforeCommit => matches!(job, Job::Snapshot(_)),
            Self::BeforeReady => {
                matches!(job, Job::Create(_) | Job::Restore(..) | Job::Plain(Effect::Start))
            }
        }
    }
}
