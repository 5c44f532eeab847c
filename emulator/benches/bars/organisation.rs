//! `big-organisation/…`: what an organisation with 100,000 snapshots waits for, against one with
//! 100.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

const GET: &str = "big-organisation/get";
const CREATE_SANDBOX: &str = "big-organisation/create-sandbox";
const DELETE_SANDBOX: &str = "big-organisation/delete-sandbox";
const CREATE_SNAPSHOT: &str = "big-organisation/create-snapshot";
const DELETE_SNAPSHOT: &str = "big-organisation/delete-snapshot";
const RESTORE: &str = "big-organisation/restore-by-name";
const MISSING_NAME: &str = "big-organisation/missing-name";
const FIRST_PAGE: &str = "big-organisation/first-page";
const QUERY: &str = "big-organisation/query";
const DEEP_PAGE: &str = "big-organisation/deep-page";
const P99_GET: &str = "big-organisation/p99-get";
const P99_NAME: &str = "big-organisation/p99-name";
const P99_FIRST_PAGE: &str = "big-organisation/p99-first-page";

pub(crate) const NAMES: &[&str] = &[
    GET,
    CREATE_SANDBOX,
    DELETE_SANDBOX,
    CREATE_SNAPSHOT,
    DELETE_SNAPSHOT,
    RESTORE,
    MISSING_NAME,
    FIRST_PAGE,
    QUERY,
    DEEP_PAGE,
    P99_GET,
    P99_NAME,
    P99_FIRST_PAGE,
];

/// What is compared with the small organisation.
const COMPARED: [&str; 8] = [
    GET,
    CREATE_SANDBOX,
    DELETE_SANDBOX,
    CREATE_SNAPSHOT,
    DELETE_SNAPSHOT,
    RESTORE,
    MISSING_NAME,
    FIRST_PAGE,
];

/// Times what the same costs in the small organisation.
const COMPARED_LIMIT: Limit = Limit::AtMost(3.0);
/// Milliseconds.
const SEARCH_LIMIT: Limit = Limit::AtMost(20.0);

const SMALL: usize = 100;
const BIG: usize = 100_000;
const CONNECTIONS: usize = 16;
const ROUNDS: usize = 201;
const SEARCHES: usize = 31;
const TAIL_ROUNDS: usize = 3000;

/// Searches of the big organisation, the dearest of which counts.
const QUERIES: [&str; 4] =
    ["query=bulk", "query=no-such-name", "query=BULK-0999", "query=bulk&page=1000&page-size=100"];
const DEEP_PAGES: [&str; 5] = [
    "page=5000",
    "page=1000&page-size=100",
    "page=500&page-size=100&order-by=asc",
    "page=1&sort=template_id",
    "page=1000&page-size=100&sort=template_id",
];

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let emulator = Program::emulator(&["--max-sandboxes", "none"])?;
        let address = emulator.address()?;
        fill(address, "small", SMALL).await?;
        fill(address, "big", BIG).await?;
        let mut small = Organisation::enter(address, "small", SMALL).await?;
        let mut big = Organisation::enter(address, "big", BIG).await?;
        for round in 0..ROUNDS {
            small.round(round).await?;
            big.round(round).await?;
        }
        let mut lines: Vec<_> = COMPARED
            .into_iter()
            .zip(big.samples.iter().zip(&small.samples))
            .map(|(bar, (big, small))| {
                let detail = format!("{big:.3} ms, {small:.3} ms in a small one");
                Line::new(bar, big.times(small), Unit::Times, COMPARED_LIMIT).with_detail(detail)
            })
            .collect();
        for (bar, queries) in [(QUERY, &QUERIES[..]), (DEEP_PAGE, &DEEP_PAGES)] {
            lines.push(big.search(bar, queries).await?);
        }
        lines.extend(tails(&mut small, &mut big).await?);
        Ok(lines)
    })
}

/// Takes snapshots over several connections, each of a sandbox of its own: two of one sandbox at a
/// time are refused.
pub(crate) async fn fill(address: SocketAddr, key: &'static str, snapshots: usize) -> Result<()> {
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        connections.spawn(async move {
            let mut client = Client::connect(address, key).await?;
            let sandbox = create(&mut client).await?;
            let path = format!("{sandbox}/snapshot/create");
            for number in (connection..snapshots).step_by(CONNECTIONS) {
                let body = json!({"name": format!("bulk-{number:06}")});
                client.call("POST", &path, &body, 201).await?;
            }
            client.call("DELETE", &sandbox, &Value::Null, 204).await
        });
    }
    while let Some(filled) = connections.join_next().await {
        filled.context("a connection's task panicked")??;
    }
    Ok(())
}

/// What 99 of 100 requests take at most in a big organisation, against a small one.
async fn tails(small: &mut Organisation, big: &mut Organisation) -> Result<Vec<Line>> {
    let mut of_small = [(); 3].map(|()| Sample::default());
    let mut of_big = of_small.clone();
    for round in 0..TAIL_ROUNDS {
        small.look(round, &mut of_small).await?;
        big.look(round, &mut of_big).await?;
    }
    let names = [P99_GET, P99_NAME, P99_FIRST_PAGE];
    let line = |(bar, (big, small)): (&'static str, (&Sample, &Sample))| {
        let [big, small] = [big, small].map(|sample| sample.quantile(0.99));
        let detail =
            format!("p99 {big:.3} ms, {small:.3} ms in a small one; {TAIL_ROUNDS} of each");
        Line::new(bar, big / small, Unit::Times, COMPARED_LIMIT).with_detail(detail)
    };
    Ok(names.into_iter().zip(of_big.iter().zip(&of_small)).map(line).collect())
}

