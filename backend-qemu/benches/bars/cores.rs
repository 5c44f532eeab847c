//! The processors that everything runs on: the bars are meant for a small host.

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// As many as the bars speak of.
pub(crate) const TWO: usize = 2;

/// Keeps this thread, the threads that it starts and the programs that those start to so many
/// processors, or to fewer where there are no more.
pub(crate) fn keep_to(count: usize) -> Result<()> {
    let allowed = sched_getaffinity(None).context("cannot read which processors there are")?;
    let mut chosen = CpuSet::new();
    for cpu in (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu)).take(count) {
        chosen.set(cpu);
    }
    sched_setaffinity(None, &chosen).context("cannot choose processors")
}
