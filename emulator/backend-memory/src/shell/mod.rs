//! Running commands: a shell interpreter over the tree, on a thread of its own for each command.
//!
//! Owns how a script is started, timed, bounded and ended, and what of the interpreter's answer
//! becomes an exit status. The interpreter itself is the `bashkit` crate; it is given nothing but
//! the tree, the environment of the command and the time, and none of its features that reach out.

mod bounds;
mod children;
mod commands;
mod dash;
mod depth;
mod devices;
mod execute;
mod files;
mod hook;
mod kept;
mod programs;
mod run;
mod script;
mod verdict;

#[cfg(test)]
mod command_tests;
#[cfg(test)]
mod tests;

pub(crate) use bounds::{COMMANDS_AT_ONCE, LIMITS};
pub(crate) use execute::execute;
pub(crate) use programs::programs;

/// What runs commands, for those who ask what this back end can do.
pub(crate) const DESCRIPTION: &str = "bashkit 0.20, a bash interpreter with about 160 commands \
     inside this process, which reads scripts of `sh` as Debian's does. No python, git or network; no hard links, pipes with names or /proc; \
     functions nest 16 deep; `..` after a link is refused by most commands; a redirected loop writes \
     its file when it ends; processes end with their command";
