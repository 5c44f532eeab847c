//! The suite in a process of its own, which can be interrupted and has a folder of its own: this
//! program, started again.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use leap0_conformance::commands::{CannotRun, ReferenceOptions, reference, run};
use leap0_conformance::{CapabilityFlag, Dialect, Profile, RunOptions};

/// The word that makes this program the suite.
const WORD: &str = "as-the-suite";

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
        ["whole", url, key, generated, capabilities] => runtime.block_on(run(RunOptions {
            profile: Profile::Emulator,
            dialect: Dialect::All,
            exclusive: true,
            strict: true,
            capabilities: capabilities.split_whitespace().map(flag).collect(),
            sequences: Some(generated.parse().expect("a number")),
            histories: Some(generated.parse().expect("a number")),
            ..options(url, key, "", "")
        })),
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

/// A run of everything that can be judged, by what the emulator decides too, with so many generated
/// sequences and histories. The emulator has these capabilities, whatever it shows.
pub(crate) fn whole(
    url: &str,
    key: &str,
    generated: u32,
    capabilities: &str,
    folder: &Path,
) -> Command {
    let mut command = again(&["whole", url, key, &generated.to_string(), capabilities]);
    command.current_dir(folder).env("TMPDIR", folder);
    command
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
