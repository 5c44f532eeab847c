//! The rate limit: so many requests in a window of 60 seconds (LIM-04).

use std::time::Duration;

use super::world::World;
use crate::clock::Timestamp;

const WINDOW: Duration = Duration::from_mins(1);

/// A window and the requests in it. It begins with the first request after the one before it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RateWindow {
    ends_at: Option<Timestamp>,
    requests: usize,
}

impl World {
    /// Counts a request, or tells how long to wait until the next window.
    pub fn admit_request(&self) -> Result<(), Duration> {
        let Some(limit) = self.settings().rate_limit else {
            return Ok(());
        };
        let now = self.now();
        let mut state = self.lock();
        let window = &mut state.rate;
        let ends_at = match window.ends_at {
            Some(moment) if now < moment => moment,
            Some(_) | None => {
                *window = RateWindow { ends_at: Some(now.after(WINDOW)), requests: 0 };
                now.after(WINDOW)
            }
        };
        if window.requests >= limit {
            return Err(ends_at.since(now));
        }
        window.requests += 1;
        Ok(())
    }
}
