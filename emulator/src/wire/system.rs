//! `system/*` on the wire.

use serde::Serialize;

/// The answer to `system/workdir`.
#[derive(Debug, Serialize)]
pub(crate) struct WorkdirBody {
    pub(crate) workdir: &'static str,
}

/// The answer to `system/user-home-dir` (RESP-05).
#[derive(Debug, Serialize)]
pub(crate) struct UserHomeDirBody {
    pub(crate) user_home_dir: &'static str,
    /// What the Go client reads.
    pub(crate) home_dir: &'static str,
}
