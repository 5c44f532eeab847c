//! Faults of what a local server offers to be controlled by.

use super::entry::{FaultEntry, entry, slow};
use crate::model::Fault as F;

pub(super) const ENTRIES: &[FaultEntry] = &[
    entry(F::RateNeverRecovers, "refuses requests for ever after too many", &["LIM-04"]),
    entry(F::ClockDoesNotStand, "lets a frozen clock go on", &["CTL-01"]),
    entry(F::ClockJumps, "lets what fell due happen when the clock has arrived", &["CTL-02"]),
    slow(
        F::TimeoutsWaitForChanges,
        "lets nothing time out while anything changes its state, where a clock stands",
        &["CTL-02"],
    ),
    entry(F::ResetKeepsSnapshots, "keeps the snapshots in a reset", &["CTL-03"]),
    entry(
        F::ResetForgetsAll,
        "forgets every organisation in a reset while a command runs",
        &["CTL-03"],
    ),
    entry(F::ForkLosesMemory, "copies disks in a fork, and not memory", &["CTL-04"]),
    entry(F::ForksAreOne, "shows in a fork what is done in the original", &["CTL-04"]),
    entry(F::ForkReplaces, "forks to where something is", &["CTL-05"]),
    entry(F::ImportReplaces, "imports to where something is", &["CTL-05"]),
    slow(F::ForksInTransition, "forks what is in transition", &["CTL-05"]),
    entry(F::ImportBeginsAnew, "gives imported sandboxes their whole time again", &["CTL-06"]),
    entry(F::ImportForgetsStopped, "imports no stopped sandboxes", &["CTL-06"]),
    entry(F::ImportsAnything, "imports what was tampered with", &["CTL-07"]),
    entry(F::FaultsAreForgotten, "does not fail when it was told to", &["CTL-08"]),
    entry(F::FailedCaptureIsStored, "stores a snapshot that it says has failed", &["CTL-08"]),
    entry(F::FailedLaunchStays, "keeps a sandbox whose launch has failed", &["CTL-08"]),
    entry(F::RestartLosesMemory, "loses memory in a restart", &["CTL-09"]),
    entry(F::RestartForgetsStopped, "forgets stopped sandboxes in a restart", &["CTL-09"]),
    entry(F::RestartForgetsSnapshots, "forgets snapshots in a restart", &["CTL-09"]),
    entry(F::RestartSetsTheClock, "forgets in a restart what the clock was set to", &["CTL-09"]),
];
