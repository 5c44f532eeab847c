//! A run: the target is asked what it speaks, checks climb the ladder, and everything is removed.

mod grade;
mod known;
mod ladder;
mod ledger;
mod options;
mod restart;
mod session;

pub(crate) use grade::{Evidence, Graded, Grades, Verdict, chosen, grade, is_wanted};
pub(crate) use known::{BadKnown, Known};
pub(crate) use ladder::{Done, Ending, climb, is_core};
pub(crate) use ledger::leftovers;
pub(crate) use options::Settings;
pub use options::{CapabilityFlag, Profile, RunOptions, Shard};
pub(crate) use restart::Restart;
pub(crate) use session::Session;
