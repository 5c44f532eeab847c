//! Whether a text was run to its end: an error in arithmetic ends a `sh`, and in the interpreter
//! only the file that it is in.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ControlFlow, ExecResult, Result};

use crate::shell::script::Script;

/// Notes that the end was reached, and ends with the status that it is given.
pub(super) struct Reached(pub(super) Arc<Script>);

/// Ends the shell where that was not noted.
pub(super) struct Expect(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Reached {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [status, note, ..] = ctx.args else { return Ok(ExecResult::ok("")) };
        self.0.kept.write(Path::new(note), b"reached", true);
        Ok(ExecResult::with_code("", status.parse().unwrap_or(0)))
    }
}

#[async_trait]
impl Builtin for Expect {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [status, note, ..] = ctx.args else { return Ok(ExecResult::ok("")) };
        let is_reached = !self.0.kept.take(note).is_empty();
        let status = if is_reached { status.parse().unwrap_or(0) } else { 2 };
        let mut result = ExecResult::with_code("", status);
        if !is_reached {
            result.control_flow = ControlFlow::Exit(status);
        }
        Ok(result)
    }
}
