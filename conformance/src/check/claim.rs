//! One thing that a check looked at.

/// What a check says of a rule after it looked.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) rule: &'static str,
    pub(crate) kind: Kind,
    /// What has to be so, in words.
    pub(crate) what: String,
    pub(crate) held: bool,
    /// What was seen instead; of interest if it did not hold.
    pub(crate) seen: String,
    /// The exchange that shows it, by its place among those of the check.
    pub(crate) exchange: Option<usize>,
}

/// Whether everybody is bound by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The statement of the rule.
    Statement,
    /// This project's decision where the sources stop.
    Decision,
}
