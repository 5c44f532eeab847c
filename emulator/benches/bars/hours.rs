//! `eight-hours`: a working day of a sandbox under the manual clock.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

pub(crate) const NAME: &str = "eight-hours";

const LIMIT: Limit = Limit::Under(100.0);
const HOURS: usize = 8;
const HOUR_MS: u64 = 3_600_000;
/// A key each, because each lives through its own day in its own world.
const KEYS: [&str; 11] = ["d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11"];

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let emulator = Program::emulator(&["--clock", "manual"])?;
        let mut days = Sample::default();
        for key in KEYS {
            let mut client = Client::connect(emulator.address()?, key).await?;
            days.add_time(day(&mut client).await?);
        }
        let detail = format!("{days:.2} ms for {HOURS} hours with {HOURS} pauses and resumes");
        Ok(vec![Line::new(NAME, days.median(), Unit::Millis, LIMIT).with_detail(detail)])
    })
}

/// One sandbox falls asleep every hour and is woken by a use; another one reaches its deadline at
/// the end; a third is restored from a snapshot of the first and deleted. Everything is checked.
async fn day(client: &mut Client) -> Result<Duration> {
    let begun = Instant::now();
    let sleeper = create(client, json!({"timeout": 3600, "auto_pause": true})).await?;
    let worker = create(client, json!({"timeout": 28_800})).await?;
    for hour in 1..=HOURS {
        let wanted = if hour == HOURS { None } else { Some("running") };
        advance(client).await?;
        check(client, &sleeper, Some("paused")).await?;
        check(client, &worker, wanted).await?;
        let body = json!({"command": "true"});
        client.call("POST", &format!("{sleeper}/process/execute"), &body, 200).await?;
        check(client, &sleeper, Some("running")).await?;
    }
    let body = json!({"name": "evening"});
    client.call("POST", &format!("{sleeper}/snapshot/create"), &body, 201).await?;
    let body = json!({"snapshot_name": "evening", "timeout": 60});
    let (copy, _) = client.call("POST", "/v1/snapshot/restore", &body, 201).await?;
    client.call("DELETE", &sleeper, &Value::Null, 204).await?;
    check(client, &sleeper, None).await?;
    let copy = format!("/v1/sandbox/{}", copy.text("id")?);
    check(client, &copy, Some("running")).await?;
    client.call("DELETE", &copy, &Value::Null, 204).await?;
    Ok(begun.elapsed())
}

/// Creates a sandbox and returns its path.
async fn create(client: &mut Client, mut body: Value) -> Result<String> {
    body["template_name"] = "system/debian:bookworm".into();
    let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
    Ok(format!("/v1/sandbox/{}", sandbox.text("id")?))
}

async fn advance(client: &mut Client) -> Result<()> {
    let body = json!({"action": "advance", "ms": HOUR_MS});
    client.call("POST", "/_emulator/clock", &body, 200).await.map(drop)
}

/// Checks a sandbox's state; `None` for one that is gone.
async fn check(client: &mut Client, sandbox: &str, wanted: Option<&str>) -> Result<()> {
    let status = if wanted.is_some() { 200 } else { 404 };
    let (answer, _) = client.call("GET", sandbox, &Value::Null, status).await?;
    if let Some(wanted) = wanted {
        let state = answer.text("state")?;
        ensure!(state == wanted, "{sandbox} is {state}, not {wanted}");
    }
    Ok(())
}
