//! Where a target went another way than the model.

use super::Action;

/// The label of what is done after the last step.
pub(crate) const END: usize = usize::MAX;

/// The first thing in a sequence that is not as predicted.
#[derive(Clone, Debug)]
pub(crate) struct Contradiction {
    /// The rule that is broken.
    pub(crate) rule: &'static str,
    /// The step that shows it; [`END`] if none does.
    pub(crate) label: usize,
    /// What was to be seen.
    pub(crate) wanted: String,
    /// What was seen.
    pub(crate) seen: String,
    /// What was done after the last step for it to be seen.
    pub(crate) tail: Vec<Action>,
    /// The sandbox or snapshot, by the step that made it.
    pub(crate) on: Option<usize>,
    /// Which request of the step shows it: a part of its line or body.
    pub(crate) request: String,
    /// What its answer was to be.
    pub(crate) expect: Expected,
}

/// What an answer was to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Of this status.
    Status(u16),
    /// A refusal; the sources leave open with which status.
    Refused,
    /// A sandbox in this state.
    State(String),
    /// The contents of a file.
    Contents(String),
}
