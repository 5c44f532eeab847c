//! The server: accepts connections until it is told to stop, then drains them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use leap0_emulator_core::service::{Host, RecallError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::http::{self, Hangup, ReplyBody};
use crate::tenant::Tenants;
use crate::{Access, ControlAccess, Keys};

/// How long requests under way may take to finish once the server is to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to send a request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// How long to wait after an accept that failed for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Everything a request is answered from.
#[derive(Debug)]
pub struct Emulator {
    pub(crate) keys: Keys,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) control: ControlAccess,
    pub(crate) tenants: Tenants,
}

impl Emulator {
    /// An emulator without any organisation.
    pub fn new(host: Host, keys: Keys, access: Access, limits: Limits) -> Self {
        let control = ControlAccess::default();
        Self { keys, access, limits, control, tenants: Tenants::new(host) }
    }

    /// Says who may use the control paths.
    #[must_use]
    pub fn with_control(self, control: ControlAccess) -> Self {
        Self { control, ..self }
    }

    /// Puts every organisation that an earlier process has kept in its place.
    pub async fn recall(&self) -> Result<(), RecallError> {
        for recalled in self.host().recall().await? {
            self.tenants.recall(recalled);
        }
        Ok(())
    }

    /// Puts everything to rest for a later process, once nobody sends requests any more. What is
    /// dropped instead is told.
    pub async fn shut_down(&self) -> Dropped {
        let mut dropped = Dropped::default();
        for tenant in self.tenants.all() {
            if self.host().keeps() {
                tenant.fall_asleep().await;
            } else {
                dropped.sandboxes += tenant.world.sandbox_count();
                dropped.snapshots += tenant.world.snapshot_count();
            }
        }
        dropped
    }

    /// What its organisations are made from.
    pub fn host(&self) -> &Host {
        self.tenants.host()
    }
}

/// What ends with the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Sandboxes, of all organisations.
    pub sandboxes: usize,
    /// Snapshots, of all organisations.
    pub snapshots: usize,
}

/// The bounds of a request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest request body, in bytes (LIM-02).
    pub max_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_body: 10 << 20 }
    }
}

/// Serves until `shutdown` resolves, then lets requests under way finish, for at most ten seconds.
pub async fn run(
    emulator: Arc<Emulator>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // A connection that is already gone is its client's affair; running out of file
                // descriptors is not, and passes.
                if !is_of_the_connection(&error) {
                    log::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                continue;
            }
        };
        // Small answers must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let connection = graceful.watch(connection(Arc::clone(&emulator), stream));
        // A connection that breaks is its client's affair.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_LIMIT, graceful.shutdown()).await.is_err() {
        log::warn!("requests still under way after {DRAIN_LIMIT:?} were cut off");
    }
}

/// Serves one connection, whatever it consists of, until its client has enough.
pub async fn serve<S>(emulator: Arc<Emulator>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // One that breaks is its client's affair.
    drop(connection(emulator, stream).await);
}

fn connection<S>(
    emulator: Arc<Emulator>,
    stream: S,
) -> http1::Connection<
    TokioIo<S>,
    impl Service<Request<Incoming>, Response = Response<ReplyBody>, Error = Hangup, Future: Send>,
>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let emulator = Arc::clone(&emulator);
        async move { http::answer(&emulator, request).await }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
}

fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
