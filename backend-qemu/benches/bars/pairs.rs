//! Two ways to the same end, measured by turns.

use std::time::Duration;

use crate::report::{Line, Unit};
use crate::statistics::Sample;

/// Times in pairs. What is compared is the times of each pair, so that what slows down both, as
/// whatever else the host does, says nothing.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    measured: Sample,
    reference: Sample,
    ratios: Sample,
    count: usize,
}

impl Pairs {
    pub(crate) fn add(&mut self, measured: Duration, reference: Duration) {
        self.measured.add_time(measured);
        self.reference.add_time(reference);
        self.ratios.add(measured.as_secs_f64() / reference.as_secs_f64());
        self.count += 1;
    }

    /// The median ratio, against the most that it may be; `reference` says what the times are
    /// compared with.
    pub(crate) fn line(&self, bar: &'static str, limit: f64, reference: &str) -> Line {
        let Self { measured, reference: times, ratios, count } = self;
        let detail =
            format!("{ratios} x: {measured:.0} ms, {reference} {times:.0} ms; {count} pairs");
        Line::new(bar, ratios.median(), Unit::Times, limit).with_detail(detail)
    }
}
