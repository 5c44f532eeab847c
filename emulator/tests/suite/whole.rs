//! The suite on the emulator, with everything that the emulator decides for itself binding: as it
//! starts by default, with states that last long enough to be seen, or as long as real ones, with a
//! limit of requests, and with a data folder, restarted in the middle.
//!
//! This is also what the emulator's mutants are judged by (`conformance/mutants.toml`).

use std::process::{Output, Stdio};
use std::sync::mpsc;
use std::{io, thread};

use anyhow::{Result, ensure};

use crate::doorman::Doorman;
use crate::emulator::Emulator;
use crate::process::{Whole, signal, whole};

/// A way to start the emulator, and what the suite then looks at.
struct Setting {
    name: &'static str,
    flags: &'static [&'static str],
    /// Checks that need nothing of the setting are made in one of them.
    only: &'static str,
    /// How many sequences and histories are generated. Where everything takes its time, these do
    /// too.
    generated: u32,
    /// What the emulator has, whatever it shows.
    capabilities: &'static str,
}

const SETTINGS: [Setting; 4] = [
    Setting {
        name: "instant",
        flags: &[],
        only: "",
        generated: 12,
        capabilities: "transitions=off clock=on worlds=on faults=on",
    },
    Setting {
        name: "seen",
        flags: &["--transition-delay", "60"],
        only: "",
        generated: 1,
        capabilities: "transitions=on clock=on worlds=on faults=on",
    },
    Setting {
        name: "realistic",
        flags: &["--transition-delay", "realistic"],
        only: "CTL-05",
        generated: 1,
        capabilities: "transitions=on clock=on worlds=on",
    },
    Setting {
        name: "limited",
        flags: &["--rate-limit", "1000"],
        only: "LIM-04",
        generated: 1,
        capabilities: "transitions=off clock=on rate-limit=on",
    },
];

pub(crate) fn keeps_every_rule() -> Result<()> {
    let mut emulators = Vec::new();
    let mut runs = Vec::new();
    for setting in &SETTINGS {
        let emulator = Emulator::start(&format!("whole-{}", setting.name), setting.flags)?;
        let url = emulator.environment("")[0].1.to_owned();
        let Setting { name, only, generated, capabilities, .. } = setting;
        runs.push(Whole { url, key: name, only, generated: *generated, capabilities, restart: "" });
        emulators.push(emulator);
    }
    let kept = tempfile::tempdir()?;
    let doorman = Doorman::start("whole-kept", kept.path())?;
    let restart = doorman.restart();
    runs.push(Whole {
        url: doorman.url.clone(),
        key: "kept",
        only: "CTL",
        generated: 1,
        capabilities: "transitions=off clock=on worlds=on faults=on",
        restart: &restart,
    });
    let failed = first_failure(&runs)?;
    ensure!(failed.is_none(), "{}", failed.unwrap_or_default());
    Ok(())
}

/// Makes all runs at once; what the first that failed has said, if one has. The others are ended
/// then, so that none goes on.
fn first_failure(runs: &[Whole<'_>]) -> Result<Option<String>> {
    let folder = tempfile::tempdir()?;
    let (sender, outcomes) = mpsc::channel::<(u32, String, io::Result<Output>)>();
    let mut going = Vec::new();
    for run in runs {
        let child =
            whole(run, folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        going.push(child.id());
        let (sender, name) = (sender.clone(), run.key.to_owned());
        thread::spawn(move || sender.send((child.id(), name, child.wait_with_output())));
    }
    drop(sender);
    let mut failed = None;
    for (process, name, output) in outcomes {
        going.retain(|other| *other != process);
        let output = output?;
        if output.status.success() || failed.is_some() {
            continue;
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        failed = Some(format!("{name}: {}: {said}{errors}", output.status));
        if !going.is_empty() {
            signal("KILL", &going)?;
        }
    }
    Ok(failed)
}
