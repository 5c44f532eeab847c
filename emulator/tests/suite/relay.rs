//! A relay between the suite and a server: it counts requests, and interrupts the suite before one
//! of them.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use anyhow::{Context as _, Result};

use crate::process::signal;

/// A relay. Its threads end with the process.
pub(crate) struct Relay {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

/// Whether a request is the one: its number, from 1, and its head.
type Moment = Box<dyn Fn(u64, &str) -> bool + Send + Sync>;

struct Shared {
    /// Host and port.
    target: String,
    moment: Moment,
    requests: AtomicU64,
    process: OnceLock<u32>,
    interrupted: AtomicBool,
}

impl Relay {
    /// Passes on to the server at `url` whatever comes, each request on a connection of its own as
    /// the suite sends them.
    pub(crate) fn start(
        url: &str,
        moment: impl Fn(u64, &str) -> bool + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let shared = Arc::new(Shared {
            target: authority(url)?.to_owned(),
            moment: Box::new(moment),
            requests: AtomicU64::new(0),
            process: OnceLock::new(),
            interrupted: AtomicBool::new(false),
        });
        let relay =
            Self { url: format!("http://{}", listener.local_addr()?), shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A connection that breaks is seen by the suite, which says so.
                thread::spawn(move || shared.pass(client));
            }
        });
        Ok(relay)
    }

    /// The process that is interrupted when the moment has come. No request passes before.
    pub(crate) fn interrupts(&self, process: u32) {
        let _ = self.shared.process.set(process);
    }

    pub(crate) fn has_interrupted(&self) -> bool {
        self.shared.interrupted.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn pass(&self, mut client: TcpStream) -> io::Result<()> {
        let process = *self.process.wait();
        let begun = head(&mut client)?;
        let count = 1 + self.requests.fetch_add(1, Ordering::SeqCst);
        if (self.moment)(count, &String::from_utf8_lossy(&begun))
            && !self.interrupted.swap(true, Ordering::SeqCst)
        {
            signal("INT", &[process])?;
        }
        let mut server = TcpStream::connect(&self.target)?;
        server.write_all(&begun)?;
        carry(client, server)
    }
}

/// Carries what either says to the other, until the server has said all.
pub(crate) fn carry(mut client: TcpStream, mut server: TcpStream) -> io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}

/// What comes up to the end of the head of a request, and perhaps more.
fn head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut begun, mut buffer) = (Vec::new(), [0; 4096]);
    while !begun.windows(4).any(|four| four == b"\r\n\r\n") {
        let count = client.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        begun.extend_from_slice(&buffer[..count]);
    }
    Ok(begun)
}

/// What a server answers to a GET, head and body.
pub(crate) fn get(url: &str, path: &str, key: &str) -> Result<String> {
    let authority = authority(url)?;
    let mut stream = TcpStream::connect(authority)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {key}\r\n\
         connection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn authority(url: &str) -> Result<&str> {
    url.strip_prefix("http://").context("the URL is plain HTTP")
}
