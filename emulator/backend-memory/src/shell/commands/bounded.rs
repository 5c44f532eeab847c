//! Commands of the interpreter that stop at bounds of their own: they are watched, so that a script
//! ends which met one, wherever their complaint goes.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, ExecutionPlan, Result, SubCommand};

use crate::shell::dash::quote;
use crate::shell::kept::Kept;
use crate::shell::script::{Bound, Script, tells_of_a_cut};

/// Their names.
pub(super) const NAMES: [&str; 9] =
    ["awk", "dd", "expand", "gawk", "mawk", "nawk", "numfmt", "sed", "unexpand"];
/// The command that looks at what one of them complained about.
pub(super) const SETTLE: &str = "leap0-settle";

/// One of them.
pub(super) struct Bounded {
    pub(super) script: Arc<Script>,
    pub(super) name: &'static str,
}

/// Ends a watched command: with its status and its complaints, or the script with it.
pub(super) struct Settle(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Bounded {
    async fn execute(&self, _ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        Ok(ExecResult::err(format!("{}: not run\n", self.name), 125))
    }

    async fn execution_plan(&self, ctx: &BuiltinContext<'_>) -> Result<Option<ExecutionPlan>> {
        Ok(Some(watched(&self.script, self.name, ctx)))
    }
}

/// The interpreter's own command, watched.
pub(super) fn watched(script: &Script, name: &str, ctx: &BuiltinContext<'_>) -> ExecutionPlan {
    let complaints = script.kept.keep(String::new());
    let mut run = Kept::command(name);
    for arg in ctx.args {
        let _infallible = write!(run, " {}", quote(arg));
    }
    // As a condition, so that `set -e` does not end it before its complaints are told.
    let text = format!(
        "if {run} 2> {complaints}; then {SETTLE} 0 {complaints}; else {SETTLE} $? {complaints}; fi"
    );
    let command = SubCommand {
        name: "eval".to_owned(),
        args: vec![text],
        stdin: ctx.stdin.cloned(),
        assignments: Vec::new(),
    };
    ExecutionPlan::Batch { commands: vec![command] }
}

/// Whether a text that is to be evaluated is one of these.
pub(in crate::shell) fn is_watched(text: &str) -> bool {
    text.strip_prefix("if ").is_some_and(|run| run.starts_with(&Kept::command("")))
}

#[async_trait]
impl Builtin for Settle {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [status, path] = ctx.args else { return Ok(ExecResult::err("sh: not settled\n", 125)) };
        let complaints = self.0.kept.take(path);
        if tells_of_a_cut(&complaints) {
            self.0.stderr.take(&complaints);
            return Err(self.0.meet(Bound::CommandCut));
        }
        let complaints = String::from_utf8_lossy(&complaints).into_owned();
        Ok(ExecResult::err(complaints, status.parse().unwrap_or(125)))
    }
}
