//! The operations of the API, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The operations by the name of their family and their own.
///
/// The two of `host` are no calls of the API: the traffic to a sandbox's own host name, and to that
/// of a presigned URL. Nor are those of `control`, which a local server has below `/_emulator/`.
const OPERATIONS: &[(&str, &[&str])] = &[
    ("sandbox", &["create", "list", "get", "delete", "pause", "stop", "start"]),
    ("snapshot", &["create", "pause", "resume", "restore", "list", "delete"]),
    ("process", &["execute"]),
    ("system", &["workdir", "user-home-dir"]),
    (
        "filesystem",
        &[
            "ls",
            "stat",
            "exists",
            "mkdir",
            "write-file",
            "write-files",
            "read-file",
            "read-files",
            "delete",
            "set-permissions",
            "glob",
            "grep",
            "edit-file",
            "edit-files",
            "move",
            "copy",
            "tree",
        ],
    ),
    ("mounts", &["create", "update", "delete"]),
    ("presigned-url", &["create", "delete"]),
    ("template", &["create", "rename", "delete"]),
    ("pty", &["list", "create", "get", "delete", "resize", "connect"]),
    ("ssh", &["access", "delete", "validate", "regen"]),
    ("lsp", &["start", "stop", "did-open", "did-close", "completions", "document-symbols"]),
    (
        "git",
        &[
            "clone",
            "status",
            "branches",
            "diff-unstaged",
            "diff-staged",
            "diff",
            "reset",
            "log",
            "show",
            "create-branch",
            "checkout-branch",
            "delete-branch",
            "add",
            "commit",
            "push",
            "pull",
        ],
    ),
    ("host", &["sandbox", "presigned"]),
    ("control", &["clock", "reset", "world", "fork", "export", "import", "faults", "restart"]),
];

/// The operations that a rule is about: one by its name, a family such as `filesystem/*`, or `*`
/// for all.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(String);

/// A text that names no operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no operation")]
pub struct UnknownOperation(String);

impl Scope {
    /// Whether this is about `operation`, given by its name.
    pub fn covers(&self, operation: &str) -> bool {
        let family =
            |family: &str| operation.strip_prefix(family).is_some_and(|rest| rest.starts_with('/'));
        self.0 == "*" || self.0 == operation || self.0.strip_suffix("/*").is_some_and(family)
    }
}

impl TryFrom<String> for Scope {
    type Error = UnknownOperation;

    fn try_from(text: String) -> Result<Self, UnknownOperation> {
        let known = |(family, operation): (&str, &str)| {
            OPERATIONS.iter().any(|(name, operations)| {
                *name == family && (operation == "*" || operations.contains(&operation))
            })
        };
        if text == "*" || text.split_once('/').is_some_and(known) {
            Ok(Self(text))
        } else {
            Err(UnknownOperation(text))
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Result<Scope, UnknownOperation> {
        Scope::try_from(text.to_owned())
    }

    #[test]
    fn a_scope_is_an_operation_a_family_or_everything() {
        assert!(scope("filesystem/ls").unwrap().covers("filesystem/ls"));
        assert!(!scope("filesystem/ls").unwrap().covers("filesystem/stat"));
        assert!(scope("filesystem/*").unwrap().covers("filesystem/stat"));
        assert!(!scope("presigned-url/*").unwrap().covers("pty/list"));
        assert!(scope("*").unwrap().covers("pty/list"));
    }

    #[test]
    fn a_misspelt_operation_is_no_scope() {
        for text in [
            "",
            "/",
            "*/*",
            "sandbox",
            "sandbox/",
            "sandbox/read",
            "files/*",
            "filesystem/read_file",
        ] {
            assert!(scope(text).is_err(), "{text}");
        }
    }
}
