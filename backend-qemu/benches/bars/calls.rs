//! `exec`, `write-1mib` and `read-1mib`: calls into a sandbox.

use std::time::Instant;

use anyhow::{Result, ensure};
use leap0_files::{FileOp, FileReply, FsPath, ReadFile, ReadWindow, WriteFile};

use crate::report::{Line, Unit};
use crate::stage::Stage;
use crate::statistics::Sample;

const EXEC: &str = "exec";
const WRITE: &str = "write-1mib";
const READ: &str = "read-1mib";
pub(crate) const NAMES: &[&str] = &[EXEC, WRITE, READ];

const EXEC_MS: f64 = 40.0;
const COMMANDS: usize = 201;
const FILE_MS: f64 = 1000.0;
const FILES: u32 = 15;
const BYTES: usize = 1 << 20;

pub(crate) async fn measure(stage: &Stage) -> Result<Vec<Line>> {
    let sandbox = stage.create().await?;
    let (mut commands, mut writes, mut reads) = <(Sample, Sample, Sample)>::default();
    for _ in 0..COMMANDS {
        let begun = Instant::now();
        sandbox.said("true").await?;
        commands.add_time(begun.elapsed());
    }
    let path = FsPath::new("/workspace/file")?;
    for seed in 0..FILES {
        let data = noise(seed);
        let write = WriteFile { path: path.clone(), data: data.clone(), mode: None };
        let begun = Instant::now();
        sandbox.machine.files(FileOp::WriteFile(write)).await?;
        writes.add_time(begun.elapsed());

        let window = ReadWindow::Bytes { offset: 0, limit: None };
        let begun = Instant::now();
        let reply = sandbox
            .machine
            .files(FileOp::ReadFile(ReadFile { path: path.clone(), window }))
            .await?;
        reads.add_time(begun.elapsed());
        ensure!(reply == FileReply::Bytes(data), "other bytes were read than written");
    }
    sandbox.end().await?;
    let line = |bar, sample: &Sample, limit, count: &str| {
        let detail = format!("{sample:.1} ms; {count}");
        Line::new(bar, sample.median(), Unit::Millis, limit).with_detail(detail)
    };
    Ok(vec![
        line(EXEC, &commands, EXEC_MS, &format!("{COMMANDS} times `true`")),
        line(WRITE, &writes, FILE_MS, &format!("{FILES} times")),
        line(READ, &reads, FILE_MS, &format!("{FILES} times, byte for byte")),
    ])
}

/// Bytes of every value, in another order for each seed: xorshift.
fn noise(seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(step).take(BYTES).collect()
}
