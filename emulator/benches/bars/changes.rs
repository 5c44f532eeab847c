//! `change-throughput`: sandboxes created and deleted, against a bare hyper server that sends the
//! same bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::stand_in::StandIn;
use crate::statistics::Sample;

pub(crate) const NAME: &str = "change-throughput";

/// Percent of the bare server's rate.
const LIMIT: Limit = Limit::AtLeast(25.0);
const CONNECTIONS: usize = 16;
const RUNS: usize = 5;
const SPAN: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_millis(500);

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let emulator = Program::emulator(&["--max-sandboxes", "none"])?;
        let address = emulator.address()?;
        let mut client = Client::connect(address, "changes").await?;
        let body = json!({"template_name": "system/debian:bookworm"});
        let (created, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
        let path = format!("/v1/sandbox/{}", created.text("id")?);
        let (deleted, _) = client.call("DELETE", &path, &json!(null), 204).await?;
        let bare = StandIn::BareServer.start(&[created.bytes, deleted.bytes].concat())?;
        let bare_address = bare.address()?;
        let (mut of_emulator, mut of_bare) = (Sample::default(), Sample::default());
        for address in [address, bare_address] {
            rate(address, WARM_UP).await?;
        }
        for _ in 0..RUNS {
            of_bare.add(rate(bare_address, SPAN).await?);
            of_emulator.add(rate(address, SPAN).await?);
        }
        let percent = 100.0 * of_emulator.times(&of_bare);
        let detail = format!("{of_emulator:.0} against {of_bare:.0} requests/s");
        Ok(vec![Line::new(NAME, percent, Unit::Percent, LIMIT).with_detail(detail)])
    })
}

/// Creates and deletes on several connections; requests per second.
async fn rate(address: SocketAddr, span: Duration) -> Result<f64> {
    let start = Arc::new(Barrier::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut client = Client::connect(address, "changes").await?;
        let start = Arc::clone(&start);
        connections.spawn(async move {
            let body = json!({"template_name": "system/debian:bookworm"}).to_string();
            let create = client.request("POST", "/v1/sandbox", "application/json", body.as_bytes());
            start.wait().await;
            let until = Instant::now() + span;
            let mut answered = 0_u32;
            while Instant::now() < until {
                let (created, _) = client.send(&create, 201).await?;
                let path = format!("/v1/sandbox/{}", created.text("id")?);
                let delete = client.request("DELETE", &path, "application/json", &[]);
                client.send(&delete, 204).await?;
                answered += 2;
            }
            anyhow::Ok(answered)
        });
    }
    let mut answered = 0;
    while let Some(of_one) = connections.join_next().await {
        answered += of_one.context("a connection's task panicked")??;
    }
    Ok(f64::from(answered) / span.as_secs_f64())
}
