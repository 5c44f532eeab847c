//! The suite in a process of its own, which can be interrupted and has a folder of its own: this
//! program, started again.

use std::env;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use leap0_conformance::commands::{CannotRun, ReferenceOptions, reference, run};
use leap0_conformance::{CapabilityFlag, Dialect, Profile, RunOptions};

use crate::doorman;

/// The word that makes this program the suite.
pub(crate) const WORD: &str = "as-the-suite";

/// The environment variable with the seed of a run; 1 if there is none.
pub(crate) const SEED: &str = "LEAP0_SUITE_SEED";

/// The environment variable with the seconds that a run waits for an answer; a minute if there is
/// none.
pub(crate) const PATIENCE: &str = "LEAP0_SUITE_PATIENCE";

/// A key that is not the first organisation's.
pub(crate) const OTHER_KEY: &str = "other-organisation";

/// The suite, if that is what this process is to be.
pub(crate) fn as_the_suite() -> Option<ExitCode> {
    let mut words = env::args().skip(1);
    if words.next()? != WORD {
        return None;
    }
    let words: Vec<String> = words.collect();
    let runtime = tokio::runtime::Runtime::new().expect("there are threads");
    let ended = match &*words.iter().map(String::as_str).collect::<Vec<_>>() {
        ["reference", fault] => {
            let faults = vec![(*fault).to_owned()];
            runtime.block_on(reference(ReferenceOptions { faults, ..ReferenceOptions::default() }))
        }
        // A state that lasts no time is not to be judged because a busy machine has shown it.
        ["run", url, key, only, json] => runtime.block_on(run(RunOptions {
            capabilities: vec![flag("transitions=off")],
            ..options(url, key, only, json)
        })),
        ["whole", url, key, only, generated, capabilities, restart] => {
            runtime.block_on(run(RunOptions {
                profile: Profile::Emulator,
                dialect: Dialect::All,
                exclusive: true,
                strict: true,
                restart: (!restart.is_empty()).then(|| (*restart).to_owned()),
                capabilities: capabilities.split_whitespace().map(flag).collect(),
                sequences: Some(generated.parse().expect("a number")),
                histories: Some(generated.parse().expect("a number")),
                ..options(url, key, only, "")
            }))
        }
        ["ring", bell] => return Some(rung(bell)),
        other => panic!("{other:?}"),
    };
    Some(ended.map_or_else(|why| told(&why), ExitCode::from))
}

fn options(url: &str, key: &str, only: &str, json: &str) -> RunOptions {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    RunOptions {
        other_api_key: Some(OTHER_KEY.to_owned()),
        only: given(only),
        json: given(json).map(Into::into),
        seed: Some(number(SEED).unwrap_or(1)),
        patience: Duration::from_secs(number(PATIENCE).unwrap_or(60)),
        ..RunOptions::new(url, key)
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

fn told(why: &CannotRun) -> ExitCode {
    eprintln!("leap0-conformance: {why}");
    ExitCode::from(2)
}

/// A run of the suite, yet to be started, in a folder where it may leave what it finds.
pub(crate) fn suite(url: &str, key: &str, only: &str, json: &str, folder: &Path) -> Command {
    let mut command = again(&["run", url, key, only, json]);
    command.current_dir(folder).env("TMPDIR", folder);
    command
}

fn flag(text: &str) -> CapabilityFlag {
    text.parse().expect("a capability")
}

/// What a run of everything that can be judged is told.
pub(crate) struct Whole<'a> {
    pub(crate) url: String,
    pub(crate) key: &'a str,
    /// Which checks; all if it is empty.
    pub(crate) only: &'a str,
    /// How many sequences and histories are generated.
    pub(crate) generated: u32,
    /// What the emulator has, whatever it shows.
    pub(crate) capabilities: &'a str,
    /// How the emulator is restarted; it is not if this is empty.
    pub(crate) restart: &'a str,
}

/// A run of everything that can be judged, by what the emulator decides too.
pub(crate) fn whole(run: &Whole<'_>, folder: &Path) -> Command {
    let generated = run.generated.to_string();
    let Whole { url, key, only, capabilities, restart, .. } = run;
    let mut command = again(&["whole", url, key, only, &generated, capabilities, restart]);
    command.current_dir(folder).env("TMPDIR", folder);
    command
}

fn rung(bell: &str) -> ExitCode {
    match doorman::ring(bell) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why:#}");
            ExitCode::FAILURE
        }
    }
}

/// Sends processes a signal, given by its name.
pub(crate) fn signal(name: &str, processes: &[u32]) -> io::Result<()> {
    let ids: Vec<String> = processes.iter().map(u32::to_string).collect();
    Command::new("kill").args(["-s", name]).args(ids).status().map(drop)
}

fn again(words: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.arg(WORD).args(words).stdin(Stdio::null());
    command
}

/// A reference server with a fault, killed when dropped.
pub(crate) struct Broken {
    child: Child,
    pub(crate) url: String,
}

impl Broken {
    pub(crate) fn start(fault: &str) -> Result<Self> {
        let mut child = again(&["reference", fault]).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut broken = Self { child, url: String::new() };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let url = line.split(' ').find(|word| word.starts_with("http://"));
        url.context(line.clone())?.clone_into(&mut broken.url);
        Ok(broken)
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
