//! The examples of the README, run as they stand there.
//!
//! `<!-- test: curl -->` marks a shell session: the next fenced block, see [`transcript`].
//! `<!-- test: python -->` marks a program: the next fenced block is its text, the one after it
//! is what it prints.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, ensure};
use libtest_mimic::{Completion, Failed};

use crate::emulator::Emulator;
use crate::python::Python;
use crate::{require, transcript};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

/// The release that the README's program is written for.
const RELEASE: &str = "0.8.0";

pub(crate) fn curl_session_holds() -> Result<Completion, Failed> {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        return require::missing("curl", "no curl found");
    }
    run_session().map_err(|error| format!("{error:#}"))?;
    Ok(Completion::Completed)
}

pub(crate) fn python_program_holds() -> Result<Completion, Failed> {
    let python = match Python::with("leap0", RELEASE) {
        Ok(python) => python,
        Err(why) => return require::missing("python", &why),
    };
    run_program(&python).map_err(|error| format!("{error:#}"))?;
    Ok(Completion::Completed)
}

fn run_session() -> Result<()> {
    let [session] = blocks_after("<!-- test: curl -->")?;
    let session = transcript::parse(&session)?;
    let emulator = Emulator::start("readme-curl", &[])?;
    let folder = tempfile::tempdir()?;
    let output = Command::new("sh")
        .args(["-e", "-c", &transcript::script(&session)])
        .current_dir(&folder)
        .envs(emulator.environment("readme"))
        .stdin(Stdio::null())
        .output()
        .context("cannot run sh")?;
    transcript::compare(&session, &String::from_utf8_lossy(&output.stdout))
        .map_err(|error| anyhow!("{error}\n{}", emulator.log()))
}

fn run_program(python: &Python) -> Result<()> {
    let [program, shown] = blocks_after("<!-- test: python -->")?;
    let emulator = Emulator::start("readme-python", &[])?;
    let folder = tempfile::tempdir()?;
    let output = python
        .command()
        .args(["-c", &program])
        .current_dir(&folder)
        .envs(emulator.environment("readme"))
        .output()
        .context("cannot run Python")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "it failed:\n{printed}{errors}\n{}", emulator.log());
    ensure!(
        transcript::matches(&shown, &printed),
        "it printed:\n{printed}\nwhere this is shown:\n{shown}"
    );
    Ok(())
}

/// The next `N` fenced blocks after the line that is the marker.
fn blocks_after<const N: usize>(marker: &str) -> Result<[String; N]> {
    let readme = fs::read_to_string(README).context("cannot read the README")?;
    let mut lines = readme.lines().skip_while(|line| line.trim() != marker).skip(1).peekable();
    ensure!(lines.peek().is_some(), "the README has no line {marker}");
    let mut blocks = [const { String::new() }; N];
    for block in &mut blocks {
        lines
            .find(|line| line.starts_with("```"))
            .with_context(|| format!("the README has too few fenced blocks after {marker}"))?;
        for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
            block.extend([line, "\n"]);
        }
    }
    Ok(blocks)
}
