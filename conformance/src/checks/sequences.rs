//! Sequences that nobody thought of: what the model predicts of them has to be seen.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::check::{Check, Outcome, Stop, Trial, check};
use crate::property::{
    Contradiction, Step, curl, execute, python, sequences, smallest, story, words,
};

pub(super) const CHECKS: &[Check] = &[check!(
    generated_sequences_go_as_predicted,
    Snapshots,
    [
        "SB-CREATE-01",
        "SB-PAUSE-01",
        "SB-PAUSE-09",
        "SB-STOP-01",
        "SB-START-01",
        "SB-DEL-01",
        "SNAP-CREATE-02",
        "SNAP-CREATE-08",
        "SNAP-REST-01",
        "SNAP-REST-07",
        "SNAP-DEL-02",
        "FS-OP-READ-FILE",
        "FS-OP-WRITE-FILE",
        "STATE-GET-RUNNING",
    ]
)
.live(3)];

async fn generated_sequences_go_as_predicted(t: &Trial) -> Outcome {
    let settings = &t.session.settings;
    let count = t.session.sequences();
    if count == 0 {
        return Err(Stop::Unsupported("no generated sequences were asked for (--sequences 0)"));
    }
    let all = sequences(settings.seed, count, |capability| t.session.has(capability));
    let mut exercised = BTreeSet::new();
    let mut broken = BTreeSet::new();
    for steps in all {
        let (seen, found) = execute(t, &steps).await?;
        exercised.extend(seen);
        if let Some(found) = found {
            // Whatever still goes wrong is shorter; the rule is told by the shortest.
            let short = smallest(t, steps).await;
            let (short, last) = shown(t, short, found).await?;
            broken.insert(last.rule);
            let place = write_down(t, &short, &last);
            let what = format!("{} (seed {}{place})", words(&short, &last), settings.seed);
            t.must(last.rule, what, false);
            break;
        }
    }
    for rule in t.check.rules {
        if !broken.contains(rule) {
            if exercised.contains(rule) {
                t.must(rule, "every generated sequence goes as predicted", true);
            } else {
                t.decided(rule, "no generated sequence came to it", true);
            }
        }
    }
    Ok(())
}

/// How often what was seen in the end is made a step: looking at one sandbox may change another.
const ROUNDS: usize = 8;

/// The sequence with a step that shows the contradiction, and the contradiction.
async fn shown(
    t: &Trial,
    mut steps: Vec<Step>,
    found: Contradiction,
) -> Outcome<(Vec<Step>, Contradiction)> {
    let mut last = execute(t, &steps).await?.1.unwrap_or(found);
    for _ in 0..ROUNDS {
        if last.tail.is_empty() {
            break;
        }
        let label = steps.iter().map(|step| step.label).max().unwrap_or(0) + 1;
        let labels = label..;
        let tail = last.tail.iter().zip(labels);
        steps.extend(tail.map(|(action, label)| Step { label, on: last.on, action: *action }));
        let Some(again) = execute(t, &steps).await?.1 else { break };
        last = again;
    }
    Ok((steps, last))
}

/// Writes a counterexample in all its forms, and says where.
fn write_down(t: &Trial, steps: &[Step], found: &Contradiction) -> String {
    let Some(folder) = &t.session.settings.findings else { return String::new() };
    let paths = t.restore_paths();
    let base = folder.join(t.session.prefix());
    let forms = [
        ("toml", story(steps, found, &paths)),
        ("sh", curl(steps, found, &paths)),
        ("py", python(steps, found)),
        ("txt", words(steps, found)),
    ];
    let write = |(end, text): &(&str, String)| -> std::io::Result<PathBuf> {
        let path = base.with_extension(end);
        std::fs::write(&path, text)?;
        Ok(path)
    };
    if std::fs::create_dir_all(folder).is_err() || forms.iter().any(|form| write(form).is_err()) {
        return String::new();
    }
    format!("; {}.toml, .sh, .py, .txt", base.display())
}
