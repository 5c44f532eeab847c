//! The order of checks (WIRE-10): key, path, what the path names, size, built at all; then the
//! operation's own handler.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use leap0_emulator_core::id::{SandboxId, SnapshotId};
use leap0_emulator_core::lifecycle::State;
use leap0_emulator_core::service::{ServiceError, World};

use super::body::{self, BodyError};
use super::operation::Operation;
use super::route::{self, NoRoute};
use super::{Failure, Reply};
use crate::handlers;
use crate::server::Emulator;
use crate::wire::FieldError;

/// A request that has passed every check that needs no knowledge of its operation.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) world: Arc<World>,
    pub(crate) operation: Operation,
    sandbox: Option<SandboxId>,
    snapshot: Option<SnapshotId>,
    pub(crate) query: String,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) body: Bytes,
}

impl Request {
    /// The sandbox in the path.
    pub(crate) fn sandbox(&self) -> &SandboxId {
        self.sandbox.as_ref().expect("the route has a sandbox")
    }

    /// The snapshot in the path.
    pub(crate) fn snapshot(&self) -> &SnapshotId {
        self.snapshot.as_ref().expect("the route has a snapshot")
    }
}

/// Answers one request.
pub(crate) async fn answer(
    emulator: &Emulator,
    request: hyper::Request<Incoming>,
) -> Response<Full<Bytes>> {
    if let Some(control) = request.uri().path().strip_prefix("/_emulator/") {
        return handlers::control::answer(emulator, request.method(), control)
            .map_or_else(Failure::into_http, Reply::into_http);
    }
    match admit(emulator, request).await {
        Ok(request) => handlers::handle(request)
            .await
            .map_or_else(Failure::into_http, Reply::into_http),
        Err(failure) => failure.into_http(),
    }
}

async fn admit(emulator: &Emulator, request: hyper::Request<Incoming>) -> Result<Request, Failure> {
    let (head, body) = request.into_parts();
    let org = emulator
        .keys
        .organisation(&head.headers)
        .map_err(|why| Failure::new(StatusCode::UNAUTHORIZED, why))?;
    let route = route::find(&head.method, head.uri.path()).map_err(no_route)?;
    let world = emulator.worlds.of(&org);
    let operation = route.row.operation;
    let not_found = |error: &ServiceError| Failure::of_service(operation, error);
    if let Some(id) = &route.sandbox {
        let sandbox = world.sandbox(id).map_err(|error| not_found(&error))?;
        if is_data_plane(route.row.path) && sandbox.state() == State::Deleting {
            return Err(not_found(&ServiceError::SandboxNotFound));
        }
    }
    if let Some(id) = &route.snapshot {
        world.snapshot(id).map_err(|error| not_found(&error))?;
    }
    let limit = emulator.limits.max_body;
    let body = body::read(body, limit).await.map_err(|error| match error {
        BodyError::TooLarge => Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("request body is larger than {limit} bytes"),
        ),
        BodyError::Broken => Failure::invalid(vec![FieldError::new(
            "body",
            "could not be read to its end",
        )]),
    })?;
    if operation == Operation::NotBuilt {
        return Err(Failure::not_built(route.row.name));
    }
    Ok(Request {
        world,
        operation,
        sandbox: route.sandbox,
        snapshot: route.snapshot,
        query: head.uri.query().unwrap_or_default().to_owned(),
        content_type: head.headers.get(CONTENT_TYPE).cloned(),
        body,
    })
}

fn no_route(error: NoRoute) -> Failure {
    match error {
        NoRoute::UnknownPath => Failure::new(StatusCode::NOT_FOUND, "unknown path"),
        NoRoute::WrongMethod { allowed } => Failure {
            message: format!("method not allowed; this path takes {allowed}"),
            allow: Some(allowed),
            ..Failure::new(StatusCode::METHOD_NOT_ALLOWED, "")
        },
    }
}

/// Whether a path leads into the sandbox, where a deletion under way is an absence already.
fn is_data_plane(path: &str) -> bool {
    [
        "/filesystem/",
        "/process/",
        "/system/",
        "/git/",
        "/lsp/",
        "/pty",
    ]
    .iter()
    .any(|part| path.contains(part))
}

impl Failure {
    /// The operation, or the part of it that was asked for, is not built (WIRE-11).
    pub(crate) fn not_built(name: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            format!("{name} is not built in this emulator"),
        )
    }
}