/// Creates a sandbox and returns its path.
async fn create(client: &mut Client) -> Result<String> {
    let (sandbox, _) = client.call("POST", "/v1/sandbox", &create_body(), 201).await?;
    Ok(format!("/v1/sandbox/{}", sandbox.text("id")?))
}

fn create_body() -> Value {
    json!({"template_name": "system/debian:bookworm", "timeout": 28_800})
}

/// One of the two that are compared.
struct Organisation {
    client: Client,
    /// A sandbox's path.
    sandbox: String,
    snapshots: usize,
    /// In the order of [`COMPARED`].
    samples: [Sample; COMPARED.len()],
}

impl Organisation {
    /// Joins it, and makes sure that it is as large as it is to be.
    async fn enter(address: SocketAddr, key: &'static str, snapshots: usize) -> Result<Self> {
        let mut client = Client::connect(address, key).await?;
        let (list, _) = client.call("GET", "/v1/snapshots", &Value::Null, 200).await?;
        let total = list.json()?["total_items"].as_u64();
        ensure!(total == u64::try_from(snapshots).ok(), "{total:?} snapshots, not {snapshots}");
        let sandbox = create(&mut client).await?;
        Ok(Self { client, sandbox, snapshots, samples: Default::default() })
    }

    /// Does everything that is compared once.
    async fn round(&mut self, round: usize) -> Result<()> {
        // A different one each time, all over the names.
        let name = format!("bulk-{:06}", (round * 7919) % self.snapshots);
        let client = &mut self.client;

        let (_, get) = client.call("GET", &self.sandbox, &Value::Null, 200).await?;
        let (sandbox, create_sandbox) =
            client.call("POST", "/v1/sandbox", &create_body(), 201).await?;
        let path = format!("/v1/sandbox/{}", sandbox.text("id")?);
        let (_, delete_sandbox) = client.call("DELETE", &path, &Value::Null, 204).await?;

        let path = format!("{}/snapshot/create", self.sandbox);
        let (snapshot, create_snapshot) =
            client.call("POST", &path, &json!({"name": "one-more"}), 201).await?;
        let path = format!("/v1/snapshot/{}", snapshot.text("id")?);
        let (_, delete_snapshot) = client.call("DELETE", &path, &Value::Null, 204).await?;

        let restore = "/v1/snapshot/restore";
        let body = json!({"snapshot_name": name});
        let (copy, restore_by_name) = client.call("POST", restore, &body, 201).await?;
        let path = format!("/v1/sandbox/{}", copy.text("id")?);
        client.call("DELETE", &path, &Value::Null, 204).await?;
        let body = json!({"snapshot_name": "bulk-missing"});
        let (_, missing_name) = client.call("POST", restore, &body, 404).await?;

        let (_, first_page) = client.call("GET", "/v1/snapshots", &Value::Null, 200).await?;

        let times: [Duration; COMPARED.len()] = [
            get,
            create_sandbox,
            delete_sandbox,
            create_snapshot,
            delete_snapshot,
            restore_by_name,
            missing_name,
            first_page,
        ];
        for (sample, time) in self.samples.iter_mut().zip(times) {
            sample.add_time(time);
        }
        Ok(())
    }

    /// Reads a sandbox, has a name looked up, and reads the first page.
    async fn look(&mut self, round: usize, samples: &mut [Sample; 3]) -> Result<()> {
        let name = format!("bulk-{:06}", (round * 7919) % self.snapshots);
        let taken = json!({ "name": name });
        let client = &mut self.client;
        let (_, get) = client.call("GET", &self.sandbox, &Value::Null, 200).await?;
        // A name that is taken is looked up, and nothing changes.
        let create = format!("{}/snapshot/create", self.sandbox);
        let (_, by_name) = client.call("POST", &create, &taken, 409).await?;
        let (_, first_page) = client.call("GET", "/v1/snapshots", &Value::Null, 200).await?;
        for (sample, time) in samples.iter_mut().zip([get, by_name, first_page]) {
            sample.add_time(time);
        }
        Ok(())
    }

    /// Times each of several lists; the one with the largest median is the figure.
    async fn search(&mut self, bar: &'static str, queries: &[&str]) -> Result<Line> {
        let mut dearest = (f64::NEG_INFINITY, String::new());
        for query in queries {
            let path = format!("/v1/snapshots?{query}");
            let mut sample = Sample::default();
            for _ in 0..SEARCHES {
                let (_, taken) = self.client.call("GET", &path, &Value::Null, 200).await?;
                sample.add_time(taken);
            }
            if sample.median() > dearest.0 {
                dearest = (sample.median(), format!("{sample} ms for {query}"));
            }
        }
        let (value, detail) = dearest;
        let detail = format!("{detail}, the dearest of {}", queries.len());
        Ok(Line::new(bar, value, Unit::Millis, SEARCH_LIMIT).with_detail(detail))
    }
}
