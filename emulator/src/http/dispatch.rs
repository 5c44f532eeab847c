//! The order of checks (WIRE-10, SNAP-CREATE-12, SB-PAUSE-06): key, path, what the path names, size, built at all; then the
//! operation's own handler.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use leap0_emulator_core::id::{SandboxId, SnapshotId};
use leap0_emulator_core::lifecycle::State;
use leap0_emulator_core::service::{FaultPoint, ServiceError, World};

use super::access::{self, Origin};
use super::body::{self, BodyError};
use super::operation::{Operation, Row};
use super::route::{self, NoRoute, Route};
use super::{Failure, RefusedBy, Reply, ReplyBody, Sdk};
use crate::handlers;
use crate::server::Emulator;
use crate::tenant::{Dropped, Excerpt, Exchange, Mishap, Tenant};
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
    /// Where the work is to fail.
    pub(crate) fault: Option<FaultPoint>,
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

/// The connection is to be dropped without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped on demand")]
pub(crate) struct Hangup;

/// Answers one request.
pub(crate) async fn answer(
    emulator: &Emulator,
    request: hyper::Request<Incoming>,
) -> Result<Response<ReplyBody>, Hangup> {
    let origin = match access::check(&emulator.access, request.uri(), request.headers()) {
        Ok(origin) => origin,
        Err(why) => return Ok(Failure::new(StatusCode::FORBIDDEN, why).into_http()),
    };
    if let Origin::Allowed(_) = origin
        && *request.method() == Method::OPTIONS
    {
        return Ok(access::preflight(&origin, request.headers()));
    }
    let mut response = if request.uri().path().starts_with("/_emulator/") {
        handlers::control::answer(emulator, request)
            .await
            .map_or_else(Failure::into_http, Reply::into_http)
    } else {
        answer_api(emulator, request).await?
    };
    access::admit(&origin, response.headers_mut());
    Ok(response)
}

async fn answer_api(
    emulator: &Emulator,
    request: hyper::Request<Incoming>,
) -> Result<Response<ReplyBody>, Hangup> {
    let org = match emulator.keys.organisation(request.headers()) {
        Ok(org) => org,
        Err(why) => {
            body::drain(request.into_body()).await;
            return Ok(Failure::new(StatusCode::UNAUTHORIZED, why).into_http());
        }
    };
    let tenant = emulator.tenants.of(&org);
    let world = &tenant.world;
    let mut passage = Passage::of(&request);
    let result = match admit(emulator, &tenant, request, &mut passage).await {
        Ok(request) => work(request, &passage.mishaps).await,
        Err(failure) => Ok(Err(failure)),
    };
    let response = result.map(|result| result.map_or_else(Failure::into_http, Reply::into_http));
    tenant.journal().record(Exchange {
        at: world.now(),
        sdk: passage.sdk,
        method: passage.method,
        path: passage.path,
        operation: passage.operation,
        request: passage.body,
        status: response.as_ref().ok().map(|response| response.status().as_u16()),
        refused_by: response
            .as_ref()
            .ok()
            .and_then(|response| response.extensions().get::<RefusedBy>())
            .map(|RefusedBy(rule)| *rule),
        answer: response
            .as_ref()
            .map_or_else(|_| Excerpt::default(), |answer| Excerpt::of(answer.body().bytes())),
    });
    let mut response = response?;
    if world.clock_is_handled()
        && let Ok(date) = HeaderValue::try_from(world.now().http_date())
    {
        response.headers_mut().insert(DATE, date);
    }
    for mishap in passage.mishaps {
        if let Mishap::CutBody(bytes) = mishap {
            response.body_mut().cut(bytes);
        }
    }
    Ok(response)
}

/// What is learned of a request on its way, for the journal and for what is to go wrong.
struct Passage {
    sdk: Sdk,
    method: Method,
    path: String,
    operation: Option<&'static str>,
    body: Excerpt,
    mishaps: Vec<Mishap>,
}

impl Passage {
    fn of(request: &hyper::Request<Incoming>) -> Self {
        Self {
            sdk: Sdk::of(request.headers()),
            method: request.method().clone(),
            path: request.uri().path_and_query().map_or_else(String::new, ToString::to_string),
            operation: None,
            body: Excerpt::default(),
            mishaps: Vec::new(),
        }
    }
}

