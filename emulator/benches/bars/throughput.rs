//! `get-throughput`: `GET /v1/sandbox/{id}/` against a bare hyper server that sends the same bytes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::client::{Answer, Client};
use crate::load::{Load, Pace};
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::stand_in::StandIn;
use crate::statistics::Sample;

pub(crate) const NAME: &str = "get-throughput";

/// What clients wait, by how many of them there are.
pub(crate) const LATENCIES: &[&str] = &["get-latency/1", "get-latency/16", "get-latency/256"];
const CLIENTS: [usize; 3] = [1, 16, 256];

/// Percent of the bare server's rate.
const LIMIT: Limit = Limit::AtLeast(60.0);
const CONNECTIONS: usize = 16;
const RUNS: usize = 5;
const RUN: Load = Load { connections: CONNECTIONS, span: Duration::from_secs(3) };
const WARM_UP: Load = Load { connections: CONNECTIONS, span: Duration::from_millis(500) };

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let emulator = Program::emulator(&[])?;
        let mut client = Client::connect(emulator.address()?, "throughput").await?;
        let body = json!({"template_name": "system/debian:bookworm", "timeout": 28_800});
        let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
        let path = format!("/v1/sandbox/{}/", sandbox.text("id")?);
        let request = client.request("GET", &path, "", &[]);
        let (answer, _) = client.send(&request, 200).await?;
        drop(client);

        let bare = StandIn::BareServer.start(&answer.bytes)?;
        let mut emulator = Server::new(emulator, &request).await?;
        let mut bare = Server::new(bare, &request).await?;
        ensure!(
            but_the_date(&emulator.expected) == but_the_date(&bare.expected),
            "the bare server's answer differs: {:?} and {:?}",
            String::from_utf8_lossy(&emulator.expected.bytes),
            String::from_utf8_lossy(&bare.expected.bytes)
        );
        for server in [&mut emulator, &mut bare] {
            WARM_UP.drive(server.address, &request, &server.expected).await?;
        }
        for _ in 0..RUNS {
            bare.run(&request).await?;
            emulator.run(&request).await?;
        }
        let percent = 100.0 * emulator.rates.times(&bare.rates);
        let detail = format!(
            "{:.0} against {:.0} requests/s; processor time {:.1} against {:.1} us per request",
            emulator.rates, bare.rates, emulator.costs, bare.costs
        );
        Ok(vec![Line::new(NAME, percent, Unit::Percent, LIMIT).with_detail(detail)])
    })
}

/// What 99 of 100 `GET`s take at most with 1, 16 and 256 clients that ask as fast as they can.
pub(crate) fn measure_latency(runtime: &Runtime) -> Result<Vec<Line>> {
    runtime.block_on(async {
        let emulator = Program::emulator(&[])?;
        let address = emulator.address()?;
        let mut client = Client::connect(address, "latency").await?;
        let body = json!({"template_name": "system/debian:bookworm", "timeout": 28_800});
        let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
        let path = format!("/v1/sandbox/{}/", sandbox.text("id")?);
        let request = client.request("GET", &path, "", &[]);
        WARM_UP.pace(address, &request, 200).await?;
        let mut lines = Vec::new();
        for (bar, connections) in LATENCIES.iter().zip(CLIENTS) {
            let Pace { times, rate } =
                Load { connections, ..RUN }.pace(address, &request, 200).await?;
            let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|part| times.quantile(part));
            let detail =
                format!("p50 {p50:.3}, p99 {p99:.3}, p99.9 {p999:.3} ms; {rate:.0} requests/s");
            lines.push(Line::new(bar, p99, Unit::Millis, Limit::Nothing).with_detail(detail));
        }
        Ok(lines)
    })
}

/// One of the two that are compared.
struct Server {
    program: Program,
    address: SocketAddr,
    expected: Answer,
    /// Requests per second.
    rates: Sample,
    /// Microseconds of processor time per request.
    costs: Sample,
}

impl Server {
    async fn new(program: Program, request: &[u8]) -> Result<Self> {
        let address = program.address()?;
        let mut client = Client::connect(address, "").await?;
        let (expected, _) = client.send(request, 200).await?;
        let (rates, costs) = Default::default();
        Ok(Self { program, address, expected, rates, costs })
    }

    async fn run(&mut self, request: &[u8]) -> Result<()> {
        let before = self.program.processor_seconds();
        let answered = RUN.drive(self.address, request, &self.expected).await?;
        let after = self.program.processor_seconds();
        self.rates.add(f64::from(answered) / RUN.span.as_secs_f64());
        if let (Some(before), Some(after)) = (before, after) {
            self.costs.add((after - before) * 1e6 / f64::from(answered));
        }
        Ok(())
    }
}

/// Everything that two answers to the same request must share, in its order.
fn but_the_date(answer: &Answer) -> (u16, Vec<(&str, &str)>, &[u8]) {
    let headers = answer.headers().filter(|(name, _)| !name.eq_ignore_ascii_case("date"));
    (answer.status, headers.collect(), answer.body())
}
