//! What the emulator is measured against, as processes of their own: a bare hyper server and a
//! program that does nothing. Both run on the runtime that the emulator's `main` builds.

use std::convert::Infallible;
use std::env;
use std::io::{self, Read as _, Write as _};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::client::Answer;
use crate::process::Program;

/// A part that this program plays when it is started by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// Starts a runtime, prints a line and waits.
    EmptyProgram,
    /// Reads one or two answers from its input. The second is given to every DELETE, the first to
    /// every other request.
    BareServer,
}

/// The argument before the part's name.
const FLAG: &str = "--stand-in";

impl StandIn {
    const ALL: [Self; 2] = [Self::EmptyProgram, Self::BareServer];

    fn name(self) -> &'static str {
        match self {
            Self::EmptyProgram => "empty-program",
            Self::BareServer => "bare-server",
        }
    }

    /// The part that the command line asks for, if any.
    pub(crate) fn asked_for(arguments: &[String]) -> Option<Self> {
        match arguments {
            [flag, name] if flag == FLAG => Self::ALL.into_iter().find(|part| part.name() == name),
            _ => None,
        }
    }

    /// Starts this program again in the part, with `input` on its standard input.
    pub(crate) fn start(self, input: &[u8]) -> Result<Program> {
        let mut command = Command::new(env::current_exe().context("where is this program?")?);
        command.args([FLAG, self.name()]);
        Program::start(command, input)
    }

    /// Plays the part until killed.
    pub(crate) fn run(self) -> Result<()> {
        // As in the emulator's `main`.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start worker threads")?;
        runtime.block_on(async {
            match self {
                Self::EmptyProgram => wait_for_the_end().await,
                Self::BareServer => serve().await,
            }
        })
    }
}

async fn wait_for_the_end() -> Result<()> {
    announce("ready")?;
    std::future::pending().await
}

/// One of the bare server's answers, ready to be sent.
struct Ready {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

async fn serve() -> Result<()> {
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).context("cannot read the answer to give")?;
    let ready = Arc::new(all_ready(&input)?);
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen")?;
    announce(&format!("listening on {}", listener.local_addr()?))?;
    loop {
        let (stream, _) = listener.accept().await.context("cannot accept")?;
        stream.set_nodelay(true)?;
        let ready = Arc::clone(&ready);
        let service = service_fn(move |request: Request<Incoming>| {
            let deletes = request.method() == Method::DELETE;
            let ready = ready.get(usize::from(deletes)).unwrap_or(&ready[0]);
            let mut response = Response::new(Full::new(ready.body.clone()));
            *response.status_mut() = ready.status;
            for (name, value) in &ready.headers {
                response.headers_mut().append(name.clone(), value.clone());
            }
            async move { Ok::<_, Infallible>(response) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move { drop(connection.await) });
    }
}

/// One answer or two, one after the other.
fn all_ready(input: &[u8]) -> Result<Vec<Ready>> {
    let text = |from: usize| input.get(from..).unwrap_or_default();
    let second = (1..input.len()).find(|from| text(*from).starts_with(b"HTTP/1.1 "));
    match second {
        Some(from) => Ok(vec![ready(&input[..from])?, ready(text(from))?]),
        None => Ok(vec![ready(input)?]),
    }
}

fn ready(input: &[u8]) -> Result<Ready> {
    let answer = Answer::parse(input)?.context("half an answer")?;
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers() {
        let name: HeaderName = name.parse()?;
        // hyper writes these two itself, for the emulator as well.
        if name != CONTENT_LENGTH && name != DATE {
            headers.append(name, HeaderValue::from_str(value)?);
        }
    }
    Ok(Ready {
        status: StatusCode::from_u16(answer.status)?,
        headers,
        body: answer.body().to_vec().into(),
    })
}

fn announce(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush().context("cannot print the ready line")
}
