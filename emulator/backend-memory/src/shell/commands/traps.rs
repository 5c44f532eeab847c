//! What `trap` lists, as Debian's `sh` writes it.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use crate::shell::script::{Bound, Script};

/// Prints what the interpreter's `trap` has said. It is given the numbers of the shell and of the
/// subshell that this is in.
pub(super) struct Traps(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Traps {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [shell, subshell, said, ..] = ctx.args else { return Ok(ExecResult::ok("")) };
        // A subshell of dash lists its own alone, and the interpreter those around it too.
        if shell != subshell && !said.is_empty() {
            self.0.stderr.take(b"sh: trap: a list in a subshell is not supported here\n");
            return Err(self.0.meet(Bound::Refused));
        }
        let mut told = String::new();
        for line in said.lines() {
            match line.rsplit_once("' SIG") {
                Some((action, signal)) => told.extend([action, "' ", signal, "\n"]),
                None => told.extend([line, "\n"]),
            }
        }
        Ok(ExecResult::ok(told.replace(r"'\''", r#"'"'"'"#)))
    }
}
