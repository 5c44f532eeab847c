//! A fault as the catalogue has it.

use crate::model::Fault;

/// A fault as the catalogue has it.
#[derive(Debug)]
pub(crate) struct FaultEntry {
    pub(crate) fault: Fault,
    /// What a server with the fault does.
    pub(crate) what: &'static str,
    /// The rules that it breaks, named in advance.
    pub(crate) rules: &'static [&'static str],
    /// Whether it shows only while states change.
    pub(crate) slow: bool,
    /// Whether what it breaks is this project's decision, so that it is judged as that binds.
    pub(crate) ours: bool,
    /// Whether it shows only while several clients act at once, and then if they meet.
    pub(crate) race: bool,
}

pub(super) const fn entry(
    fault: Fault,
    what: &'static str,
    rules: &'static [&'static str],
) -> FaultEntry {
    FaultEntry { fault, what, rules, slow: false, ours: false, race: false }
}

pub(super) const fn slow(
    fault: Fault,
    what: &'static str,
    rules: &'static [&'static str],
) -> FaultEntry {
    FaultEntry { slow: true, ..entry(fault, what, rules) }
}

pub(super) const fn ours(
    fault: Fault,
    what: &'static str,
    rules: &'static [&'static str],
) -> FaultEntry {
    FaultEntry { ours: true, ..entry(fault, what, rules) }
}

pub(super) const fn race(
    fault: Fault,
    what: &'static str,
    rules: &'static [&'static str],
) -> FaultEntry {
    FaultEntry { race: true, ..entry(fault, what, rules) }
}

pub(super) const fn ours_slow(
    fault: Fault,
    what: &'static str,
    rules: &'static [&'static str],
) -> FaultEntry {
    FaultEntry { slow: true, ..ours(fault, what, rules) }
}
