//! `pause`: how long a guest stands still while a snapshot of it is taken.

use std::time::Duration;

use anyhow::Result;

use crate::heartbeat::{self, Watch};
use crate::pairs::Pairs;
use crate::raw::RawMachine;
use crate::report::Line;
use crate::sandbox::{Sandbox, Snapshot};
use crate::stage::Stage;

pub(crate) const NAME: &str = "pause";

/// Times the pause when the same guest is saved by hand.
const LIMIT: f64 = 1.25;
/// Machines of either kind, one after the other: how fast a memory is read differs from process to
/// process, by how the host has laid it out.
const MACHINES: usize = 6;
/// Snapshots of each.
const ROUNDS: usize = 10;

pub(crate) async fn measure(stage: &Stage) -> Result<Vec<Line>> {
    let mut pauses = Pairs::default();
    for _ in 0..MACHINES {
        let first = stage.create().await?;
        heartbeat::start(&first).await?;
        // Both are copies of it, beat and all, and have lived equally long.
        let original = stage.known_snapshot(&first).await?;
        first.end().await?;
        let sandbox = Sandbox::restored(&*original.snapshot).await?;
        let mut raw = original.by_hand(stage)?.restore()?;
        for round in 0..ROUNDS {
            // Either is first in every other round.
            let early = if round % 2 == 0 { None } else { Some(of_raw_snapshot(stage, &mut raw)?) };
            let (snapshot, pause) = of_snapshot(stage, &sandbox).await?;
            snapshot.discard().await?;
            let by_hand = early.map_or_else(|| of_raw_snapshot(stage, &mut raw), Ok)?;
            pauses.add(pause, by_hand);
        }
        sandbox.end().await?;
    }
    Ok(vec![pauses.line(NAME, LIMIT, "by hand")])
}

/// Takes a snapshot of a sandbox with a heartbeat.
pub(crate) async fn of_snapshot(stage: &Stage, sandbox: &Sandbox) -> Result<(Snapshot, Duration)> {
    stage.calm()?;
    let watch = Watch::begin(&sandbox.process()?.console()?)?;
    let snapshot = sandbox.machine.snapshot().await?;
    Ok((snapshot, watch.end()?))
}

fn of_raw_snapshot(stage: &Stage, raw: &mut RawMachine) -> Result<Duration> {
    stage.calm()?;
    let watch = Watch::begin(&raw.console())?;
    raw.snapshot()?;
    watch.end()
}
