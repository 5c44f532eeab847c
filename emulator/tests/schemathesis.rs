//! Generated requests against the emulator's binary, as its own description at
//! `/_emulator/openapi.json` allows and forbids them. What is sent and what is checked is in
//! `tests/schemathesis/`.

#[path = "support/emulator.rs"]
mod emulator;
#[path = "support/python.rs"]
mod python;
#[path = "support/require.rs"]
mod require;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use emulator::Emulator;
use python::Python;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis/run.py");

/// The release that the script is written for: others have other checks.
const RELEASE: &str = "4.32.5";

/// One for each of the script's seeds.
const KEYS: &str = "first,second,third";

fn main() -> ExitCode {
    let trial = Trial::ignorable_test("the_server_keeps_to_its_description", keeps_to_description);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}

fn keeps_to_description() -> Result<Completion, Failed> {
    let python = match Python::with("schemathesis", RELEASE) {
        Ok(python) => python,
        Err(why) => return require::missing("python", &why),
    };
    let told = run_script(&python).map_err(|error| format!("{error:#}"))?;
    eprint!("{told}");
    Ok(Completion::Completed)
}

/// Runs the script and returns what it prints.
fn run_script(python: &Python) -> Result<String> {
    let name = "schemathesis";
    // Keys are checked only where they are given: one of the checks is that a wrong one is refused.
    let emulator = Emulator::start(name, &["--max-sandboxes", "none", "--api-key", KEYS])?;
    let output = python
        .command()
        .arg(SCRIPT)
        .envs(emulator.environment(KEYS))
        .output()
        .context("cannot run the script")?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{told}{errors}\n{}", emulator.log());
    Ok(told)
}
