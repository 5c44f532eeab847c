//! The one source of time.

mod hand;
mod system;
mod timestamp;

use std::fmt;

use async_trait::async_trait;

pub use hand::{ClockMode, HandClock, Pace, Work};
pub use system::SystemClock;
pub use timestamp::Timestamp;

/// Tells the time and waits for it. Every deadline is asked of a clock.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Returns once [`now`](Self::now) has reached `moment`.
    async fn sleep_until(&self, moment: Timestamp);
}
