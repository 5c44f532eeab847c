//! Which of two shells a command runs in: `sh`, which is how a command is run (PROC-01), or a
//! `bash` that it started.

use std::collections::HashMap;

/// The variable that the shell has which runs a command. A shell that it starts does not inherit it.
const MARK: &str = "_LEAP0_SH";
/// What the interpreter knows of a `sh` that was started with `-o posix`.
const POSIX: &str = "SHOPT_posix";

/// What is run before a command.
pub(in crate::shell) const PRELUDE: &str =
    "set -o posix; shopt -s expand_aliases; _LEAP0_SH=1; umask 022";

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sh,
    Bash,
}

/// The shell whose variables these are.
pub(super) fn dialect(variables: &HashMap<String, String>) -> Dialect {
    let is_sh = [MARK, POSIX].iter().any(|mark| variables.get(*mark).is_some_and(|is| is == "1"));
    if is_sh { Dialect::Sh } else { Dialect::Bash }
}
