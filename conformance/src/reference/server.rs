//! Sockets, time, and requests that wait.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::wire::{self, AnswerBody};
use crate::model::{Call, Fault, Oddity, Reply, Step, Traits, World};
use crate::moment;

/// A reference server that is running. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) url: String,
    accepting: JoinHandle<()>,
    shared: Arc<Shared>,
}

impl Drop for Reference {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What the connections share.
#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    traits: Traits,
}

impl Reference {
    /// Starts a server on a port that is free.
    pub(crate) async fn start(traits: Traits) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let world = Mutex::new(World::new(traits.clone()));
        let shared = Arc::new(Shared { world, traits });
        let accepting = {
            let shared = shared.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(connection(stream, shared.clone()));
                }
            })
        };
        Ok(Self { url, accepting, shared })
    }

    /// What stops this server in an orderly way and starts it again.
    pub(crate) fn restart(&self) -> impl Fn() + Send + Sync + 'static {
        let shared = self.shared.clone();
        move || shared.with(|world, _| world.restart())
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { shared.serve(request).await }
    });
    // A client that hangs up is no error of this server.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The end of a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("hung up")]
struct HungUp;

impl Shared {
    fn bug(&self, fault: Fault) -> bool {
        self.traits.faults.contains(&fault)
    }

    fn odd(&self, oddity: Oddity) -> bool {
        self.traits.oddities.contains(&oddity)
    }

    async fn serve(
        self: &Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, HungUp> {
        let (head, body) = request.into_parts();
        if self.odd(Oddity::LargeBodyHangsUp) {
            let length = head.headers.get("content-length").and_then(|v| v.to_str().ok());
            if length.and_then(|text| text.parse().ok()).is_some_and(|bytes: u64| bytes > 10 << 20)
            {
                return Err(HungUp);
            }
        }
        let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
        let call = wire::call(&head, body);
        if call.path.ends_with("/pause") && self.bug(Fault::HangsUpOnPause) {
            return Err(HungUp);
        }
        if call.path.ends_with("/snapshot/create") && self.bug(Fault::HangsUpOnCapture) {
            return Err(HungUp);
        }
        if call.path.ends_with("/stop") && self.bug(Fault::NeverAnswersStop) {
            std::future::pending::<()>().await;
        }
        if self.odd(Oddity::Slow) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // A client that hangs up ends its connection, and not what it asked for.
        let answering = {
            let (shared, call) = (self.clone(), call.clone());
            tokio::spawn(async move { shared.answer(&call).await })
        };
        let reply = answering.await.map_err(|_| HungUp)?;
        if self.odd(Oddity::AnswersLate) {
            let late = reply.status % 5 + u16::try_from(call.path.len() % 4).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(late.into())).await;
        }
        Ok(wire::answer(&self.traits, &call, reply))
    }

    async fn answer(&self, call: &Call) -> Reply {
        let mut step = self.with(|world, now| world.call(call, now));
        loop {
            step = match step {
                Step::Reply(reply) => return reply,
                Step::Later(ms, finish) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    self.with(|world, now| world.finish(finish, now))
                }
                Step::Wait => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    self.with(|world, now| world.call(call, now))
                }
            };
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut World, u64) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut world, moment::now_ms())
    }
}

/// A body that never fails.
pub(super) type Never = Infallible;
/// The bytes of an answer.
pub(super) type Contents = Bytes;
