//! What became of one server.

use serde::Serialize;

/// What the suite said of a server with a fault.
#[derive(Debug, Serialize)]
pub(crate) struct Caught {
    pub(crate) fault: String,
    pub(crate) what: &'static str,
    /// The rules that were named in advance.
    pub(crate) expected: Vec<&'static str>,
    /// Those of them that were found broken.
    pub(crate) found: Vec<String>,
    /// Every rule that was found broken.
    pub(crate) broken: Vec<String>,
    /// The checks that found it.
    pub(crate) killers: Vec<String>,
    /// How long it took to judge, in milliseconds.
    pub(crate) took_ms: u64,
}

/// What the suite said of an odd server.
#[derive(Debug, Serialize)]
pub(crate) struct Odd {
    pub(crate) oddity: String,
    pub(crate) what: &'static str,
    /// Rules that it was wrongly said to break, with what was said.
    pub(crate) alarms: Vec<String>,
    /// Rules that could not be judged.
    pub(crate) unverified: Vec<String>,
    /// How many rules were judged.
    pub(crate) judged: usize,
    /// How long that took, in milliseconds.
    pub(crate) took_ms: u64,
}

/// What the suite said of the plain reference server.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Clean {
    /// Rules that it was said to break.
    pub(crate) alarms: Vec<String>,
    /// Rules that were seen to hold.
    pub(crate) proven: Vec<String>,
}
