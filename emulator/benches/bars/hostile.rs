//! `hostile/p99`: what clients wait while others hold connections and do nothing, or next to it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::process::{Program, take_open_files};
use crate::report::{Limit, Line, Unit};
use crate::statistics::Sample;

pub(crate) const NAME: &str = "hostile/p99";

/// Times the same without them.
const LIMIT: Limit = Limit::AtMost(2.0);
const IDLE: usize = 5000;
const SLOW: usize = 500;
/// Between two bytes of a slow one.
const DRIP: Duration = Duration::from_secs(1);
const RUNS: usize = 5;
const CLIENTS: usize = 4;
const REQUESTS: usize = 5000;

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Line>> {
    take_open_files();
    runtime.block_on(async {
        let emulator = Program::emulator(&[])?;
        let address = emulator.address()?;
        let mut client = Client::connect(address, "hostile").await?;
        let body = json!({"template_name": "system/debian:bookworm", "timeout": 28_800});
        let (sandbox, _) = client.call("POST", "/v1/sandbox", &body, 201).await?;
        let path = format!("/v1/sandbox/{}", sandbox.text("id")?);
        let request = client.request("GET", &path, "", &[]);
        p99(address, &request).await?;
        let (mut alone, mut beside) = (Sample::default(), Sample::default());
        for _ in 0..RUNS {
            alone.add(p99(address, &request).await?);
            let others = Others::come(address).await?;
            beside.add(p99(address, &request).await?);
            others.are_all_there()?;
        }
        let detail = format!(
            "p99 {beside:.3} ms beside {IDLE} idle and {SLOW} slow connections, {alone:.3} ms \
             without; {CLIENTS} clients, {REQUESTS} requests each"
        );
        let line = Line::new(NAME, beside.times(&alone), Unit::Times, LIMIT);
        Ok(vec![line.with_detail(detail)])
    })
}

/// What 99 of 100 requests take at most, in milliseconds.
async fn p99(address: SocketAddr, request: &[u8]) -> Result<f64> {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let mut client = Client::connect(address, "hostile").await?;
        let request = request.to_vec();
        clients.spawn(async move {
            let mut times = Vec::with_capacity(REQUESTS);
            for _ in 0..REQUESTS {
                times.push(client.send(&request, 200).await?.1);
            }
            anyhow::Ok(times)
        });
    }
    let mut all = Sample::default();
    while let Some(times) = clients.join_next().await {
        times.context("a client's task panicked")??.into_iter().for_each(|time| all.add_time(time));
    }
    Ok(all.quantile(0.99))
}

/// Those who hold connections.
struct Others {
    idle: Vec<TcpStream>,
    slow: JoinSet<std::io::Result<()>>,
}

impl Others {
    async fn come(address: SocketAddr) -> Result<Self> {
        let connect = || async move { TcpStream::connect(address).await.context("cannot connect") };
        let mut idle = Vec::with_capacity(IDLE);
        for _ in 0..IDLE {
            idle.push(connect().await?);
        }
        let mut slow = JoinSet::new();
        for number in 0..SLOW {
            let mut stream = connect().await?;
            // Half of them are slow with the head, half with the body.
            let begun: &[u8] = if number % 2 == 0 {
                b"GET /v1/sandboxes HTTP/1.1\r\nx-slow: "
            } else {
                b"POST /v1/sandbox HTTP/1.1\r\nhost: localhost\r\nauthorization: slow\r\n\
                  content-length: 1000000\r\n\r\n"
            };
            stream.write_all(begun).await?;
            slow.spawn(async move {
                loop {
                    tokio::time::sleep(DRIP).await;
                    stream.write_all(b"x").await?;
                }
            });
        }
        Ok(Self { idle, slow })
    }

    /// Fails if the server has sent one of them away: it would not have been measured beside them.
    fn are_all_there(mut self) -> Result<()> {
        let mut byte = [0];
        let gone = self.idle.iter().filter(|stream| stream.try_read(&mut byte).is_ok()).count();
        ensure!(gone == 0, "{gone} idle connections were closed");
        ensure!(self.slow.try_join_next().is_none(), "a slow connection was closed");
        Ok(())
    }
}
