//! Whether grades hang on where generated sequences begin.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::emulator::Emulator;
use crate::process::{SEED, suite};

/// How many runs there are, side by side; `run --seeds 50` takes its time.
const SEEDS: u64 = 6;

pub(crate) fn grades_are_the_same() -> Result<()> {
    let emulator = Emulator::start("seeds", &[])?;
    let url = emulator.environment("")[0].1;
    let folder = tempfile::tempdir()?;
    let mut runs = Vec::new();
    for seed in 1..=SEEDS {
        let json = folder.path().join(format!("{seed}.json"));
        let path = json.to_string_lossy().into_owned();
        let mut command = suite(url, &format!("seeds-{seed}"), "", &path, folder.path());
        command.env(SEED, seed.to_string());
        runs.push((json, command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?));
    }
    let mut grades: Vec<BTreeMap<String, String>> = Vec::new();
    for (json, run) in runs {
        let output = run.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{}: {said}", output.status);
        grades.push(verdicts(&json)?);
    }
    let [first, others @ ..] = &*grades else { unreachable!("there is a run") };
    for (place, other) in others.iter().enumerate() {
        for (rule, verdict) in first {
            let seen = other.get(rule);
            ensure!(
                seen == Some(verdict),
                "{rule} is {verdict}, and with seed {}: {seen:?}",
                place + 2
            );
        }
    }
    Ok(())
}

/// The verdict on each rule in a report.
pub(crate) fn verdicts(report: &Path) -> Result<BTreeMap<String, String>> {
    let report: Value = serde_json::from_str(&fs::read_to_string(report)?)?;
    let rules = report["rules"].as_array().context("a report has rules")?;
    let text = |rule: &Value, field: &str| rule[field].as_str().unwrap_or_default().to_owned();
    Ok(rules.iter().map(|rule| (text(rule, "id"), text(rule, "verdict"))).collect())
}