/// Carries a request out, with whatever is to go wrong.
async fn work(mut request: Request, mishaps: &[Mishap]) -> Result<Result<Reply, Failure>, Hangup> {
    for mishap in mishaps {
        match mishap {
            Mishap::Answer { status, message, retry_after } => {
                let failure = Failure::new(*status, message.clone());
                return Ok(Err(Failure { retry_after: *retry_after, ..failure }));
            }
            Mishap::Delay(span) => request.world.wait(*span).await,
            Mishap::Drop(Dropped::Before) => return Err(Hangup),
            Mishap::Fail(point) => request.fault = Some(*point),
            Mishap::Drop(Dropped::After) | Mishap::CutBody(_) => {}
        }
    }
    let operation = request.operation;
    let result = handlers::handle(request).await.map_err(|failure| failure.on(operation));
    if mishaps.contains(&Mishap::Drop(Dropped::After)) {
        return Err(Hangup);
    }
    Ok(result)
}

async fn admit(
    emulator: &Emulator,
    tenant: &Tenant,
    request: hyper::Request<Incoming>,
    passage: &mut Passage,
) -> Result<Request, Failure> {
    let (head, body) = request.into_parts();
    let world = &tenant.world;
    let route = match look_up(world, &head, passage) {
        Ok(route) => route,
        Err(failure) => {
            body::drain(body).await;
            return Err(failure);
        }
    };
    if let Some(header) = body::coding(&head.headers) {
        body::drain(body).await;
        let message = format!("{header} is not understood: send the body as it is");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let row = route.row;
    let limit = emulator.limits.max_body;
    let body = body::read(body, limit).await.map_err(|error| match error {
        BodyError::TooLarge => Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("request body is larger than {limit} bytes"),
        )
        .by("LIM-02"),
        BodyError::Broken => {
            Failure::invalid(vec![FieldError::new("body", "could not be read to its end")])
        }
    })?;
    passage.body = Excerpt::of(&body);
    if row.operation == Operation::NotBuilt {
        return Err(Failure::not_built(row.name));
    }
    passage.mishaps = tenant.faults().strike(row.name);
    Ok(Request {
        world: Arc::clone(world),
        operation: row.operation,
        sandbox: route.sandbox,
        snapshot: route.snapshot,
        query: head.uri.query().unwrap_or_default().to_owned(),
        content_type: head.headers.get(CONTENT_TYPE).cloned(),
        body,
        fault: None,
    })
}

/// The checks that need no body.
fn look_up(world: &World, head: &Parts, passage: &mut Passage) -> Result<Route, Failure> {
    // LIM-04
    world.admit_request().map_err(Failure::too_many_requests)?;
    let route = route::find(&head.method, head.uri.path()).map_err(no_route)?;
    passage.operation = Some(route.row.name);
    check_named(world, &route)?;
    Ok(route)
}

/// What the path names has to be there (STATE-MOUNTS-ABSENT and all others of an absent sandbox).
fn check_named(world: &World, route: &Route) -> Result<(), Failure> {
    let Row { operation, path, .. } = *route.row;
    let not_found = |error| Failure::of_service(operation, &error);
    if let Some(id) = &route.sandbox {
        let sandbox = world.sandbox(id).map_err(not_found)?;
        if is_data_plane(path) && sandbox.state() == State::Deleting {
            return Err(not_found(ServiceError::SandboxNotFound));
        }
    }
    if let Some(id) = &route.snapshot {
        world.snapshot(id).map_err(not_found)?;
    }
    Ok(())
}

fn no_route(error: NoRoute) -> Failure {
    match error {
        NoRoute::UnknownPath => Failure::new(StatusCode::NOT_FOUND, "unknown path").by("WIRE-05"),
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
        let failure = Self::new(StatusCode::METHOD_NOT_ALLOWED, message).by("WIRE-05");
        Self { allow: Some(allowed), ..failure }
    }

    /// The operation, or the part of it that was asked for, is not built (WIRE-11).
    pub(crate) fn not_built(name: &str) -> Self {
        let message = format!("{name} is not built in this emulator");
        Self::new(StatusCode::NOT_IMPLEMENTED, message).by("WIRE-11")
    }
}
