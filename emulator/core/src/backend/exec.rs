//! Running a command inside a machine.

use std::time::Duration;

use crate::spec::EnvVars;

/// One `process/execute`.
#[derive(Clone, Debug)]
pub struct Command {
    /// The text given to `/bin/sh -c`; not empty.
    pub script: String,
    /// Working directory; the template's own when absent (PROC-04).
    pub cwd: Option<String>,
    /// Environment of this process only, over the sandbox's (PROC-03).
    pub env: EnvVars,
    /// When to kill it, counted from its start.
    pub timeout: Duration,
}

/// What a command left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Exit status; 128 + n when signal n ended it (PROC-02), 124 after the timeout (PROC-05).
    pub exit_code: i32,
    /// Standard output, as bytes.
    pub stdout: Vec<u8>,
    /// Standard error, as bytes.
    pub stderr: Vec<u8>,
}

/// How a machine ended, for the callers whose commands ended with it (PROC-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was paused; the saved state may continue later.
    Paused,
    /// It was stopped; only the disk is left.
    Stopped,
    /// It was destroyed.
    Destroyed,
    /// It died by itself.
    Lost,
}
