//! A client for HTTP/1.1 with as little to it as the bars need: one keep-alive connection, one
//! request at a time, bodies of an announced length.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The media type of most bodies.
const JSON: &str = "application/json";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// One answer, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Head and body.
    pub(crate) bytes: Vec<u8>,
    head: usize,
}

impl Answer {
    /// Reads an answer; `None` while it is not whole.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        Self::parse_to("GET", bytes)
    }

    /// Reads the answer to a request of this method, which may have no body.
    fn parse_to(method: &str, bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD)
        else {
            return Ok(None);
        };
        let head = end + END_OF_HEAD.len();
        let answer = Self { status: 0, bytes: bytes.to_vec(), head };
        let status = answer.head().split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.context("an answer without a status")?;
        if method == "HEAD" {
            ensure!(bytes.len() == head, "an answer to HEAD with a body");
            return Ok(Some(Self { status, ..answer }));
        }
        let header =
            |wanted: &str| answer.headers().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if header("transfer-encoding").is_some() {
            // Others' servers send chunks; nobody reads what is in them.
            let whole = answer.bytes.ends_with(LAST_CHUNK);
            return Ok(whole.then_some(Self { status, ..answer }));
        }
        let length =
            header("content-length").map_or(Ok(0), |(_, length)| length.parse::<usize>())?;
        ensure!(bytes.len() <= head + length, "more came than one answer");
        Ok((bytes.len() == head + length).then_some(Self { status, ..answer }))
    }

    fn head(&self) -> &str {
        str::from_utf8(&self.bytes[..self.head]).unwrap_or_default()
    }

    /// Names and values, in the order in which they came.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head().lines().skip(1);
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    /// Whether the connection ends with it.
    pub(crate) fn closes(&self) -> bool {
        self.headers().any(|(name, value)| {
            name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
        })
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(self.body()).context("the answer is not JSON")
    }

    /// A text in the body.
    pub(crate) fn text(&self, field: &str) -> Result<String> {
        let text = self.json()?[field].as_str().map(str::to_owned);
        text.with_context(|| format!("no {field} in the answer"))
    }
}

/// A connection to an emulator, with the key of one organisation.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    address: SocketAddr,
    key: &'static str,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, key: &'static str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, key, buffer: vec![0; 64 << 10] })
    }

    /// The bytes of a request.
    pub(crate) fn request(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
        let Self { address, key, .. } = self;
        let about_body = match method {
            "GET" => String::new(),
            _ => format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len()),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
             {about_body}\r\n"
        );
        [head.as_bytes(), body].concat()
    }

    /// Sends a request that is ready to be sent and tells how long its answer took.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<(Answer, Duration)> {
        self.exchange_as("GET", request).await
    }

    /// Sends a request of any method.
    pub(crate) async fn exchange_of(&mut self, method: &str, request: &[u8]) -> Result<Answer> {
        Ok(self.exchange_as(method, request).await?.0)
    }

    async fn exchange_as(&mut self, method: &str, request: &[u8]) -> Result<(Answer, Duration)> {
        let begun = Instant::now();
        self.stream.write_all(request).await.context("the request was not taken")?;
        let mut length = 0;
        loop {
            if length == self.buffer.len() {
                self.buffer.resize(2 * length, 0);
            }
            let read = self.stream.read(&mut self.buffer[length..]).await?;
            ensure!(read > 0, "the connection was closed in place of an answer");
            // Taken before the bytes are looked at, which is this program's work.
            let taken = begun.elapsed();
            length += read;
            if let Some(answer) = Answer::parse_to(method, &self.buffer[..length])? {
                return Ok((answer, taken));
            }
        }
    }

    /// Sends a request with a JSON body, and none where it is null; fails unless it is answered
    /// with `status`.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
        status: u16,
    ) -> Result<(Answer, Duration)> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = self.request(method, path, JSON, &body);
        self.send(&request, status).await
    }

    /// As [`exchange`](Self::exchange), but fails unless the answer has this status.
    pub(crate) async fn send(&mut self, request: &[u8], status: u16) -> Result<(Answer, Duration)> {
        let (answer, taken) = self.exchange(request).await?;
        ensure!(
            answer.status == status,
            "{} was answered {} {}",
            String::from_utf8_lossy(request).lines().next().unwrap_or_default(),
            answer.status,
            String::from_utf8_lossy(answer.body())
        );
        Ok((answer, taken))
    }
}
