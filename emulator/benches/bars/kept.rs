//! `kept/…` and `snapshot-1gib/…`: what a data folder costs, and what a large sandbox does not.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::organisation;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

const RESTART: &str = "kept/restart";
const SNAPSHOT: &str = "kept/snapshot-1gib";
const PLAIN_SNAPSHOT: &str = "snapshot-1gib/time";
const PLAIN_MEMORY: &str = "snapshot-1gib/memory";

pub(crate) const RESTARTS: &[&str] = &[RESTART];
pub(crate) const SNAPSHOTS: &[&str] = &[SNAPSHOT, PLAIN_SNAPSHOT, PLAIN_MEMORY];

/// Milliseconds.
const RESTART_LIMIT: Limit = Limit::AtMost(1000.0);
const STORED: usize = 10_000;
const STARTS: usize = 5;

/// Times what the same costs in an empty sandbox.
const COMPARED_LIMIT: Limit = Limit::AtMost(2.0);
const FILES: usize = 128;
const FILE_BYTES: usize = 8 << 20;
const ROUNDS: usize = 201;
/// Snapshots that are stored between two looks at memory, and how often.
const KEPT_ROUNDS: usize = 2000;
const MEMORY_ROUNDS: usize = 5;

/// From before the process exists to its ready line, with snapshots that an earlier one has stored
/// and was killed with.
pub(crate) fn measure_restart(runtime: &Runtime) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir().context("no folder")?;
    let start = || emulator(Some(folder.path()));
    runtime.block_on(organisation::fill(start()?.address()?, "kept", STORED))?;
    let mut starts = Sample::default();
    for _ in 0..STARTS {
        let emulator = start()?;
        starts.add_time(emulator.started_in);
        runtime.block_on(async {
            let mut client = Client::connect(emulator.address()?, "kept").await?;
            let (list, _) = client.call("GET", "/v1/snapshots", &Value::Null, 200).await?;
            let total = list.json()?["total_items"].as_u64();
            ensure!(total == u64::try_from(STORED).ok(), "{total:?} snapshots, not {STORED}");
            // One of them is read.
            let body = json!({"snapshot_name": "bulk-007919"});
            client.call("POST", "/v1/snapshot/restore", &body, 201).await
        })?;
    }
    let detail = format!("{starts} ms with {STORED} snapshots, after a kill");
    let line = Line::new(RESTART, starts.median(), Unit::Millis, RESTART_LIMIT);
    Ok(vec![line.with_detail(detail)])
}

/// Snapshots of a sandbox with 1 GiB of files against those of an empty one, each after a change of
/// one small file; with a data folder, where the first has been saved, and without.
pub(crate) fn measure_snapshots(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let folder = tempfile::tempdir().context("no folder")?;
        let mut lines = Vec::new();
        for (bar, folder) in [(SNAPSHOT, Some(folder.path())), (PLAIN_SNAPSHOT, None)] {
            let emulator = emulator(folder)?;
            let mut client = Client::connect(emulator.address()?, "large").await?;
            let empty = create(&mut client).await?;
            let full = create(&mut client).await?;
            fill(&mut client, &full).await?;
            let (_, first) = snapshot(&mut client, &full, "first").await?;
            let (mut of_empty, mut of_full) = (Sample::default(), Sample::default());
            for round in 0..ROUNDS {
                for (sandbox, sample) in [(&empty, &mut of_empty), (&full, &mut of_full)] {
                    change(&mut client, sandbox, round).await?;
                    let (path, taken) = snapshot(&mut client, sandbox, "bars").await?;
                    sample.add_time(taken);
                    client.call("DELETE", &path, &Value::Null, 204).await?;
                }
            }
            let first = first.as_secs_f64() * 1e3;
            let detail = format!(
                "{of_full:.3} ms with 1 GiB, {of_empty:.3} ms with none; the first took {first:.0}"
            );
            let line = Line::new(bar, of_full.times(&of_empty), Unit::Times, COMPARED_LIMIT);
            lines.push(line.with_detail(detail));
            if folder.is_none() {
                lines.push(memory(&emulator, &mut client, &empty, &full).await?);
            }
        }
        Ok(lines)
    })
}

/// What the emulator grows by for stored snapshots of either, in alternating rounds. In the first
/// it gives back what it needed before, so that one does not count.
async fn memory(emulator: &Program, client: &mut Client, empty: &str, full: &str) -> Result<Line> {
    let (mut of_empty, mut of_full) = (Sample::default(), Sample::default());
    for round in 0..=MEMORY_ROUNDS {
        for (sandbox, word, sample) in
            [(empty, "empty", &mut of_empty), (full, "full", &mut of_full)]
        {
            let Some(before) = emulator.resident_mib() else {
                let why = "this system has no /proc/PID/status";
                return Ok(Line::skipped(PLAIN_MEMORY, Unit::Times, COMPARED_LIMIT, why));
            };
            for one in 0..KEPT_ROUNDS {
                change(client, sandbox, one).await?;
                snapshot(client, sandbox, &format!("{word}-{round}-{one}")).await?;
            }
            if round > 0 {
                let after = emulator.resident_mib().context("it was there before")?;
                sample.add(after - before);
            }
        }
    }
    let detail = format!(
        "{of_full:.1} MiB for {KEPT_ROUNDS} snapshots with 1 GiB, {of_empty:.1} MiB with none"
    );
    let line = Line::new(PLAIN_MEMORY, of_full.times(&of_empty), Unit::Times, COMPARED_LIMIT);
    Ok(line.with_detail(detail))
}

fn emulator(folder: Option<&Path>) -> Result<Program> {
    let mut flags = vec!["--max-sandboxes", "none"];
    if let Some(folder) = folder {
        flags.extend(["--data-dir", folder.to_str().context("a folder in UTF-8")?]);
    }
    Program::emulator(&flags)
}

/// Makes a sandbox; its path.
async fn create(client: &mut Client) -> Result<String> {
    let body = json!({"template_name": "system/debian:bookworm", "timeout": 28_800});
    let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
    Ok(format!("/v1/sandbox/{}", sandbox.text("id")?))
}

async fn fill(client: &mut Client, sandbox: &str) -> Result<()> {
    for file in 0..FILES {
        // No two the same, so that nothing is kept once for several.
        let mut data = vec![0; FILE_BYTES];
        for (place, chunk) in data.chunks_mut(8).enumerate() {
            let number = (file * FILE_BYTES + place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
        }
        write(client, sandbox, &format!("/workspace/{file:03}"), &data).await?;
    }
    Ok(())
}

async fn change(client: &mut Client, sandbox: &str, round: usize) -> Result<()> {
    write(client, sandbox, "/workspace/changed", format!("round {round}").as_bytes()).await
}

async fn write(client: &mut Client, sandbox: &str, path: &str, data: &[u8]) -> Result<()> {
    let path = format!("{sandbox}/filesystem/write-file?path={path}");
    let request = client.request("POST", &path, "application/octet-stream", data);
    let (answer, _) = client.exchange(&request).await?;
    ensure!(answer.status / 100 == 2, "write-file was answered {}", answer.status);
    Ok(())
}

/// Takes a snapshot; its path, and how long that took.
async fn snapshot(client: &mut Client, sandbox: &str, name: &str) -> Result<(String, Duration)> {
    let path = format!("{sandbox}/snapshot/create");
    let (snapshot, taken) = client.call("POST", &path, &json!({"name": name}), 201).await?;
    Ok((format!("/v1/snapshot/{}", snapshot.text("id")?), taken))
}
