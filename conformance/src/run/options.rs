//! What a run is asked to do.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::Restart;
use crate::target::Dialect;

pub use crate::target::CapabilityFlag;

/// A run, as the command line gives it.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where the target listens.
    pub url: String,
    /// The key of the organisation that the suite works in.
    pub api_key: String,
    /// The key of another organisation.
    pub other_api_key: Option<String>,
    /// Where to write a `JUnit` report.
    pub junit: Option<PathBuf>,
    /// Where to write a JSON report.
    pub json: Option<PathBuf>,
    /// Where to write a page.
    pub html: Option<PathBuf>,
    /// Which checks: a part of a rule's id or of a check's name.
    pub only: Option<String>,
    /// Rules that are known to be broken.
    pub known_failing: Option<PathBuf>,
    /// Who is bound by the decisions.
    pub profile: Profile,
    /// The eras that the target is held to.
    pub dialect: Dialect,
    /// Where the generated sequences begin.
    pub seed: Option<u64>,
    /// Which part of the checks, and of how many.
    pub shard: Option<Shard>,
    /// How many sandboxes there may be at once.
    pub max_live: usize,
    /// Whether the organisation is the suite's alone.
    pub exclusive: bool,
    /// Whether a required rule that could not be verified fails the run.
    pub strict: bool,
    /// A command of the shell that stops the target and starts it again.
    pub restart: Option<String>,
    /// What the target is said to have or to lack.
    pub capabilities: Vec<CapabilityFlag>,
    /// The template that sandboxes are made from.
    pub template: String,
    /// How many generated sequences to run; if nothing is said as many as the target has time for.
    pub sequences: Option<usize>,
    /// How many concurrent histories to record for each of their checks, the same.
    pub histories: Option<usize>,
    /// How long to wait for an answer, and for a sandbox to run.
    pub patience: Duration,
}

impl RunOptions {
    /// A run on the target at this URL as the command line gives it if it says no more.
    pub fn new(url: &str, api_key: &str) -> Self {
        Self {
            url: url.to_owned(),
            api_key: api_key.to_owned(),
            other_api_key: None,
            junit: None,
            json: None,
            html: None,
            only: None,
            known_failing: None,
            profile: Profile::Any,
            dialect: Dialect::Auto,
            seed: None,
            shard: None,
            max_live: 3,
            exclusive: false,
            strict: false,
            restart: None,
            capabilities: Vec::new(),
            template: "system/debian:bookworm".to_owned(),
            sequences: None,
            histories: None,
            patience: Duration::from_mins(1),
        }
    }
}

/// Who is bound by this project's decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Nobody: it is only reported which way the target went.
    #[default]
    Any,
    /// The target.
    Emulator,
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "any" => Ok(Self::Any),
            "emulator" => Ok(Self::Emulator),
            other => Err(format!("{other} is neither any nor emulator")),
        }
    }
}

/// One part of several, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Whether what stands at this place belongs to the part.
    pub(crate) fn takes(self, place: usize) -> bool {
        place % self.count == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(index, count)| {
            Some((index.parse::<usize>().ok()?, count.parse::<usize>().ok()?))
        });
        match parts {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err("it is i/n, such as 1/4".to_owned()),
        }
    }
}

/// What the checks of a run go by.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) template: String,
    pub(crate) max_live: usize,
    /// Whether a required rule that could not be verified fails the run.
    pub(crate) strict: bool,
    /// How the target is restarted, if it may be.
    pub(crate) restart: Option<Restart>,
    /// How many generated sequences to run, and where they begin.
    pub(crate) sequences: Option<usize>,
    pub(crate) seed: u64,
    /// How many concurrent histories to record for each of their checks.
    pub(crate) histories: Option<usize>,
    /// Where counterexamples are written; nowhere if it is none.
    pub(crate) findings: Option<PathBuf>,
    /// How long a full organisation is waited for.
    pub(crate) quota_patience: Duration,
    /// How long a rate limit is waited out.
    pub(crate) rate_patience: Duration,
    /// How often a deletion is tried that is refused for now.
    pub(crate) removal_tries: usize,
    /// How long a sandbox may take to be running.
    pub(crate) boot_patience: Duration,
    /// How long something that has to happen is waited for at most.
    pub(crate) until_patience: Duration,
    /// How long a check may take.
    pub(crate) check_patience: Duration,
}

impl Settings {
    /// For servers of this process, which are quick and forgotten in the end.
    pub(crate) fn quick() -> Self {
        Self {
            template: "system/debian:bookworm".to_owned(),
            max_live: 12,
            strict: false,
            restart: None,
            sequences: Some(25),
            histories: Some(4),
            seed: 1,
            findings: None,
            quota_patience: Duration::from_millis(600),
            rate_patience: Duration::from_secs(4),
            // Longer than a transition of the slow server takes; what can't be removed is forgotten.
            removal_tries: 5,
            boot_patience: Duration::from_secs(2),
            until_patience: Duration::from_millis(3500),
            check_patience: Duration::from_mins(1),
        }
    }
}

impl RunOptions {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            template: self.template.clone(),
            max_live: self.max_live,
            strict: self.strict,
            restart: self.restart.clone().map(Restart::Command),
            sequences: self.sequences,
            histories: self.histories,
            seed: self.seed.unwrap_or(1),
            findings: Some(PathBuf::from("leap0-findings")),
            quota_patience: Duration::from_secs(20),
            rate_patience: Duration::from_secs(90),
            removal_tries: 9,
            boot_patience: self.patience,
            until_patience: Duration::from_mins(2),
            check_patience: Duration::from_mins(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_a_part_of_the_whole() {
        let shard: Shard = "2/3".parse().unwrap();
        let taken: Vec<_> = (0..7).filter(|place| shard.takes(*place)).collect();
        assert_eq!(taken, [1, 4]);
        for bad in ["", "1", "0/3", "4/3", "1/0", "a/b"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
