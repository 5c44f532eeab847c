//! `prism/…` and `steady/…`: what people would use instead, on the emulator's own `OpenAPI`
//! description.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::load::Load;
use crate::npm::{PRISM, Package};
use crate::process::Program;
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

/// Steady is one program for each system; npm brings the one of this.
const STEADY: Package = Package {
    name: "@stdy/cli",
    release: "0.22.2",
    program: "node_modules/@stdy/cli-linux-x64/bin/steady",
};

/// A mock, and what its bars are called.
struct Mock {
    package: Package,
    throughput: &'static str,
    start: &'static str,
    memory: &'static str,
    /// Whether the emulator is to be so much better.
    limits: [Limit; 3],
    /// What it says when it listens.
    ready: &'static str,
    arguments: fn(port: &str, description: &Path) -> Vec<PathBuf>,
}

const MOCKS: [Mock; 2] = [
    Mock {
        package: PRISM,
        throughput: "prism/throughput",
        start: "prism/start",
        memory: "prism/memory",
        limits: [Limit::AtLeast(50.0), Limit::AtMost(0.05), Limit::AtMost(0.1)],
        ready: "Prism is listening",
        arguments: |port, description| {
            let words = ["mock", "-h", "127.0.0.1", "-p", port];
            words.iter().map(PathBuf::from).chain([description.to_owned()]).collect()
        },
    },
    Mock {
        package: STEADY,
        throughput: "steady/throughput",
        start: "steady/start",
        memory: "steady/memory",
        limits: [Limit::Nothing; 3],
        ready: "Ready to accept requests",
        arguments: |port, description| {
            let words = ["-q", "--host", "127.0.0.1", "-p", port];
            words.iter().map(PathBuf::from).chain([description.to_owned()]).collect()
        },
    },
];

pub(crate) const NAMES: &[&str] = &[
    MOCKS[0].throughput,
    MOCKS[0].start,
    MOCKS[0].memory,
    MOCKS[1].throughput,
    MOCKS[1].start,
    MOCKS[1].memory,
];

const RUNS: usize = 5;
const STARTS: usize = 5;
const RUN: Load = Load { connections: 16, span: Duration::from_secs(2) };
const WARM_UP: Load = Load { connections: 16, span: Duration::from_secs(1) };

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    let folder = tempfile::tempdir().context("no folder")?;
    let description = folder.path().join("openapi.json");
    runtime.block_on(async {
        let emulator = Program::emulator(&[])?;
        let mut client = Client::connect(emulator.address()?, "mocks").await?;
        let path = "/_emulator/openapi.json";
        let (answer, _) = client.call("GET", path, &Value::Null, 200).await?;
        fs::write(&description, answer.body()).context("cannot write the description")
    })?;
    let mut lines = Vec::new();
    for mock in &MOCKS {
        match mock.package.install() {
            Ok(program) => {
                lines.extend(runtime.block_on(mock.measure(&program, &description))?);
            }
            Err(why) => {
                let units = [Unit::Times; 3];
                let bars = [mock.throughput, mock.start, mock.memory];
                let all = bars.into_iter().zip(units).zip(mock.limits);
                lines.extend(all.map(|((bar, unit), limit)| Line::skipped(bar, unit, limit, &why)));
            }
        }
    }
    Ok(lines)
}

impl Mock {
    fn run(&self, program: &Path, description: &Path) -> Result<(Program, SocketAddr)> {
        // Not every mock says which port it was given.
        let free = TcpListener::bind("127.0.0.1:0").context("no free port")?.local_addr()?;
        let mut command = Command::new(program);
        command.args((self.arguments)(&free.port().to_string(), description));
        command.env("SCARF_ANALYTICS", "false");
        Ok((Program::start_until(command, &[], self.ready)?, free))
    }

    /// The emulator against the mock: requests per second, start, and memory after the load.
    async fn measure(&self, program: &Path, description: &Path) -> Result<Vec<Line>> {
        let (mut starts, mut their_starts) = (Sample::default(), Sample::default());
        for _ in 0..STARTS {
            starts.add_time(Program::emulator(&[])?.started_in);
            their_starts.add_time(self.run(program, description)?.0.started_in);
        }
        let emulator = Program::emulator(&[])?;
        let address = emulator.address()?;
        let (mock, mock_address) = self.run(program, description)?;
        let mut client = Client::connect(address, "mocks").await?;
        let body = json!({"template_name": "system/debian:bookworm", "timeout": 28_800});
        let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
        let path = format!("/v1/sandbox/{}", sandbox.text("id")?);
        let request = client.request("GET", &path, "", &[]);
        let theirs = Client::connect(mock_address, "mocks").await?;
        let their_request = theirs.request("GET", &path, "", &[]);
        WARM_UP.pace(address, &request, 200).await?;
        WARM_UP.pace(mock_address, &their_request, 200).await?;
        let (mut rates, mut their_rates) = (Sample::default(), Sample::default());
        for _ in 0..RUNS {
            their_rates.add(RUN.pace(mock_address, &their_request, 200).await?.rate);
            rates.add(RUN.pace(address, &request, 200).await?.rate);
        }
        let line = |bar, value: f64, limit, detail: String| {
            Line::new(bar, value, Unit::Times, limit).with_detail(detail)
        };
        let [throughput, start, memory] = self.limits;
        let name = self.package.name;
        let detail = format!("{rates:.0} requests/s, {name} {their_rates:.0}");
        let mut lines = vec![line(self.throughput, rates.times(&their_rates), throughput, detail)];
        let detail = format!("{starts:.1} ms, {name} {their_starts:.0} ms");
        lines.push(line(self.start, starts.times(&their_starts), start, detail));
        let resident = emulator.resident_mib().zip(mock.resident_mib());
        lines.push(resident.map_or_else(
            || {
                let why = "this system has no /proc/PID/status";
                Line::skipped(self.memory, Unit::Times, memory, why)
            },
            |(mib, their_mib)| {
                let detail = format!("{mib:.1} MiB after the load, {name} {their_mib:.1} MiB");
                line(self.memory, mib / their_mib, memory, detail)
            },
        ));
        Ok(lines)
    }
}
