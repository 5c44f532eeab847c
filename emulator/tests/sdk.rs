//! The published Python SDKs, unmodified, and the README's examples against the emulator's binary.
//!
//! Every trial has an emulator and an API key of its own. The story that is told with each release
//! is `tests/sdk/story.py`.

#[path = "support/emulator.rs"]
mod emulator;
#[path = "sdk/python.rs"]
mod python;
#[path = "sdk/readme.rs"]
mod readme;
#[path = "support/require.rs"]
mod require;
#[path = "sdk/transcript.rs"]
mod transcript;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use emulator::Emulator;
use python::Python;

const STORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/story.py");

/// The releases that tell the story, and with which client.
const TOLD_BY: [(&str, Client); 5] = [
    ("0.1.0", Client::Blocking),
    ("0.5.1", Client::Blocking),
    ("0.7.0", Client::Blocking),
    ("0.8.0", Client::Blocking),
    ("0.8.0", Client::Async),
];

/// The client classes that a release has: `AsyncLeap0Client` came with 0.3.0.
#[derive(Clone, Copy)]
enum Client {
    Blocking,
    Async,
}

impl Client {
    /// Its name on the story's command line.
    fn flavour(self) -> &'static str {
        match self {
            Self::Blocking => "sync",
            Self::Async => "async",
        }
    }
}

fn main() -> ExitCode {
    let mut trials: Vec<Trial> = TOLD_BY.into_iter().map(story_trial).collect();
    trials.extend([
        Trial::ignorable_test("readme_curl_session_holds", readme::curl_session_holds),
        Trial::ignorable_test("readme_python_program_holds", readme::python_program_holds),
        Trial::test("a_transcript_that_differs_is_noticed", || {
            transcript::differences_are_noticed();
            Ok(())
        }),
    ]);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn story_trial((release, client): (&'static str, Client)) -> Trial {
    let client_in_name = match client {
        Client::Blocking => "",
        Client::Async => "_async",
    };
    let release_in_name = release.replace('.', "_");
    let name = format!("python_sdk_{release_in_name}{client_in_name}_runs_the_whole_story");
    Trial::ignorable_test(name.clone(), move || runs_the_whole_story(&name, release, client))
}

fn runs_the_whole_story(name: &str, release: &str, client: Client) -> Result<Completion, Failed> {
    let python = match Python::with_leap0(release) {
        Ok(python) => python,
        Err(why) => return require::missing("python", &why),
    };
    let last_line = tell(&python, name, release, client).map_err(|error| format!("{error:#}"))?;
    eprintln!("{last_line}");
    Ok(Completion::Completed)
}

/// Tells the story and returns its last line.
fn tell(python: &Python, name: &str, release: &str, client: Client) -> Result<String> {
    let emulator = Emulator::start(name)?;
    let output = python
        .command()
        .args([STORY, release, client.flavour()])
        .envs(emulator.environment(name))
        .output()
        .context("cannot run the story")?;
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let last_line = told.lines().last().unwrap_or_default();
    ensure!(
        output.status.success() && last_line.starts_with(&format!("story leap0=={release}")),
        "{told}{errors}\n{}",
        emulator.log()
    );
    Ok(last_line.to_owned())
}
