//! Whom the guest talks to at present.

use std::sync::{Mutex, PoisonError};

/// The present session; none before the first hello.
#[derive(Debug, Default)]
pub(super) struct Session(Mutex<Option<u64>>);

impl Session {
    /// From now on it is this one.
    pub(super) fn begin(&self, session: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    }

    /// Whether it is this one.
    pub(super) fn is(&self, session: u64) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) == Some(session)
    }
}
