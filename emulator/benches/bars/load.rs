//! The load generator: as many requests as a server answers on a fixed number of connections.
//!
//! Every request is the same bytes, and every answer but its date is too, so that nothing has to be
//! parsed and the generator is not what limits the rate. Yet each answer is looked at: one that is
//! not the expected one ends the run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{Answer, Client};
use crate::statistics::Sample;

/// How a server is driven.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) span: Duration,
}

/// How a server kept up.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Milliseconds of every request.
    pub(crate) times: Sample,
    /// Requests per second.
    pub(crate) rate: f64,
}

impl Load {
    /// Drives a server whose answers are not all the same but have the same status, and times each.
    pub(crate) async fn pace(
        self,
        address: SocketAddr,
        request: &[u8],
        status: u16,
    ) -> Result<Pace> {
        let start = Arc::new(Barrier::new(self.connections));
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            let mut client = Client::connect(address, "").await?;
            let (request, start) = (request.to_vec(), Arc::clone(&start));
            connections.spawn(async move {
                start.wait().await;
                let until = Instant::now() + self.span;
                let mut times = Vec::new();
                while Instant::now() < until {
                    times.push(client.send(&request, status).await?.1);
                }
                anyhow::Ok(times)
            });
        }
        let (mut times, mut answered) = (Sample::default(), 0_u32);
        while let Some(of_one) = connections.join_next().await {
            for time in of_one.context("a connection's task panicked")?? {
                times.add_time(time);
                answered += 1;
            }
        }
        Ok(Pace { times, rate: f64::from(answered) / self.span.as_secs_f64() })
    }

    /// Drives a server and returns how many requests it answered.
    pub(crate) async fn drive(
        self,
        address: SocketAddr,
        request: &[u8],
        expected: &Answer,
    ) -> Result<u32> {
        let request: Arc<[u8]> = request.into();
        let start = Arc::new(Barrier::new(self.connections));
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            let stream = TcpStream::connect(address).await.context("cannot connect")?;
            stream.set_nodelay(true)?;
            let (request, expected) = (Arc::clone(&request), expected.clone());
            let start = Arc::clone(&start);
            connections.spawn(async move {
                start.wait().await;
                repeat(stream, &request, &expected, Instant::now() + self.span).await
            });
        }
        let mut answered = 0;
        while let Some(count) = connections.join_next().await {
            answered += count.context("a connection's task panicked")??;
        }
        Ok(answered)
    }
}

async fn repeat(
    mut stream: TcpStream,
    request: &[u8],
    expected: &Answer,
    until: Instant,
) -> Result<u32> {
    let mut buffer = vec![0; expected.bytes.len() + 1];
    let mut answered = 0;
    let start_of_head = &expected.bytes[.."HTTP/1.1 200".len()];
    while Instant::now() < until {
        stream.write_all(request).await?;
        let mut length = 0;
        while length < expected.bytes.len() {
            let read = stream.read(&mut buffer[length..]).await?;
            ensure!(read > 0, "the server closed the connection");
            length += read;
        }
        let answer = &buffer[..length];
        let same = length == expected.bytes.len()
            && answer.starts_with(start_of_head)
            && answer.ends_with(expected.body());
        ensure!(same, "an unexpected answer: {}", String::from_utf8_lossy(answer));
        answered += 1;
    }
    Ok(answered)
}
