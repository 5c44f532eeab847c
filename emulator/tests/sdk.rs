//! The published Python SDKs, unmodified, and the README's examples against the emulator's binary.
//!
//! Every trial has an emulator and an API key of its own. The story that is told with each release
//! is `tests/sdk/story.py`.

#[path = "support/emulator.rs"]
mod emulator;
#[path = "support/machines.rs"]
mod machines;
#[path = "support/python.rs"]
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

/// Every published release.
const RELEASES: [&str; 13] = [
    "0.1.0", "0.1.1", "0.2.0", "0.3.0", "0.3.1", "0.3.2", "0.4.0", "0.5.0", "0.5.1", "0.6.0",
    "0.6.1", "0.7.0", "0.8.0",
];

/// Those that are told the story on virtual machines too: one of each era.
const ON_MACHINES: [&str; 4] = ["0.1.0", "0.5.1", "0.7.0", "0.8.0"];

/// What makes the emulator's sandboxes virtual machines.
const MACHINES: [&str; 4] = ["--backend", "qemu", "--accel", "tcg"];

/// How many of them, the oldest, have no asynchronous client.
const BLOCKING_ONLY: usize = 3;

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
    let blocking = RELEASES.into_iter().map(|release| story_trial(release, Client::Blocking));
    let with_async = RELEASES.into_iter().skip(BLOCKING_ONLY);
    let asynchronous = with_async.map(|release| story_trial(release, Client::Async));
    let mut trials: Vec<Trial> = blocking.chain(asynchronous).collect();
    trials.extend(ON_MACHINES.into_iter().map(machine_trial));
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

fn machine_trial(release: &'static str) -> Trial {
    let release_in_name = release.replace('.', "_");
    let name = format!("python_sdk_{release_in_name}_runs_the_whole_story_on_machines");
    Trial::ignorable_test(name.clone(), move || {
        if let Err(why) = machines::image() {
            return require::missing("qemu", &why);
        }
        runs_the_whole_story(&name, release, Client::Blocking, &MACHINES)
    })
}

fn story_trial(release: &'static str, client: Client) -> Trial {
    let client_in_name = match client {
        Client::Blocking => "",
        Client::Async => "_async",
    };
    let release_in_name = release.replace('.', "_");
    let name = format!("python_sdk_{release_in_name}{client_in_name}_runs_the_whole_story");
    Trial::ignorable_test(name.clone(), move || runs_the_whole_story(&name, release, client, &[]))
}

fn runs_the_whole_story(
    name: &str,
    release: &str,
    client: Client,
    flags: &[&str],
) -> Result<Completion, Failed> {
    let python = match Python::with("leap0", release) {
        Ok(python) => python,
        Err(why) => return require::missing("python", &why),
    };
    let last_line =
        tell(&python, name, release, client, flags).map_err(|error| format!("{error:#}"))?;
    eprintln!("{last_line}");
    Ok(Completion::Completed)
}

/// Tells the story and returns its last line.
fn tell(
    python: &Python,
    name: &str,
    release: &str,
    client: Client,
    flags: &[&str],
) -> Result<String> {
    let emulator = Emulator::start(name, flags)?;
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
