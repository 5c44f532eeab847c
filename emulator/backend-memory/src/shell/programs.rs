//! The programs in `/usr/bin`: one small file for each command that the interpreter knows.

use std::collections::HashSet;
use std::sync::LazyLock;

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
    "retry", "rg", "semver", "sudo", "template", "tomlq", "tree", "verify", "watch", "yq",
];

/// Commands that the interpreter has itself.
static OWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let known = Bash::builder().rootfs(false).build().builtin_names();
    known.into_iter().filter(|name| !ABSENT.contains(&name.as_str())).collect()
});

/// Names and contents of the programs.
pub(crate) fn programs() -> Vec<(String, String)> {
    OWN.iter()
        .filter(|name| !SHELL_ONLY.contains(&name.as_str()) && !name.contains('/'))
        .map(|name| {
            let text = format!("{STAND_IN}{name}\nexec {name} \"$@\"\n");
            (name.clone(), text)
        })
        .chain([("dash".to_owned(), format!("{STAND_IN}sh\nexec sh \"$@\"\n"))])
        .collect()
}

/// Whether the interpreter runs a command of this name itself, wherever files of that name are.
pub(super) fn is_own(name: &str) -> bool {
    OWN.contains(name) || is_of_shell(name)
}

/// Whether a shell runs a command of this name itself.
pub(super) fn is_of_shell(name: &str) -> bool {
    const ALSO_PROGRAMS: [&str; 8] =
        ["[", "echo", "false", "kill", "printf", "pwd", "test", "true"];
    SHELL_ONLY.contains(&name) || ALSO_PROGRAMS.contains(&name) || name.starts_with("leap0-")
}
