//! The order of checks (WIRE-10): key, path, what the path names, size, built at all; then the
//! operation's own handler.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
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
    if request.uri().path().starts_with("/_emulator/") {
        return handlers::control::answer(emulator, request)
            .await
            .map_or_else(Failure::into_http, Reply::into_http);
    }
    let org = match emulator.keys.organisation(request.headers()) {
        Ok(org) => org,
        Err(why) => return Failure::new(StatusCode::UNAUTHORIZED, why).into_http(),
    };
    let world = emulator.worlds.of(&org);
    let result = match admit(emulator, &world, request).await {
        Ok(request) => handlers::handle(request).await,
        Err(failure) => Err(failure),
    };
    let mut response = result.map_or_else(Failure::into_http, Reply::into_http);
    if world.clock_is_handled()
        && let Ok(date) = HeaderValue::try_from(world.now().http_date())
    {
        response.headers_mut().insert(DATE, date);
    }
    response
}

async fn admit(
    emulator: &Emulator,
    world: &Arc<World>,
    request: hyper::Request<Incoming>,
) -> Result<Request, Failure> {
    let (head, body) = request.into_parts();
    // LIM-04
    world.admit_request().map_err(Failure::too_many_requests)?;
    let route = route::find(&head.method, head.uri.path()).map_err(no_route)?;
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
        BodyError::Broken => {
            Failure::invalid(vec![FieldError::new("body", "could not be read to its end")])
        }
    })?;
    if operation == Operation::NotBuilt {
        return Err(Failure::not_built(route.row.name));
    }
    Ok(Request {
        world: Arc::clone(world),
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
        NoRoute::WrongMethod { allowed } => Failure::wrong_method(allowed),
    }
}

/// Whether a path leads into the sandbox, where a deletion under way is an absence already.
fn is_data_plane(path: &str) -> bool {
    ["/filesystem/", "/process/", "/system/", "/git/", "/lsp/", "/pty"]
        .iter()
        .any(|part| path.contains(part))
}

impl Failure {
    /// 405: the path takes other methods (WIRE-05).
    pub(crate) fn wrong_method(allowed: impl Into<String>) -> Self {
        let allowed = allowed.into();
        let message = format!("method not allowed; this path takes {allowed}");
        Self { allow: Some(allowed), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    }

    /// The operation, or the part of it that was asked for, is not built (WIRE-11).
    pub(crate) fn not_built(name: &str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, format!("{name} is not built in this emulator"))
    }
}
