//! `restore`: from a snapshot until the first command has run.

use std::time::{Duration, Instant};

use anyhow::Result;
use leap0_emulator_core::backend::Checkpoint;

use crate::pairs::Pairs;
use crate::report::Line;
use crate::sandbox::Sandbox;
use crate::stage::{Known, Stage};

pub(crate) const NAME: &str = "restore";

/// Times the same snapshot restored by hand: from before the process exists until
/// `qemu-guest-agent` has run a command. The image files are there before the clock starts, as they
/// are not in the back end.
const LIMIT: f64 = 1.3;
const ROUNDS: usize = 15;

pub(crate) async fn measure(stage: &Stage) -> Result<Vec<Line>> {
    let sandbox = stage.create().await?;
    let known = stage.known_snapshot(&sandbox).await?;
    sandbox.end().await?;
    let mut restores = Pairs::default();
    for _ in 0..ROUNDS {
        let (copy, taken) = until_first_command(&*known.snapshot).await?;
        copy.end().await?;
        restores.add(taken, by_hand(stage, &known)?);
    }
    Ok(vec![restores.line(NAME, LIMIT, "by hand")])
}

/// Restores a snapshot and runs a command.
pub(crate) async fn until_first_command(snapshot: &dyn Checkpoint) -> Result<(Sandbox, Duration)> {
    let begun = Instant::now();
    let copy = Sandbox::restored(snapshot).await?;
    copy.said("true").await?;
    Ok((copy, begun.elapsed()))
}

fn by_hand(stage: &Stage, known: &Known) -> Result<Duration> {
    let prepared = known.by_hand(stage)?;
    let begun = Instant::now();
    let mut machine = prepared.restore()?;
    machine.agent()?.run_true()?;
    Ok(begun.elapsed())
}
