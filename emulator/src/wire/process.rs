//! `process/execute` on the wire.

use std::borrow::Cow;
use std::time::Duration;

use leap0_emulator_core::backend::{Command, Output};
use serde::Serialize;

use super::sandbox::env;
use super::{FieldError, Fields};

/// Seconds a command may run unless the request says otherwise.
const DEFAULT_TIMEOUT_SECS: u64 = 30;
/// Longest time waited for a command: no sandbox outlives it (PROC-06).
const MAX_TIMEOUT_SECS: u64 = 28_800;

/// What a command left behind, in the words of every era (RESP-04).
#[derive(Debug, Serialize)]
pub(crate) struct ExecBody<'a> {
    exit_code: i32,
    stdout: Cow<'a, str>,
    stderr: Cow<'a, str>,
    /// What the oldest clients read: the same as `stdout` (PROC-09).
    result: Cow<'a, str>,
}

impl<'a> ExecBody<'a> {
    pub(crate) fn of(output: &'a Output) -> Self {
        // PROC-07
        let stdout = String::from_utf8_lossy(&output.stdout);
        Self {
            exit_code: output.exit_code,
            stderr: String::from_utf8_lossy(&output.stderr),
            result: stdout.clone(),
            stdout,
        }
    }
}

/// Reads `process/execute`.
pub(crate) fn execute(mut fields: Fields) -> Result<Command, Vec<FieldError>> {
    let script = fields.required_text("command");
    match script.as_deref() {
        Some("") => fields.refuse("command", "must not be empty"),
        Some(text) if text.contains('\0') => {
            fields.refuse("command", "must not contain a NUL character");
        }
        Some(_) | None => {}
    }
    let cwd = fields.text("cwd");
    if cwd.as_deref().is_some_and(|cwd| cwd.is_empty() || cwd.contains('\0')) {
        fields.refuse("cwd", "must be a path without a NUL character");
    }
    // REQ-05
    let (envs, older) = (env(&mut fields, "envs"), env(&mut fields, "env"));
    // PROC-06: models are told milliseconds and send very large numbers.
    let timeout = fields.int("timeout", 1..=u64::MAX).unwrap_or(DEFAULT_TIMEOUT_SECS);
    fields.finish(|| Command {
        script: script.expect("refused without one"),
        cwd,
        env: envs.or(older).unwrap_or_default(),
        timeout: Duration::from_secs(timeout.min(MAX_TIMEOUT_SECS)),
    })
}
