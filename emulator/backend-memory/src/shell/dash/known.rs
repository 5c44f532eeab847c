//! What the scripts that a command has read so far tell of those that it is still to read.

use std::collections::HashSet;

/// What is known of all scripts of one command.
#[derive(Debug, Default)]
pub(in crate::shell) struct Known {
    /// Names of the variables that it was given.
    pub(super) given: Vec<String>,
    /// Names of functions and aliases.
    pub(super) names: HashSet<String>,
    /// `PATH` may be another than the template's.
    pub(super) sets_path: bool,
}

impl Known {
    /// What is known where a command is given these variables.
    pub(in crate::shell) fn given(given: Vec<String>) -> Self {
        let sets_path = given.iter().any(|name| name == "PATH");
        Self { given, names: HashSet::new(), sets_path }
    }
}
