//! Commands in place of the interpreter's own, where those give a silently wrong answer: they stop
//! at small bounds inside a pipe, know no owners, or take a link for what it is not.

mod bounded;
mod cd;
mod chmod;
mod chown;
mod condition;
mod cp;
mod df;
mod dialect;
mod diff;
mod echo;
mod expr;
mod find;
mod head;
mod identity;
mod locate;
mod ls;
mod mkdir;
mod mktemp;
mod mode;
mod moment;
mod mv;
mod open;
mod operands;
mod reached;
mod refuse;
mod rm;
mod seq;
mod sleep;
mod stat;
mod tar;
mod tee;
mod traps;
mod umask;
mod yes;

use std::io::ErrorKind;
use std::sync::Arc;

use bashkit::{
    BashBuilder, BuiltinRegistry, CommandContext, CommandOutput, CommandStatus, Error, Result,
};

use super::script::Script;
use super::{dash, devices};
pub(super) use bounded::is_watched;
pub(super) use dialect::PRELUDE;
use identity::{absolute, device_number};

/// Commands that are not the interpreter's own: they follow paths as Linux does.
pub(super) const REPLACED: [&str; 25] = [
    "[", "cd", "chgrp", "chmod", "chown", "cp", "echo", "expr", "find", "head", "ls", "mkdir",
    "mktemp", "mv", "rm", "seq", "sleep", "stat", "tee", "test", "umask", "yes", "true", "false",
    ":",
];

/// Bytes that a command writes at once.
const CHUNK_BYTES: usize = 16 << 10;

/// Adds the commands to an interpreter that runs `script`.
pub(super) fn install(bash: BashBuilder, script: &Arc<Script>) -> BashBuilder {
    let script = || Arc::clone(script);
    let registry = BuiltinRegistry::new();
    for name in bounded::NAMES {
        registry.insert(name, Arc::new(bounded::Bounded { script: script(), name }));
    }
    registry.insert("tar", Arc::new(tar::Tar(script())));
    registry.insert("diff", Arc::new(diff::Diff(script())));
    registry.insert("find", Arc::new(find::Find(script())));
    bash.builtin_registry(registry)
        .builtin(bounded::SETTLE, Box::new(bounded::Settle(script())))
        .builtin("[", Box::new(condition::Test::bracket(script())))
        .builtin("cd", Box::new(cd::Cd(script())))
        .builtin("echo", Box::new(echo::Echo(script())))
        .builtin("test", Box::new(condition::Test::plain(script())))
        .builtin("umask", Box::new(umask::Umask(script())))
        .builtin(dash::REFUSE, Box::new(refuse::Refuse))
        .builtin(dash::EXPECT, Box::new(reached::Expect(script())))
        .builtin(dash::REACHED, Box::new(reached::Reached(script())))
        .builtin(dash::SHIFT, Box::new(refuse::Shift))
        .builtin(tar::RESTORE, Box::new(tar::Restore(script())))
        .builtin(diff::DATE, Box::new(diff::Date(script())))
        .builtin(dash::OPEN, Box::new(open::Open(script())))
        .builtin(dash::LOCATE, Box::new(locate::Locate(script())))
        .builtin(dash::LOST, Box::new(open::Lost(script())))
        .builtin("df", Box::new(df::Df(script())))
        .builtin(dash::OPTIONS, Box::new(refuse::Options(script())))
        .builtin(dash::GATHER, Box::new(refuse::Gather))
        .builtin(dash::TRAPS, Box::new(traps::Traps(script())))
        .builtin(dash::IS_SH, Box::new(refuse::IsSh))
        .command("chgrp", chown::Chown::group(script()))
        .command("chmod", chmod::Chmod(script()))
        .command("chown", chown::Chown::owner(script()))
        .command("cp", cp::Cp(script()))
        .command("expr", expr::Expr)
        .command("head", head::Head(script()))
        .command("ls", ls::Ls(script()))
        .command("mkdir", mkdir::Mkdir(script()))
        .command("mktemp", mktemp::Mktemp(script()))
        .command("mv", mv::Mv(script()))
        .command("rm", rm::Rm(script()))
        .command("seq", seq::Seq)
        .command("sleep", sleep::Sleep)
        .command("stat", stat::Stat(script()))
        .command("tee", tee::Tee)
        .command("yes", yes::Yes)
}

/// Ends a command with a line on standard error.
async fn fail(ctx: &CommandContext<'_>, words: &str, exit_code: i32) -> Result<CommandStatus> {
    complain(ctx, words).await?;
    Ok(CommandStatus::with_code(exit_code))
}

/// Writes a line on standard error, in the name of the command.
async fn complain(ctx: &CommandContext<'_>, words: &str) -> Result<()> {
    match ctx.stderr.write_all(format!("{}: {words}\n", ctx.name).as_bytes()).await {
        // Nobody listens to what went wrong.
        Err(Error::Io(_)) => Ok(()),
        other => other,
    }
}

/// Writes output that is made a piece at a time, and gathers pieces into larger writes.
struct Writer<'o> {
    output: &'o CommandOutput,
    gathered: Vec<u8>,
}

impl<'o> Writer<'o> {
    fn new(output: &'o CommandOutput) -> Self {
        Self { output, gathered: Vec::new() }
    }

    /// Writes `bytes` sooner or later; false once nobody reads any more.
    async fn write(&mut self, bytes: &[u8]) -> Result<bool> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() < CHUNK_BYTES { Ok(true) } else { self.flush().await }
    }

    /// Writes what has been gathered; false once nobody reads any more.
    async fn flush(&mut self) -> Result<bool> {
        let bytes = std::mem::take(&mut self.gathered);
        match self.output.write_all(&bytes).await {
            Ok(()) => Ok(true),
            Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes the rest and ends the command: with 128 + `SIGPIPE` if nobody read it.
    async fn finish(mut self) -> Result<CommandStatus> {
        let heard = self.flush().await?;
        Ok(CommandStatus::with_code(if heard { 0 } else { BROKEN_PIPE }))
    }
}

/// 128 + `SIGPIPE`.
const BROKEN_PIPE: i32 = 141;
