//! Variables that bash gives a value and dash does not.

use std::collections::HashSet;

use super::edits::Edits;

/// Their names.
const OF_BASH: [&str; 24] = [
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "BASH_COMMAND",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_VERSINFO",
    "BASH_VERSION",
    "COLUMNS",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HOSTNAME",
    "HOSTTYPE",
    "MACHTYPE",
    "OSTYPE",
    "PIPESTATUS",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "UID",
];
/// What makes another name of one.
const PREFIX: &str = "_LEAP0_";

/// Where a script reads such variables, and which of them it sets itself.
#[derive(Debug, Default)]
pub(super) struct Variables {
    read: Vec<(usize, &'static str)>,
    set: HashSet<&'static str>,
}

impl Variables {
    /// Notes that the variable whose name starts at `at` is read.
    pub(super) fn read(&mut self, name: &[u8], at: usize) {
        if let Some(name) = known(name) {
            self.read.push((at, name));
        }
    }

    /// Notes that a word of a command may set the variable that it starts with.
    pub(super) fn mention(&mut self, word: &[u8]) {
        let end = word.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
        let (name, rest) = word.split_at(end.unwrap_or(word.len()));
        if matches!(rest.first(), None | Some(b'=' | b'+'))
            && let Some(name) = known(name)
        {
            self.set.insert(name);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.read.len()
    }

    /// Forgets all but the first `len` places where one is read.
    pub(super) fn truncate(&mut self, len: usize) {
        self.read.truncate(len);
    }

    /// Gives those that the script does not set a name that nobody sets.
    pub(super) fn rename(&self, edits: &mut Edits) {
        for (at, name) in &self.read {
            if !self.set.contains(name) {
                edits.insert(*at, PREFIX);
            }
        }
    }
}

fn known(name: &[u8]) -> Option<&'static str> {
    OF_BASH.into_iter().find(|known| known.as_bytes() == name)
}
