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
    /// Of a create, restore, start or resume: the machine is there, but not running for the client
    /// yet.
    BeforeReady,
}

/// On which side of a job's verb it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl FaultPoint {
    /// Where in a job the point is, if it is one of its.
    pub(super) fn side(self, job: &Job) -> Option<Side> {
        match (self, job) {
            (Self::BeforeCopy, Job::Snapshot(_) | Job::Plain(Effect::Pause)) => Some(Side::Before),
            (Self::BeforeCommit, Job::Snapshot(_))
            | (
                Self::BeforeReady,
                Job::Create(_) | Job::Restore(..) | Job::Plain(Effect::Start | Effect::Resume),
            ) => Some(Side::After),
            (Self::BeforeCopy | Self::BeforeCommit | Self::BeforeReady, _) => None,
        }
    }
}
