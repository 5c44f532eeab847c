//! `mutated/…`: a million requests that nobody should send, the same that the tests send a few
//! hundred of, to the emulator's own binary.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::client::{Answer, Client};
use crate::mutation::{Request, case};
use crate::operations::Names;
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

const ANSWERS: &str = "mutated/bad-answers";
const MEMORY: &str = "mutated/memory";

pub(crate) const NAMES: &[&str] = &[ANSWERS, MEMORY];

const REQUESTS: u32 = 1_000_000;
/// After so many everything is as at first.
const ROUND: u32 = 10_000;
/// Requests about the same sandbox and snapshot.
const STAGE: u32 = 50;
/// A tenth of the rounds.
const TENTH: usize = 10;
/// How much larger memory may be in the last tenth than in the first: the larger of a tenth and
/// this many MiB.
const GROWN: f64 = 8.0;
const KEY: &str = "mutated";

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let emulator = Program::emulator(&["--max-sandboxes", "none"])?;
        let address = emulator.address()?;
        let mut sender = Sender::connect(address).await?;
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[1; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let requests = case();
        let mut memory = Vec::new();
        for _ in 0..REQUESTS / ROUND {
            for _ in 0..ROUND / STAGE {
                let names = sender.stage().await?;
                for _ in 0..STAGE {
                    let case = requests.new_tree(&mut runner);
                    let case = case.map_err(|why| anyhow::anyhow!("no request: {why}"))?.current();
                    sender.send(&case.request(&names)).await?;
                }
            }
            sender.client.call("POST", "/_emulator/reset", &json!({"all": true}), 204).await?;
            memory.extend(emulator.resident_mib());
        }
        let Sender { bad, statuses, .. } = sender;
        let seen: Vec<_> = statuses.iter().map(|(status, n)| format!("{n} x {status}")).collect();
        let mut detail = format!("of {REQUESTS}: {}", seen.join(", "));
        if let Some(first) = bad.first() {
            detail = format!("{first}; {detail}");
        }
        let count = u32::try_from(bad.len()).map_or(f64::NAN, f64::from);
        let answers =
            Line::new(ANSWERS, count, Unit::Count, Limit::AtMost(0.0)).with_detail(detail);
        Ok(vec![answers, memory_line(&memory)])
    })
}

fn memory_line(memory: &[f64]) -> Line {
    if memory.len() < 2 * TENTH {
        let why = "this system has no /proc/PID/status";
        return Line::skipped(MEMORY, Unit::Mib, Limit::AtMost(GROWN), why);
    }
    let of = |looks: &[f64]| {
        let mut sample = Sample::default();
        for mib in looks {
            sample.add(*mib);
        }
        sample
    };
    let (first, last) = (of(&memory[..TENTH]), of(&memory[memory.len() - TENTH..]));
    let limit = Limit::AtMost(GROWN.max(first.median() / 10.0));
    let way: Vec<_> = memory.iter().step_by(TENTH).map(|mib| format!("{mib:.1}")).collect();
    let detail =
        format!("{last} MiB in the last tenth, {first} MiB in the first; {}", way.join(" "));
    Line::new(MEMORY, last.median() - first.median(), Unit::Mib, limit).with_detail(detail)
}

/// Sends requests one after another, and keeps count.
struct Sender {
    address: SocketAddr,
    client: Client,
    statuses: BTreeMap<u16, u32>,
    /// What should not have been answered, in words.
    bad: Vec<String>,
}

impl Sender {
    async fn connect(address: SocketAddr) -> Result<Self> {
        let client = Client::connect(address, KEY).await?;
        Ok(Self { address, client, statuses: BTreeMap::new(), bad: Vec::new() })
    }

    /// A running sandbox with a file, and a snapshot of it.
    async fn stage(&mut self) -> Result<Names> {
        let client = &mut self.client;
        client.call("POST", "/_emulator/reset", &json!({}), 204).await?;
        let body = json!({"template_name": "system/debian:bookworm", "timeout": 28_800});
        let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
        let id = sandbox.text("id")?;
        let path = format!("/v1/sandbox/{id}/filesystem/write-file?path=/workspace/f");
        let write = client.request("POST", &path, "application/octet-stream", b"text");
        let (written, _) = client.exchange(&write).await?;
        ensure!(written.status / 100 == 2, "write-file was answered {}", written.status);
        let path = format!("/v1/sandbox/{id}/snapshot/create");
        let (snapshot, _) = client.call("POST", &path, &json!({"name": "base"}), 201).await?;
        Ok(Names { sandbox: id, snapshot: snapshot.text("id")?, new: "new".to_owned() })
    }

    async fn send(&mut self, request: &Request) -> Result<()> {
        match self.client.exchange_of(&request.method, &self.bytes(request)).await {
            Ok(answer) => {
                *self.statuses.entry(answer.status).or_default() += 1;
                if !is_fine(&answer, request) {
                    self.bad
                        .push(format!("{} {}: {}", request.method, request.path, answer.status));
                }
                if answer.closes() {
                    self.client = Client::connect(self.address, KEY).await?;
                }
            }
            Err(why) => {
                self.bad.push(format!("{} {}: {why:#}", request.method, request.path));
                self.client = Client::connect(self.address, KEY).await.context("it is gone")?;
            }
        }
        Ok(())
    }

    fn bytes(&self, request: &Request) -> Vec<u8> {
        let Request { method, path, headers, body, .. } = request;
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        if !headers.iter().any(|(name, _)| name.ends_with("authorization")) {
            let _ = write!(head, "authorization: Bearer {KEY}\r\n");
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }
}

/// Whether an answer is one that a request may get, whatever is wrong with it.
fn is_fine(answer: &Answer, request: &Request) -> bool {
    let status = answer.status;
    let not_built = status == 501 && request.may_be_not_built;
    let status_fits = (200..300).contains(&status) || (400..500).contains(&status) || not_built;
    let explained = status < 400
        || request.method == "HEAD"
        || answer.json().is_ok_and(|body: Value| body["message"].is_string());
    status_fits && explained
}
