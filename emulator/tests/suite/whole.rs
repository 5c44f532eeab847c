//! The suite on the emulator, with everything that the emulator decides for itself binding: once as
//! it starts by default, and once with states that last long enough to be seen.
//!
//! This is also what the emulator's mutants are judged by (`conformance/mutants.toml`).

use std::process::Stdio;

use anyhow::{Result, ensure};

use crate::emulator::Emulator;
use crate::process::whole;

pub(crate) fn keeps_every_rule() -> Result<()> {
    let mut runs = Vec::new();
    let slowly = ["--transition-delay", "60"];
    // Where everything takes its time, what is generated does too.
    for (name, flags, generated, capabilities) in [
        ("instant", &[][..], 12, "transitions=off clock=on"),
        ("seen", &slowly[..], 1, "transitions=on clock=on"),
    ] {
        let emulator = Emulator::start(&format!("whole-{name}"), flags)?;
        let folder = tempfile::tempdir()?;
        let url = emulator.environment("")[0].1;
        let mut command = whole(url, name, generated, capabilities, folder.path());
        let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        runs.push((name, run, emulator, folder));
    }
    // Both are waited for, so that none goes on when the other has failed.
    let mut broken = Vec::new();
    for (name, run, _emulator, _folder) in runs {
        let output = run.wait_with_output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            broken.push(format!("{name}: {}: {said}{errors}", output.status));
        }
    }
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}
