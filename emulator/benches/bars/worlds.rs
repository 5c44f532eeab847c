//! `worlds/…`: forking and resetting a world with 1,000 sandboxes and 1,000 snapshots, against an
//! empty one.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

const FORK: &str = "worlds/fork";
const RESET: &str = "worlds/reset";

pub(crate) const NAMES: &[&str] = &[FORK, RESET];

/// Times what the same costs with an empty world.
const LIMIT: Limit = Limit::AtMost(3.0);
const SANDBOXES: usize = 1000;
const SNAPSHOTS: usize = 1000;
const ROUNDS: usize = 51;

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let emulator = Program::emulator(&["--max-sandboxes", "none"])?;
        let address = emulator.address()?;
        let mut empty = Client::connect(address, "empty").await?;
        let mut full = Client::connect(address, "full").await?;
        let mut copy = Client::connect(address, "copy").await?;
        fill(&mut full).await?;
        let (mut forks, mut resets) = (Pair::default(), Pair::default());
        for _ in 0..ROUNDS {
            let (fork, reset) = round(&mut full, &mut copy, SANDBOXES).await?;
            forks.full.add_time(fork);
            resets.full.add_time(reset);
            let (fork, reset) = round(&mut empty, &mut copy, 0).await?;
            forks.empty.add_time(fork);
            resets.empty.add_time(reset);
        }
        Ok(vec![forks.line(FORK), resets.line(RESET)])
    })
}

/// What a full world and an empty one cost.
#[derive(Default)]
struct Pair {
    full: Sample,
    empty: Sample,
}

impl Pair {
    fn line(&self, name: &'static str) -> Line {
        let ratio = self.full.median() / self.empty.median();
        let (full, empty) = (&self.full, &self.empty);
        let detail = format!("{full:.3} ms against {empty:.3} ms");
        Line::new(name, ratio, Unit::Times, LIMIT).with_detail(detail)
    }
}

/// Sandboxes of which the first is the source of all snapshots.
async fn fill(client: &mut Client) -> Result<()> {
    let body = json!({"template_name": "system/debian:bookworm", "timeout": 28_800});
    let mut source = String::new();
    for number in 0..SANDBOXES {
        let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
        if number == 0 {
            source = format!("/v1/sandbox/{}/snapshot/create", sandbox.text("id")?);
        }
    }
    for number in 0..SNAPSHOTS {
        let body = json!({"name": format!("snapshot-{number}")});
        client.call("POST", &source, &body, 201).await?;
    }
    Ok(())
}

/// Forks a world, checks the copy, and resets it.
async fn round(
    from: &mut Client,
    copy: &mut Client,
    sandboxes: usize,
) -> Result<(Duration, Duration)> {
    let body = json!({"to_key": "copy"});
    let (_, fork) = from.call("POST", "/_emulator/world/fork", &body, 204).await?;
    let (list, _) = copy.call("GET", "/v1/sandboxes?page-size=1", &Value::Null, 200).await?;
    let total = list.json()?["total_items"].clone();
    ensure!(total == sandboxes, "the copy has {total} sandboxes, not {sandboxes}");
    let (_, reset) = copy.call("POST", "/_emulator/reset", &json!({}), 204).await?;
    Ok((fork, reset))
}
