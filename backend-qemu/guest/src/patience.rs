//! Waiting for what nobody tells.

use std::thread;
use std::time::{Duration, Instant};

/// How often it is asked for.
const INTERVAL: Duration = Duration::from_millis(5);

/// Asks until there is an answer, but only for so long. For devices: the kernel tells of them whom
/// this small system does without.
pub(crate) fn wait_for<T>(patience: Duration, ask: impl Fn() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        match ask() {
            None if start.elapsed() < patience => thread::park_timeout(INTERVAL),
            answer => return answer,
        }
    }
}
