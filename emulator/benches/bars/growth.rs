//! `growth/…`: what the same costs when there is more of everything. Snapshots and files of a
//! sandbox have groups of their own (`big-organisation`, `snapshot-files`).

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

const SANDBOXES: &str = "growth/10000-sandboxes";
const ORGANISATIONS: &str = "growth/10000-organisations";
const WRITES: &str = "growth/write-10mib";
const READS: &str = "growth/read-10mib";

pub(crate) const NAMES: &[&str] = &[SANDBOXES, ORGANISATIONS, WRITES, READS];

const FEW: usize = 10;
const MANY: usize = 10_000;
const ROUNDS: usize = 1001;
const FILE_ROUNDS: usize = 21;
const FILE_BYTES: [usize; 5] = [0, 1 << 10, 64 << 10, 1 << 20, 10 << 20];

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let mut lines = vec![sandboxes().await?, organisations().await?];
        lines.extend(files().await?);
        Ok(lines)
    })
}

fn create_body() -> Value {
    json!({"template_name": "system/debian:bookworm", "timeout": 28_800})
}

async fn create(client: &mut Client) -> Result<String> {
    let (sandbox, _) = client.call("POST", "/v1/sandbox", &create_body(), 201).await?;
    Ok(format!("/v1/sandbox/{}", sandbox.text("id")?))
}

/// A read beside 10 sandboxes of an organisation and beside 10,000.
async fn sandboxes() -> Result<Line> {
    let emulator = Program::emulator(&["--max-sandboxes", "none"])?;
    let mut client = Client::connect(emulator.address()?, "sandboxes").await?;
    let mut samples = Vec::new();
    let (mut there, mut before) = (0, None);
    for count in [FEW, MANY] {
        let mut path = String::new();
        for _ in there..count {
            path = create(&mut client).await?;
        }
        there = count;
        samples.push(reads(&mut client, &path).await?);
        before.get_or_insert(emulator.resident_mib());
    }
    let detail = each(before.flatten(), emulator.resident_mib(), MANY - FEW);
    Ok(compared(SANDBOXES, &samples, &format!("GET with {MANY} and {FEW}"), &detail))
}

/// A read in an organisation beside which there is none, and beside 10,000 with a sandbox each.
async fn organisations() -> Result<Line> {
    let emulator = Program::emulator(&[])?;
    let address = emulator.address()?;
    let mut client = Client::connect(address, "first").await?;
    let path = create(&mut client).await?;
    let alone = reads(&mut client, &path).await?;
    let before = emulator.resident_mib();
    for number in 0..MANY {
        of_its_own(address, &mut client, number).await?;
    }
    let beside = reads(&mut client, &path).await?;
    let detail = each(before, emulator.resident_mib(), MANY);
    Ok(compared(ORGANISATIONS, &[alone, beside], &format!("GET with {MANY} and 1"), &detail))
}

/// Makes a sandbox in an organisation of this number.
async fn of_its_own(address: SocketAddr, client: &mut Client, number: usize) -> Result<()> {
    let body = create_body().to_string();
    let head = format!(
        "POST /v1/sandbox HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer growth-{number}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.send(head.as_bytes(), 201).await.map(drop)
}

/// Times of many reads.
async fn reads(client: &mut Client, path: &str) -> Result<Sample> {
    let mut sample = Sample::default();
    for _ in 0..ROUNDS {
        sample.add_time(client.call("GET", path, &Value::Null, 200).await?.1);
    }
    Ok(sample)
}

fn compared(bar: &'static str, samples: &[Sample], what: &str, more: &str) -> Line {
    let [small, big] = samples else { unreachable!("two were measured") };
    let p99 = |sample: &Sample| sample.quantile(0.99);
    let detail = format!(
        "{what}: p50 {:.3} and {:.3} ms, p99 {:.3} and {:.3} ms; {more}",
        big.median(),
        small.median(),
        p99(big),
        p99(small)
    );
    Line::new(bar, big.times(small), Unit::Times, Limit::Nothing).with_detail(detail)
}

/// What each of many takes of memory.
fn each(before: Option<f64>, after: Option<f64>, count: usize) -> String {
    let count = u32::try_from(count).map_or(f64::NAN, f64::from);
    match (before, after) {
        (Some(before), Some(after)) => {
            format!("{:.1} KiB of memory each", (after - before) * 1024.0 / count)
        }
        _ => "memory is not told here".to_owned(),
    }
}

/// Files of every size, up to the largest body that is taken.
async fn files() -> Result<Vec<Line>> {
    let emulator = Program::emulator(&[])?;
    let mut client = Client::connect(emulator.address()?, "files").await?;
    let sandbox = create(&mut client).await?;
    let write_path = format!("{sandbox}/filesystem/write-file?path=/workspace/f");
    let read_path = format!("{sandbox}/filesystem/read-file");
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for bytes in FILE_BYTES {
        let data = vec![b'x'; bytes];
        let write = client.request("POST", &write_path, "application/octet-stream", &data);
        let (mut of_writes, mut of_reads) = (Sample::default(), Sample::default());
        for _ in 0..FILE_ROUNDS {
            let (answer, taken) = client.exchange(&write).await?;
            ensure!(answer.status / 100 == 2, "a write was answered {}", answer.status);
            of_writes.add_time(taken);
            let body = json!({"path": "/workspace/f"});
            let (answer, taken) = client.call("POST", &read_path, &body, 200).await?;
            ensure!(answer.body() == data, "what was read is not what was written");
            of_reads.add_time(taken);
        }
        writes.push(of_writes.median());
        reads.push(of_reads.median());
    }
    let line = |bar, medians: &[f64]| {
        let each = medians.iter().zip(["0 B", "1 KiB", "64 KiB", "1 MiB", "10 MiB"]);
        let each: Vec<_> = each.map(|(median, size)| format!("{size} {median:.2}")).collect();
        let largest = medians.last().copied().context("there are sizes")?;
        let detail = format!("ms: {}", each.join(", "));
        anyhow::Ok(Line::new(bar, largest, Unit::Millis, Limit::Nothing).with_detail(detail))
    };
    Ok(vec![line(WRITES, &writes)?, line(READS, &reads)?])
}
