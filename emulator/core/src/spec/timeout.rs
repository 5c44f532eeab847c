//! How long a sandbox lives.

use std::time::Duration;

/// Longest timeout, in seconds: eight hours.
pub const MAX_TIMEOUT_SECS: u32 = 28_800;

/// A sandbox's timeout: 1 to 28800 whole seconds, 300 by default (SB-CREATE-03,
/// SB-CREATE-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(u32);

/// The rule a refused timeout breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be between 1 and 28800 seconds")]
pub struct TimeoutRule;

impl Timeout {
    /// Checks a number of seconds.
    pub fn from_secs(secs: u32) -> Result<Self, TimeoutRule> {
        if (1..=MAX_TIMEOUT_SECS).contains(&secs) { Ok(Self(secs)) } else { Err(TimeoutRule) }
    }

    /// Whole seconds.
    pub fn as_secs(self) -> u32 {
        self.0
    }

    /// Minutes, rounded up, as the oldest clients read it.
    pub fn as_mins(self) -> u32 {
        self.0.div_ceil(60)
    }

    /// As a span of time.
    pub fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}

impl Default for Timeout {
    fn default() -> Self {
        Self(300)
    }
}
