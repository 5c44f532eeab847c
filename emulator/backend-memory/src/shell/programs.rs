//! The programs in `/usr/bin`: one small file for each command that the interpreter knows.

use bashkit::Bash;

use super::kept::STAND_IN;

/// Commands that are part of a shell and no programs of their own.
const SHELL_ONLY: &[&str] = &[
    ".",
    ":",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "declare",
    "dirs",
    "disown",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "let",
    "local",
    "mapfile",
    "popd",
    "pushd",
    "readarray",
    "read",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "times",
    "trap",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Commands of the interpreter that Debian does not have, or not before it is told to install them.
pub(super) const ABSENT: &[&str] = &[
    "assert", "busybox", "csv", "doas", "dotenv", "glob", "http", "json", "log", "parallel",
    "retry", "rg", "semver", "sudo", "template", "tomlq", "tree", "verify", "yq",
];

/// Names and contents of the programs.
pub(crate) fn programs() -> Vec<(String, String)> {
    let known = Bash::builder().rootfs(false).build().builtin_names();
    known
        .into_iter()
        .filter(|name| !SHELL_ONLY.contains(&name.as_str()) && !name.contains('/'))
        .filter(|name| !ABSENT.contains(&name.as_str()))
        .map(|name| {
            let text = format!("{STAND_IN}{name}\nexec {name} \"$@\"\n");
            (name, text)
        })
        .collect()
}
