//! Counterexamples are run as they were written down: on a server with the fault that they show,
//! and on the emulator.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::{Completion, Failed, Trial};

use crate::emulator::Emulator;
use crate::process::{Broken, suite};
use crate::python::Python;
use crate::require;

/// Faults of the reference server, and what shows each: the contents of a file, a state, a status.
const FAULTS: [&str; 4] =
    ["second-resume-loses-writes", "read-resumes", "snapshot-of-paused", "copies-share-their-disk"];

/// The key of the reference server.
const KEY: &str = "reference-key";

/// The release that the Python form is written for.
const RELEASE: &str = "0.8.0";

pub(crate) fn trials() -> Vec<Trial> {
    let forms = FAULTS.into_iter().flat_map(|fault| {
        let python = Trial::ignorable_test(format!("a_python_program_shows_{fault}"), move || {
            match Python::with("leap0", RELEASE) {
                Ok(python) => shows(fault, "python", "py", || python.command()),
                Err(why) => require::missing("python", &why),
            }
        });
        let script = Trial::ignorable_test(format!("a_script_shows_{fault}"), move || {
            for program in ["curl", "jq"] {
                let version = Command::new(program).arg("--version").stdout(Stdio::null()).status();
                if version.is_err() {
                    return require::missing(program, &format!("no {program} found"));
                }
            }
            shows(fault, "script", "sh", || Command::new("sh"))
        });
        [python, script]
    });
    forms.collect()
}

/// Finds a counterexample, and runs one of its forms on the server that it is of and on the
/// emulator.
fn shows(
    fault: &str,
    form: &str,
    end: &str,
    interpreter: impl Fn() -> Command,
) -> Result<Completion, Failed> {
    let run = || -> Result<()> {
        let broken = Broken::start(fault)?;
        let folder = tempfile::tempdir()?;
        let file = find(&broken, folder.path(), end)?;
        let text = fs::read_to_string(&file)?;
        let on = |url: &str| -> Result<Output> {
            let mut command = interpreter();
            command.arg(&file).stdin(Stdio::null());
            command.env("LEAP0_BASE_URL", url).env("LEAP0_API_KEY", KEY);
            command.env("LEAP0_SDK_OTEL_ENABLED", "false").env("NO_PROXY", "127.0.0.1");
            command.output().context("cannot run it")
        };
        let seen = on(&broken.url)?;
        let said = told(&seen);
        ensure!(seen.status.code() == Some(1), "{}: {said}\n{text}", seen.status);
        let wanted =
            said.lines().find(|line| line.starts_with("wanted: ")).context(said.clone())?;
        ensure!(said.contains("\nseen: "), "{said}\n{text}");
        let emulator = Emulator::start(&format!("findings-{form}-{fault}"), &[])?;
        let there = on(emulator.environment("")[0].1)?;
        let said = told(&there);
        ensure!(there.status.success(), "{}: {said}\n{text}", there.status);
        let held = format!("as {wanted}");
        ensure!(said.lines().any(|line| line == held), "{said} without {held}\n{text}");
        Ok(())
    };
    run().map_err(|error| format!("{error:#}"))?;
    Ok(Completion::Completed)
}

/// Lets generated sequences find the fault, and gives one of the files that they leave.
fn find(broken: &Broken, folder: &Path, end: &str) -> Result<PathBuf> {
    let mut run = suite(&broken.url, KEY, "generated_sequences", "", folder);
    let output = run.output()?;
    let found = fs::read_dir(folder.join("leap0-findings")).with_context(|| told(&output))?;
    let mut files = found.flatten().map(|entry| entry.path());
    let file = files.find(|path| path.extension() == Some(OsStr::new(end)));
    file.with_context(|| format!("no .{end} among the findings: {}", told(&output)))
}

fn told(output: &Output) -> String {
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{said}{errors}")
}
