//! What a script leaves behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a script leaves behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit_code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Everything below the directory that it ran in, by relative path.
    pub(crate) files: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Directory {
        mode: u32,
    },
    File {
        mode: u32,
        data: Vec<u8>,
    },
    Link {
        target: String,
    },
    /// A named pipe, say.
    Other,
}

/// One of the things that can be different.
#[derive(Debug)]
pub(crate) struct Difference {
    what: String,
    fake: String,
    reference: String,
}

impl Outcome {
    /// What is different between the fake's outcome and the reference's.
    pub(crate) fn differences(&self, reference: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut note = |what: &str, fake: String, reference: String| {
            if fake != reference {
                found.push(Difference { what: what.to_owned(), fake, reference });
            }
        };
        note("exit code", self.exit_code.to_string(), reference.exit_code.to_string());
        note("stdout", show(&self.stdout), show(&reference.stdout));
        // The words are each program's own; whether there are any is not.
        note("stderr is empty", empty(&self.stderr), empty(&reference.stderr));
        let paths: BTreeSet<&String> = self.files.keys().chain(reference.files.keys()).collect();
        for path in paths {
            let of = |files: &BTreeMap<String, Entry>| {
                files.get(path).map_or_else(|| "none".to_owned(), ToString::to_string)
            };
            note(path, of(&self.files), of(&reference.files));
        }
        found
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { mode } => write!(f, "directory {mode:o}"),
            Self::File { mode, data } => write!(f, "file {mode:o} {}", show(data)),
            Self::Link { target } => write!(f, "link to {target}"),
            Self::Other => f.write_str("neither file, directory nor link"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, fake, reference } = self;
        write!(f, "  {what}\n    fake {fake}\n    dash {reference}")
    }
}

fn show(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes))
}

fn empty(bytes: &[u8]) -> String {
    if bytes.is_empty() { "yes" } else { "no" }.to_owned()
}
