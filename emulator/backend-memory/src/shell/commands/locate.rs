//! The file that a command is: in `PATH`, or named by an expansion.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::absolute;
use super::dialect::{Dialect, dialect};
use crate::shell::dash::{IN, REFUSE, RUN, is_of_bash, quote};
use crate::shell::kept::STAND_IN;
use crate::shell::programs::{is_of_shell, is_own};
use crate::shell::script::Script;
use crate::tree::{Contents, Right};

/// Prints the path of what is to run in place of a command, before whose name it stands: nothing if
/// the interpreter itself is to. Is given one of these:
///
/// - `whole` and a name;
/// - `split`, what is split into a name and operands, and a name in case that is nothing;
/// - `print` and the same, which is printed too, and a status in case that is nothing;
/// - `read` and the name of a file, whose path is printed.
pub(super) struct Locate(pub(super) Arc<Script>);

/// What a command is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Located {
    /// One that the interpreter runs, or that nobody has.
    Interpreter,
    /// None, whatever the interpreter has.
    Missing(String),
    /// A shell, which reads scripts.
    Shell(&'static str),
    /// The file at this path, as it was found or given.
    File(String),
}

#[async_trait]
impl Builtin for Locate {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [how, words, other @ ..] = ctx.args else { return Ok(ExecResult::ok("")) };
        let other = other.first().filter(|_| words.trim_ascii().is_empty());
        let printed = match (how.as_str(), other) {
            ("read", _) => self.readable(&ctx, words),
            ("print", Some(status)) => {
                return Ok(ExecResult::with_code("", status.parse().unwrap_or(0)));
            }
            ("print", None) => {
                let border = separators(&ctx).chars().next().unwrap_or(' ');
                let instead = self.instead(&ctx, "split", words);
                instead.map_or(words.clone(), |path| format!("{path}{border}{words}"))
            }
            (how, other) => self.instead(&ctx, how, other.unwrap_or(words)).unwrap_or_default(),
        };
        Ok(ExecResult::ok(printed))
    }
}

impl Locate {
    /// The path of what is to run in place of a command, if something is.
    fn instead(&self, ctx: &BuiltinContext<'_>, how: &str, words: &str) -> Option<String> {
        let directory = quote(&ctx.cwd.to_string_lossy());
        // Its first operand is the name of the command.
        let text = match locate(&self.0, ctx, how, words) {
            Located::Interpreter => return None,
            Located::Missing(name) => {
                format!("{REFUSE} 127 return {}", quote(&format!("{name}: not found")))
            }
            Located::Shell(shell) => format!("shift; {shell} {IN}{directory} \"$@\""),
            Located::File(path) => format!("shift; sh {RUN}{directory} {} \"$@\"", quote(&path)),
        };
        Some(self.0.kept.keep_command(&text))
    }

    /// The path of a file that `.` reads.
    fn readable(&self, ctx: &BuiltinContext<'_>, name: &str) -> String {
        let is_there = |path: &String| {
            let caller = self.0.live.caller();
            let path = absolute(ctx.cwd, path);
            self.0.live.files.look(|tree| tree.read(&path, caller).is_ok())
        };
        let is_path = name.is_empty() || name.contains('/');
        let found = if is_path { None } else { candidates(ctx, name).find(is_there) };
        found.unwrap_or_else(|| name.to_owned())
    }
}

/// What the command is that is named so.
pub(super) fn locate(script: &Script, ctx: &BuiltinContext<'_>, how: &str, words: &str) -> Located {
    let name = match how {
        "split" => {
            let separators = separators(ctx);
            let is_border = |letter| separators.contains(letter);
            words.trim_start_matches(is_border).split(is_border).next().unwrap_or_default()
        }
        _ => words,
    };
    let is_sh = dialect(ctx.variables) == Dialect::Sh;
    match name {
        "" => return Located::Interpreter,
        "sh" | "dash" => return Located::Shell("sh"),
        "bash" => return Located::Shell("bash"),
        _ if name.contains('/') => {
            return match look(script, &absolute(ctx.cwd, name)) {
                Some(Found::Script) => Located::File(name.to_owned()),
                Some(Found::StandIn) | None => Located::Interpreter,
            };
        }
        _ if is_of_bash(name) && is_sh => return Located::Missing(name.to_owned()),
        _ if is_of_shell(name) => return Located::Interpreter,
        _ => {}
    }
    for candidate in candidates(ctx, name) {
        match look(script, &absolute(ctx.cwd, &candidate)) {
            Some(Found::Script) => return Located::File(candidate),
            Some(Found::StandIn) => return Located::Interpreter,
            None => {}
        }
    }
    if is_own(name) { Located::Missing(name.to_owned()) } else { Located::Interpreter }
}

/// What separates the words that come of an expansion.
fn separators<'c>(ctx: &'c BuiltinContext<'_>) -> &'c str {
    ctx.variables.get("IFS").map_or(" \t\n", String::as_str)
}

/// Where `PATH` looks for a file.
fn candidates<'c>(ctx: &'c BuiltinContext<'_>, name: &'c str) -> impl Iterator<Item = String> + 'c {
    let path = ctx.variables.get("PATH").or_else(|| ctx.env.get("PATH"));
    path.into_iter().flat_map(|path| path.split(':')).map(move |directory| match directory {
        "" => format!("./{name}"),
        _ => format!("{}/{name}", directory.trim_end_matches('/')),
    })
}

/// What is in a file that may be executed.
enum Found {
    Script,
    /// It stands for a command of the interpreter.
    StandIn,
}

fn look(script: &Script, path: &str) -> Option<Found> {
    let caller = script.live.caller();
    script.live.files.look(|tree| {
        let Ok(Contents::Data(data)) = tree.read(path, caller) else { return None };
        let is_executable = tree.access(path, Right::Execute, caller);
        let stands_in = data.starts_with(STAND_IN.as_bytes());
        let found = if stands_in { Found::StandIn } else { Found::Script };
        is_executable.then_some(found)
    })
}
