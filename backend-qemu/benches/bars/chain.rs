//! `chain/…`: a sandbox that is snapshotted again and again.

use std::time::Duration;

use anyhow::Result;

use crate::heartbeat;
use crate::pairs::Pairs;
use crate::pause;
use crate::raw::Blueprint;
use crate::report::{Line, Unit};
use crate::restore;
use crate::sandbox::{Sandbox, Snapshot};
use crate::stage::Stage;
use crate::statistics::Sample;

const DEPTH: &str = "chain/depth";
const PAUSE: &str = "chain/pause";
const RESTORE: &str = "chain/restore";
const BYTES: &str = "chain/bytes";
pub(crate) const NAMES: &[&str] = &[DEPTH, PAUSE, RESTORE, BYTES];
pub(crate) const REST_DEPTH: &str = "chain/rest-depth";

const SNAPSHOTS: usize = 100;
/// Files that a disk may consist of.
const DEPTH_LIMIT: f64 = 8.0;
/// Times what the first took.
const TIME_LIMIT: f64 = 1.25;
/// Times what a snapshot takes that is the only one.
const BYTES_LIMIT: f64 = 1.2;
/// The last pauses are compared with those of so many sandboxes that are snapshotted for the first
/// time, one after the other: what the host does meanwhile hits both alike.
const TWINS: usize = 7;
const RESTORES: usize = 9;
/// So many times a sandbox is paused and resumed, and then stopped and started.
const PAUSED: usize = 7;
const STOPPED: usize = 3;
/// No layer stays empty: every snapshot is taken after this.
const REWRITE: &str = "dd if=/dev/urandom of=rewritten bs=1M count=1 conv=fsync status=none";
/// How long a new sandbox may give free memory back, and how long merging in the background may
/// take.
const SETTLE: Duration = Duration::from_secs(5);

pub(crate) async fn measure(stage: &Stage) -> Result<Vec<Line>> {
    let before = stage.kept(&[])?;
    let source = stage.create().await?;
    heartbeat::start(&source).await?;
    let mut chain = Chain { snapshots: Vec::new(), deepest: 0 };
    for _ in TWINS..SNAPSHOTS {
        source.said(REWRITE).await?;
        chain.add(source.machine.snapshot().await?, &source)?;
    }
    let Compared { pauses, fresh } = compare_pauses(stage, &source, &mut chain).await?;
    let Chain { mut snapshots, mut deepest } = chain;
    let last = snapshots.pop().expect("a hundred");

    let mut restores = Pairs::default();
    for _ in 0..RESTORES {
        let (copy, of_last) = restore::until_first_command(&*last).await?;
        deepest = deepest.max(Blueprint::of(&copy.process()?)?.depth());
        copy.end().await?;
        let (copy, of_first) = restore::until_first_command(&*snapshots[0]).await?;
        copy.end().await?;
        restores.add(of_last, of_first);
    }

    let (copy, _) = restore::until_first_command(&*last).await?;
    for snapshot in snapshots {
        snapshot.discard().await?;
    }
    tokio::time::sleep(SETTLE).await;
    let after = stage.kept(&[&source, &copy])?;
    let (kept, live) = (after.since(&before), after.live);
    source.end().await?;
    copy.end().await?;
    last.discard().await?;

    Ok(vec![
        Line::new(DEPTH, f64::from(u32::try_from(deepest)?), Unit::Files, DEPTH_LIMIT)
            .with_detail(format!("the most that QEMU had open in {SNAPSHOTS} snapshots")),
        pauses.line(PAUSE, TIME_LIMIT, "at first"),
        restores.line(RESTORE, TIME_LIMIT, "at first"),
        Line::new(BYTES, kept / fresh, Unit::Times, BYTES_LIMIT).with_detail(format!(
            "{kept:.1} MiB beside live overlays of {live:.1} MiB; a fresh snapshot {fresh:.1} MiB"
        )),
    ])
}

/// The disk of a sandbox that goes to rest again and again and is never snapshotted.
pub(crate) async fn measure_rest(stage: &Stage) -> Result<Vec<Line>> {
    let mut sandbox = stage.create().await?;
    let mut deepest = 0;
    for round in 0..PAUSED + STOPPED {
        sandbox.said(REWRITE).await?;
        sandbox = if round < PAUSED {
            let paused = sandbox.machine.pause().await?;
            let resumed = Sandbox::restored(&*paused).await?;
            paused.discard().await?;
            resumed
        } else {
            let stopped = sandbox.machine.stop().await?;
            let started = Sandbox::started(&*stopped).await?;
            stopped.discard().await?;
            started
        };
        deepest = deepest.max(sandbox.process()?.depth()?);
    }
    sandbox.end().await?;
    let detail = format!("{PAUSED} times paused and resumed, {STOPPED} times stopped and started");
    let line = Line::new(REST_DEPTH, f64::from(u32::try_from(deepest)?), Unit::Files, DEPTH_LIMIT);
    Ok(vec![line.with_detail(detail)])
}

/// The snapshots of one sandbox.
struct Chain {
    snapshots: Vec<Snapshot>,
    /// The most files that its disk ever consisted of.
    deepest: usize,
}

impl Chain {
    fn add(&mut self, snapshot: Snapshot, source: &Sandbox) -> Result<()> {
        self.snapshots.push(snapshot);
        self.deepest = self.deepest.max(source.process()?.depth()?);
        Ok(())
    }
}

struct Compared {
    /// The last pauses of the sandbox that was snapshotted often, and the first ones of others.
    pauses: Pairs,
    /// The MiB that the first snapshot of one of them takes.
    fresh: f64,
}

/// Takes the last snapshots, and between them the first ones of sandboxes that are otherwise alike.
async fn compare_pauses(stage: &Stage, source: &Sandbox, chain: &mut Chain) -> Result<Compared> {
    let mut twins = Vec::new();
    for _ in 0..TWINS {
        twins.push(stage.create().await?);
    }
    tokio::time::sleep(SETTLE).await;
    let (mut pauses, mut sizes) = <(Pairs, Sample)>::default();
    for twin in twins {
        source.said(REWRITE).await?;
        let (snapshot, late) = pause::of_snapshot(stage, source).await?;
        chain.add(snapshot, source)?;

        heartbeat::start(&twin).await?;
        twin.said(REWRITE).await?;
        let before = stage.kept(&[&twin])?;
        let (snapshot, first) = pause::of_snapshot(stage, &twin).await?;
        pauses.add(late, first);
        sizes.add(stage.kept(&[&twin])?.since(&before));
        twin.end().await?;
        snapshot.discard().await?;
    }
    Ok(Compared { pauses, fresh: sizes.median() })
}
