//! Scripts of Debian's `sh`, which is dash, as the interpreter has to read them: it is a bash.
//!
//! Owns dash's grammar. A script is parsed by it and given back with the same lines, where every
//! word that bash alone would take for something special is written so that it takes it as dash
//! does: `[[` and `source` are commands that nobody has, `{1..3}` is text, `&>` are two operators.
//! Where dash finds a syntax error the script ends, with dash's words and status; what stands on
//! earlier lines has run by then, as there.
//!
//! A script of `bash` is parsed too, for what it reads from pipes.
//!
//! What only the run shows is looked at then, by commands that are written into the script.

mod arithmetic;
mod bash;
mod braces;
mod commands;
mod edits;
mod inputs;
mod known;
mod names;
mod options;
mod order;
mod parser;
mod redirections;
mod search;
mod tokens;
mod variables;
mod words;

#[cfg(test)]
mod tests;

pub(super) use inputs::SHARED;
pub(super) use known::Known;
pub(super) use names::is_of_bash;
pub(super) use options::complaint;
use parser::Parser;

/// The command that refuses in dash's name: a status, whether the shell ends, and the words.
pub(super) const REFUSE: &str = "leap0-refuse";
/// The command that succeeds in a `sh` and fails in a `bash`.
pub(super) const IS_SH: &str = "leap0-is-sh";
/// The command that ends a `sh` with fewer parameters than are to be shifted away.
pub(super) const SHIFT: &str = "leap0-shift";
/// The command that gathers what comes through a pipe before it is read.
pub(super) const GATHER: &str = "leap0-gather";
/// The command that opens files before another runs.
pub(super) const OPEN: &str = "leap0-open";
/// The command that ends the script where a script has been ended whose output is lost.
pub(super) const LOST: &str = "leap0-lost";
/// The command that ends the script where a command is given an option that dash does not have.
pub(super) const OPTIONS: &str = "leap0-options";
/// The command that prints what is to run in place of one that may be a file.
pub(super) const LOCATE: &str = "leap0-locate";
/// The command that prints what `trap` does, as dash writes it.
pub(super) const TRAPS: &str = "leap0-traps";
/// The command that notes that a text has been run to its end, and the one that ends the shell
/// where that was not noted.
pub(super) const REACHED: &str = "leap0-reached";
pub(super) const EXPECT: &str = "leap0-expect";
/// The option of a `sh` or `.` that tells the directory it is started in.
pub(super) const IN: &str = "--leap0-in=";
/// The option of a `sh` that stands for running a file by its path, in that directory.
pub(super) const RUN: &str = "--leap0-run=";

/// A script of `sh`, for the interpreter.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) parts: Vec<Part>,
    /// It may come to a `return` that is in no function of its own.
    pub(super) returns: bool,
}

/// Lines of a script.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) text: String,
    /// An error in arithmetic or a `return` has to end the script, and the interpreter would go on at
    /// the next line. As a file that it reads by `.` it ends; but there `exec` could not redirect the
    /// script.
    pub(super) is_read: bool,
}

impl Translated {
    /// The whole script.
    pub(super) fn text(&self) -> String {
        self.parts.iter().map(|part| &*part.text).collect()
    }
}

/// What a script is given to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Empty,
    /// What the one that starts it reads itself, perhaps.
    Unknown,
}

/// What the interpreter is to run in place of a script of `sh`.
pub(super) fn translate(script: &str, known: &mut Known, input: Input) -> Translated {
    Parser::new(script.as_bytes(), 0).knowing(known).script(input, known)
}

/// What the interpreter is to run in place of a script of `bash`.
pub(super) fn gather(script: &str, known: &mut Known) -> String {
    let parser = Parser::of_bash(script.as_bytes()).knowing(known);
    parser.script_of_bash(known).unwrap_or_else(|| script.to_owned())
}

/// What a script reads of the input that it is started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    Nothing,
    /// Some, by `read`.
    Lines,
    All,
}

/// What a script reads.
pub(super) fn demand(script: &str, is_bash: bool) -> Demand {
    let script = script.as_bytes();
    let parser = if is_bash { Parser::of_bash(script) } else { Parser::new(script, 0) };
    parser.demand()
}

/// A word that the interpreter reads as `text`, whatever is in it.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
