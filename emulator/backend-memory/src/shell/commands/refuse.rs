//! What stands in a script of `sh` for what Debian's `sh` does not do.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ControlFlow, ExecResult, Result};

use super::dialect::{Dialect, dialect};
use crate::shell::dash::complaint;
use crate::shell::script::{Bound, Script};

/// Says why and ends the command, or the whole shell.
pub(super) struct Refuse;

/// Ends the script where a command is given an option that dash does not have, and else with the
/// status that it is given.
pub(super) struct Options(pub(super) Arc<Script>);

/// Ends the shell where it has fewer parameters than it is to shift away.
pub(super) struct Shift;

/// Does nothing; but the interpreter has read all of its input by then, and keeps it for those who
/// come after.
pub(super) struct Gather;

/// Succeeds in a `sh`, and fails in a `bash`.
pub(super) struct IsSh;

#[async_trait]
impl Builtin for Refuse {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [status, how, words, ..] = ctx.args else {
            return Ok(ExecResult::err("sh: refused\n", 2));
        };
        let status = status.parse().unwrap_or(2);
        let mut refused = ExecResult::err(format!("sh: {words}\n"), status);
        if how == "exit" {
            refused.control_flow = ControlFlow::Exit(status);
        }
        Ok(refused)
    }
}

#[async_trait]
impl Builtin for Options {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [status, name, args @ ..] = ctx.args else { return Ok(ExecResult::ok("")) };
        match complaint(name, args).filter(|_| dialect(ctx.variables) == Dialect::Sh) {
            Some(words) => {
                self.0.stderr.take(format!("sh: {words}\n").as_bytes());
                Err(self.0.meet(Bound::Refused))
            }
            None => Ok(ExecResult::with_code("", status.parse().unwrap_or(0))),
        }
    }
}

#[async_trait]
impl Builtin for Shift {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [there, count, ..] = ctx.args else { return Ok(ExecResult::ok("")) };
        let words = match (there.parse::<u64>(), count.parse::<u64>()) {
            (Ok(there), Ok(count)) if count <= there => return Ok(ExecResult::ok("")),
            (Ok(_), Ok(_)) => "can't shift that many".to_owned(),
            (_, _) => format!("Illegal number: {count}"),
        };
        let mut refused = ExecResult::err(format!("sh: shift: {words}\n"), 2);
        refused.control_flow = ControlFlow::Exit(2);
        Ok(refused)
    }
}

#[async_trait]
impl Builtin for Gather {
    async fn execute(&self, _ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        Ok(ExecResult::ok(""))
    }
}

#[async_trait]
impl Builtin for IsSh {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        Ok(ExecResult::with_code("", i32::from(dialect(ctx.variables) != Dialect::Sh)))
    }
}
