//! `image/bytes` and `image/boot`: what the image takes on the disk, and what that costs a boot.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::pairs::Pairs;
use crate::raw::{Blueprint, Prepared};
use crate::report::{Line, Unit};
use crate::stage::Stage;

const BYTES: &str = "image/bytes";
const BOOT: &str = "image/boot";
pub(crate) const NAMES: &[&str] = &[BYTES, BOOT];

const MEGABYTES: f64 = 250.0;
/// Times the boot of the same image uncompressed, by hand until the agent answers.
const LIMIT: f64 = 1.1;
const ROUNDS: usize = 7;

pub(crate) async fn measure(stage: &Stage) -> Result<Vec<Line>> {
    let files = &stage.image.manifest.files;
    let megabytes = |bytes: u64| f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e6;
    let detail = files.all().map(|file| format!("{} {:.1}", file.name, megabytes(file.bytes)));
    let bytes = Line::new(BYTES, megabytes(files.bytes()), Unit::Megabytes, MEGABYTES)
        .with_detail(detail.join(", "));

    let sandbox = stage.create().await?;
    let blueprint = Blueprint::of(&sandbox.process()?)?;
    sandbox.end().await?;
    let compressed = blueprint.base()?;
    let folder = stage.scratch()?;
    let plain = folder.path().join("plain.qcow2");
    uncompress(&compressed, &plain)?;
    // Once each, so that both files are in the page cache.
    for file in [&compressed, &plain] {
        boot(&blueprint, file, folder.path())?;
    }
    let mut boots = Pairs::default();
    for _ in 0..ROUNDS {
        let taken = boot(&blueprint, &compressed, folder.path())?;
        boots.add(taken, boot(&blueprint, &plain, folder.path())?);
    }
    Ok(vec![bytes, boots.line(BOOT, LIMIT, "uncompressed")])
}

fn uncompress(from: &Path, to: &Path) -> Result<()> {
    let mut command = Command::new("qemu-img");
    let status = command.args(["convert", "-O", "qcow2"]).arg(from).arg(to).status();
    let status = status.context("cannot start qemu-img")?;
    ensure!(status.success(), "qemu-img convert: {status}");
    Ok(())
}

fn boot(blueprint: &Blueprint, image: &Path, folder: &Path) -> Result<Duration> {
    let prepared = Prepared::new(&blueprint.clone().upon(image), image, folder)?;
    let begun = Instant::now();
    let mut machine = prepared.boot()?;
    machine.agent()?;
    Ok(begun.elapsed())
}
