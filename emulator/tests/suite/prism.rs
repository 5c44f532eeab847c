//! A mock of the emulator's own description: every answer has the right shape, and nothing behind
//! it. The suite has to say so.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::{Completion, Failed, Trial};

use crate::emulator::Emulator;
use crate::npm::PRISM;
use crate::process::{PATIENCE, suite};
use crate::relay::get;
use crate::require;
use crate::seeds::verdicts;

/// What no mock that keeps nothing can do: tell keys apart, and bring a sandbox to run.
const BROKEN: [&str; 2] = ["AUTH-04", "SB-CREATE-08"];

/// Far longer than it takes to start.
const READY_WITHIN: Duration = Duration::from_mins(2);

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::ignorable_test("a_mock_is_judged_broken", || {
        let program = match PRISM.install() {
            Ok(program) => program,
            Err(why) => return require::missing("npm", &why),
        };
        is_judged_broken(&program).map_err(|error| Failed::from(format!("{error:#}")))?;
        Ok(Completion::Completed)
    })]
}

fn is_judged_broken(program: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let description = folder.path().join("openapi.json");
    {
        let emulator = Emulator::start("prism", &[])?;
        let answer = get(emulator.environment("")[0].1, "/_emulator/openapi.json", "k")?;
        let (_, body) = answer.split_once("\r\n\r\n").context("an answer has a body")?;
        fs::write(&description, body)?;
    }
    let mock = Mock::start(program, &description)?;
    let report = folder.path().join("report.json");
    let mut run = suite(&mock.url, "k", "", &report.to_string_lossy(), folder.path());
    let output = run.env(PATIENCE, "5").output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(1), "{}: {said}", output.status);
    let verdicts = verdicts(&report)?;
    for rule in BROKEN {
        let verdict = verdicts.get(rule).map(String::as_str);
        ensure!(verdict == Some("fail"), "{rule} is {verdict:?}: {said}");
    }
    Ok(())
}

/// A mock that is running, killed when dropped.
struct Mock {
    child: Child,
    url: String,
}

impl Mock {
    fn start(program: &Path, description: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["mock", "-h", "127.0.0.1", "-p", "0"])
            .arg(description)
            .env("SCARF_ANALYTICS", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut mock = Self { child, url: String::new() };
        let (sender, urls) = mpsc::channel();
        thread::spawn(move || {
            // Read to the end, so that the writer never blocks.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("Prism is listening on ") {
                    let _ = sender.send(url.trim().to_owned());
                }
            }
        });
        mock.url =
            urls.recv_timeout(READY_WITHIN).context("Prism ended or hung before it was ready")?;
        Ok(mock)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
