//! `restored-disk` and `snapshot-…`: what a sandbox and a snapshot take on the disk.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::report::{Line, Unit};
use crate::sandbox::{MEMORY_MIB, Sandbox};
use crate::stage::Stage;
use crate::statistics::Sample;

pub(crate) const RESTORED: &str = "restored-disk";
const SIZE: &str = "snapshot-size";
const FREED: &str = "snapshot-freed";
const SCATTERED: &str = "snapshot-scattered";
pub(crate) const SNAPSHOTS: &[&str] = &[SIZE, FREED, SCATTERED];

const RESTORED_MIB: f64 = 2.0;
const RESTORED_SANDBOXES: usize = 3;
/// How long a restored sandbox may write back what its start made dirty before it is looked at.
const SETTLE: Duration = Duration::from_secs(12);

/// Times the memory of the guest that is not free; its dirty disk comes on either side.
const SIZE_LIMIT: f64 = 1.2;
/// 10 MB.
const FREED_MIB: f64 = 10e6 / 1_048_576.0;
const ROUNDS: usize = 3;
/// How long the guest is idle before a snapshot of it is taken.
const IDLE: Duration = Duration::from_secs(5);
/// Bytes that are not all the same, so that they could not be left out.
const WRITE: &str = "head -c 64M /dev/urandom >written && sync written";
const USE_AND_FREE: &str = "head -c 150000000 /dev/urandom >/dev/shm/large
    test $(stat -c %s /dev/shm/large) = 150000000 && rm /dev/shm/large";
/// A thousand pages of the file that was written first, as a database would.
const SCATTER: &str = r#"python3 -c '
import os, random
file = os.open("written", os.O_RDWR)
for page in random.sample(range(16384), 1000):
    os.pwrite(file, os.urandom(4096), 4096 * page)
os.fsync(file)'"#;

/// The files of a restored sandbox that has only run a command that does nothing.
pub(crate) async fn measure_restored(stage: &Stage) -> Result<Vec<Line>> {
    let source = stage.create().await?;
    let snapshot = source.machine.snapshot().await?;
    source.end().await?;
    let before = stage.kept(&[])?;
    let mut copies = Vec::new();
    for _ in 0..RESTORED_SANDBOXES {
        let copy = Sandbox::restored(&*snapshot).await?;
        copy.said("true").await?;
        copies.push(copy);
    }
    let each = || {
        let after = stage.kept(&copies.iter().collect::<Vec<_>>())?;
        let sandboxes = f64::from(u32::try_from(RESTORED_SANDBOXES)?);
        Ok::<_, anyhow::Error>((after.since(&before) + after.live) / sandboxes)
    };
    let at_once = each()?;
    tokio::time::sleep(SETTLE).await;
    let settled = each()?;
    for copy in copies {
        copy.end().await?;
    }
    let detail = format!(
        "{at_once:.2} MiB at once, {settled:.2} MiB {SETTLE:?} later; mean of {RESTORED_SANDBOXES}"
    );
    let line = Line::new(RESTORED, at_once.max(settled), Unit::Mib, RESTORED_MIB);
    Ok(vec![line.with_detail(detail)])
}

/// Snapshots of a guest that has written to its disk and is idle, that has used and freed much
/// memory, and that has changed a little everywhere on its disk.
pub(crate) async fn measure_snapshots(stage: &Stage) -> Result<Vec<Line>> {
    let [mut idle, mut freed, mut scattered] = <[Sizes; 3]>::default();
    let mut grown = Sample::default();
    for _ in 0..ROUNDS {
        let sandbox = stage.create().await?;
        let mut written = written(&sandbox).await?;
        sandbox.said(WRITE).await?;
        let before = idle.add(idle_snapshot(stage, &sandbox, &mut written).await?);
        sandbox.said(USE_AND_FREE).await?;
        let after = freed.add(idle_snapshot(stage, &sandbox, &mut written).await?);
        grown.add(after - before);
        sandbox.said(SCATTER).await?;
        scattered.add(idle_snapshot(stage, &sandbox, &mut written).await?);
        sandbox.end().await?;
    }
    let detail = format!("{grown:.1} MiB more than before; {ROUNDS} sandboxes");
    Ok(vec![
        idle.line(SIZE),
        Line::new(FREED, grown.median(), Unit::Mib, FREED_MIB).with_detail(detail),
        scattered.line(SCATTERED),
    ])
}

/// Snapshots in the same situation, in MiB.
#[derive(Default)]
struct Sizes {
    taken: Sample,
    used: Sample,
    written: Sample,
}

impl Sizes {
    fn add(&mut self, Idle { size, used, written }: Idle) -> f64 {
        self.taken.add(size);
        self.used.add(used);
        self.written.add(written);
        size
    }

    fn line(&self, bar: &'static str) -> Line {
        let Self { taken, used, written } = self;
        let detail = format!(
            "{taken:.1} MiB beside {written:.1} MiB of dirty disk, {used:.1} MiB of memory in use; \
             {ROUNDS} sandboxes"
        );
        Line::new(bar, taken.times(used), Unit::Times, SIZE_LIMIT).with_detail(detail)
    }
}

/// A snapshot of an idle guest, in MiB.
struct Idle {
    /// What it takes on the disk, but for what the guest wrote to its own since the one before.
    size: f64,
    /// The memory of the guest that was not free.
    used: f64,
    /// What it wrote to its disk since then.
    written: f64,
}

async fn idle_snapshot(stage: &Stage, sandbox: &Sandbox, so_far: &mut f64) -> Result<Idle> {
    tokio::time::sleep(IDLE).await;
    let free = number(sandbox, "awk '/^MemFree:/ { print $2 }' /proc/meminfo").await?;
    let used = f64::from(MEMORY_MIB) - free / 1024.0;
    let earlier = std::mem::replace(so_far, written(sandbox).await?);
    let written = *so_far - earlier;
    let before = stage.kept(&[sandbox])?;
    let snapshot = sandbox.machine.snapshot().await?;
    let after = stage.kept(&[sandbox])?;
    snapshot.discard().await?;
    // The sandbox's own layer is a part of the snapshot now, and an empty one is its own.
    let taken = after.since(&before) + after.live;
    Ok(Idle { size: taken - written, used, written })
}

async fn written(sandbox: &Sandbox) -> Result<f64> {
    let sectors = number(sandbox, "awk '{ print $7 }' /sys/block/vda/stat").await?;
    Ok(sectors / 2048.0)
}

async fn number(sandbox: &Sandbox, script: &str) -> Result<f64> {
    sandbox.said(script).await?.parse().with_context(|| format!("{script} gives no number"))
}
