//! Medians and spreads.

use std::fmt;
use std::time::Duration;

/// What was measured again and again, in one unit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Adds a time, in milliseconds.
    pub(crate) fn add_time(&mut self, time: Duration) {
        self.add(time.as_secs_f64() * 1e3);
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// How many times the median of another sample this one's is.
    pub(crate) fn times(&self, other: &Self) -> f64 {
        self.median() / other.median()
    }

    /// The value below which this part of the sample lies, between its neighbours; not a number
    /// for an empty sample, which no limit accepts.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1).and_then(|last| u32::try_from(last).ok())
        else {
            return f64::NAN;
        };
        let place = part * f64::from(last);
        // The place lies between two indices: look for the lower one without a lossy cast.
        let below = (0..=last).take_while(|index| f64::from(*index) <= place).count() - 1;
        let above = sorted[(below + 1).min(sorted.len() - 1)];
        sorted[below] + (above - sorted[below]) * place.fract()
    }
}

/// The median, and the quartiles on either side.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let [low, median, high] = [0.25, 0.5, 0.75].map(|part| self.quantile(part));
        write!(f, "{median:.digits$} [{low:.digits$} to {high:.digits$}]")
    }
}
