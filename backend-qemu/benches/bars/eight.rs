//! `eight`: many sandboxes restored from one snapshot at the same time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use crate::pairs::Pairs;
use crate::report::Line;
use crate::sandbox::{Sandbox, Snapshot};
use crate::stage::Stage;

pub(crate) const NAME: &str = "eight";

/// Times as many restores one after the other.
const LIMIT: f64 = 1.2;
const SANDBOXES: usize = 8;
const ROUNDS: usize = 3;

pub(crate) async fn measure(stage: &Stage) -> Result<Vec<Line>> {
    let source = stage.create().await?;
    source.said("echo from the snapshot >mark").await?;
    let snapshot: Snapshot = source.machine.snapshot().await?;
    source.end().await?;
    let mut restores = Pairs::default();
    for _ in 0..ROUNDS {
        let in_a_row = restore_in_a_row(&snapshot).await?;
        restores.add(restore_together(&snapshot).await?, in_a_row);
    }
    Ok(vec![restores.line(NAME, LIMIT, "in a row")])
}

async fn restore_in_a_row(snapshot: &Snapshot) -> Result<Duration> {
    let begun = Instant::now();
    let mut copies = Vec::new();
    for _ in 0..SANDBOXES {
        copies.push(answering(snapshot).await?);
    }
    let taken = begun.elapsed();
    end(copies).await?;
    Ok(taken)
}

async fn restore_together(snapshot: &Snapshot) -> Result<Duration> {
    let begun = Instant::now();
    let mut restores = JoinSet::new();
    for _ in 0..SANDBOXES {
        let snapshot = Snapshot::clone(snapshot);
        restores.spawn(async move { answering(&snapshot).await });
    }
    let mut copies = Vec::new();
    while let Some(copy) = restores.join_next().await {
        copies.push(copy.context("a restore panicked")??);
    }
    let taken = begun.elapsed();
    end(copies).await?;
    Ok(taken)
}

/// A copy that has answered with what the snapshot holds.
async fn answering(snapshot: &Snapshot) -> Result<Sandbox> {
    let copy = Sandbox::restored(&**snapshot).await?;
    let mark = copy.said("cat mark").await?;
    ensure!(mark == "from the snapshot", "a copy answered {mark:?}");
    Ok(copy)
}

async fn end(copies: Vec<Sandbox>) -> Result<()> {
    for copy in copies {
        copy.end().await?;
    }
    Ok(())
}
