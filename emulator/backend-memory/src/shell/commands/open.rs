//! What the interpreter does too late: it opens what a command is redirected to.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::absolute;
use super::locate::{Located, locate};
use crate::shell::children;
use crate::shell::dash::{self, Demand};
use crate::shell::hook::climbs;
use crate::shell::script::{Bound, Script, UMASK_VARIABLE};
use crate::tree::{Body, Links};

/// Mode of a new file, less the umask.
const FILE_MODE: u32 = 0o666;
/// What `timeout` ends with where it has ended a command.
const TIMED_OUT: i32 = 124;
const KILLED: i32 = 137;

/// Ends the script if the one that has just ended was killed: what it has written is lost.
pub(super) struct Lost(pub(super) Arc<Script>);

/// Opens files and ends with the status that it is given.
pub(super) struct Open(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Open {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        self.0.follow_umask(ctx.variables);
        let keeps = ctx.variables.get("SHOPT_C").is_some_and(|set| set == "1");
        let (status, targets) =
            ctx.args.split_first().map_or(("0", &[][..]), |(first, rest)| (first, rest));
        for target in targets.chunks_exact(2) {
            if target[0] == "keep-umask" {
                // A child process has none of its own until it sets one.
                let umask = format!("{:04o}", self.0.umask());
                ctx.variables.insert(UMASK_VARIABLE.to_owned(), umask);
                continue;
            }
            let is_fed = ctx.stdin.is_some_and(|input| !input.is_empty());
            let of_file = || children::demand(&self.0, &absolute(ctx.cwd, &target[1]));
            let of_located = |how| match locate(&self.0, &ctx, how, &target[1]) {
                Located::File(path) => children::demand(&self.0, &absolute(ctx.cwd, &path)),
                // What it is given as its own is not known here.
                Located::Shell(_) => Demand::All,
                Located::Interpreter | Located::Missing(_) => Demand::Nothing,
            };
            let (is_refused, words) = match target[0].as_str() {
                "refuse" => (true, target[1].as_str()),
                "fed" => (is_fed, target[1].as_str()),
                "takes" => (is_fed && of_file() == Demand::All, dash::SHARED),
                "reads" => (is_fed && of_file() != Demand::Nothing, dash::SHARED),
                "reads-split" => (is_fed && of_located("split") != Demand::Nothing, dash::SHARED),
                "reads-whole" => (is_fed && of_located("whole") != Demand::Nothing, dash::SHARED),
                "reads-text" => {
                    (is_fed && dash::demand(&target[1], false) != Demand::Nothing, dash::SHARED)
                }
                _ => (false, ""),
            };
            if is_refused {
                self.0.stderr.take(format!("sh: {words}\n").as_bytes());
                return Err(self.0.meet(Bound::Refused));
            }
            let path = absolute(ctx.cwd, &target[1]);
            if climbs(&self.0, &path) {
                let words =
                    format!("sh: {}: `..` after a symbolic link: not supported here\n", target[1]);
                self.0.stderr.take(words.as_bytes());
                return Err(self.0.meet(Bound::Climbs));
            }
            match target[0].as_str() {
                "new" | "new-held" if keeps => continue,
                "new" | "new-held" => self.open(&path, true),
                "add" | "add-held" => self.open(&path, false),
                _ => continue,
            }
            if target[0].ends_with("-held") {
                self.0.hold(&path);
            }
        }
        Ok(ExecResult::with_code("", status.parse().unwrap_or(0)))
    }
}

#[async_trait]
impl Builtin for Lost {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let status = ctx.args.first().and_then(|status| status.parse().ok()).unwrap_or(0);
        if matches!(status, TIMED_OUT | KILLED) {
            return Err(self.0.meet(Bound::OutputLost));
        }
        Ok(ExecResult::with_code("", status))
    }
}

impl Open {
    /// Makes or empties a file. What can't be opened the interpreter finds out itself.
    fn open(&self, path: &str, anew: bool) {
        let caller = self.0.live.caller();
        let mode = self.0.masked(FILE_MODE);
        let _found_out_later = self.0.change(|tree| match tree.find(path, Links::Follow, caller) {
            Ok(node) if anew && matches!(node.body, Body::File(_)) => {
                tree.write(path, Vec::new(), None, caller)
            }
            Ok(_) => Ok(()),
            Err(_) => tree.append(path, b"", mode, caller),
        });
    }
}
