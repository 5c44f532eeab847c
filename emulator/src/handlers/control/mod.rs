//! `/_emulator/*`: what this server is, and what a test does with it.

mod capabilities;
mod clock;
mod faults;
mod openapi;
mod report;
mod requests;
mod secrets;
mod world;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::ACCEPT;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode};
use leap0_emulator_core::id::OrgId;

use crate::http::{BodyError, Failure, Reply, read_body};
use crate::server::Emulator;
use crate::tenant::Tenant;
use crate::wire::Fields;

use report::Report;

/// Largest body of a control request, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Answers a path below `/_emulator/`.
pub(crate) async fn answer(
    emulator: &Emulator,
    request: hyper::Request<Incoming>,
) -> Result<Reply, Failure> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().trim_start_matches("/_emulator/").trim_end_matches('/');
    let org = || organisation(emulator, &head.headers);
    let tenant = || org().map(|org| emulator.tenants.of(&org));
    // What tells that a server is up is for everyone.
    if (path, &head.method) == ("health", &Method::GET) {
        return Ok(capabilities::health(emulator));
    }
    emulator.control.check(&head.headers)?;
    match (path, &head.method) {
        ("capabilities", &Method::GET) => Ok(capabilities::capabilities(emulator)),
        ("openapi.json", &Method::GET) => Ok(openapi::show()),
        ("clock", &Method::GET) => Ok(clock::show(&tenant()?.world)),
        ("clock", &Method::POST) => {
            let tenant: Arc<Tenant> = tenant()?;
            let reply = clock::handle(&tenant.world, fields(body).await?).await?;
            tenant.keep_presets().await.map_err(world::refused)?;
            Ok(reply)
        }
        ("reset", &Method::POST) => {
            let org = org()?;
            reset(emulator, &org, fields(body).await?).await
        }
        ("faults", &Method::GET) => Ok(faults::show(&*tenant()?)),
        ("faults", &Method::PUT) => {
            let tenant = tenant()?;
            let reply = faults::replace(&tenant, fields(body).await?)?;
            tenant.keep_presets().await.map_err(world::refused)?;
            Ok(reply)
        }
        ("faults", &Method::DELETE) => {
            let tenant = tenant()?;
            let reply = faults::clear(&tenant);
            tenant.keep_presets().await.map_err(world::refused)?;
            Ok(reply)
        }
        ("world", &Method::GET) => Ok(world::show(emulator, &tenant()?.world)),
        ("world/fork", &Method::POST) => {
            let org = org()?;
            world::fork(emulator, &org, fields(body).await?).await
        }
        ("world/state", &Method::GET) => {
            let tenant: Arc<Tenant> = tenant()?;
            world::export(&tenant).await
        }
        ("world/state", &Method::PUT) => {
            let org = org()?;
            world::import(emulator, &org, body).await
        }
        ("requests", &Method::GET) => Ok(requests::show(&*tenant()?)),
        ("report", &Method::GET) => {
            let report = Report::of(&*tenant()?);
            Ok(if wants_text(&head) { report.text() } else { report.json() })
        }
        ("health" | "capabilities" | "openapi.json" | "requests" | "report" | "world", _) => {
            Err(Failure::wrong_method("GET"))
        }
        ("clock", _) => Err(Failure::wrong_method("GET, POST")),
        ("world/state", _) => Err(Failure::wrong_method("GET, PUT")),
        ("reset" | "world/fork", _) => Err(Failure::wrong_method("POST")),
        ("faults", _) => Err(Failure::wrong_method("GET, PUT, DELETE")),
        _ => Err(Failure::new(StatusCode::NOT_FOUND, "unknown control path")),
    }
}

/// Whether the text form is asked for: `?format=text`, or `accept: text/plain`.
fn wants_text(head: &Parts) -> bool {
    let query = head.uri.query().unwrap_or_default();
    let accept = head.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    query.split('&').any(|pair| pair == "format=text")
        || accept.is_some_and(|accept| accept.starts_with("text/plain"))
}

/// The caller's organisation, by the same key as on the API.
fn organisation(emulator: &Emulator, headers: &HeaderMap) -> Result<OrgId, Failure> {
    emulator.keys.organisation(headers).map_err(|why| Failure::new(StatusCode::UNAUTHORIZED, why))
}

async fn fields(body: Incoming) -> Result<Fields, Failure> {
    let body = read_body(body, MAX_BODY).await.map_err(|error| match error {
        BodyError::TooLarge => Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("request body is larger than {MAX_BODY} bytes"),
        ),
        BodyError::Broken => Failure::new(StatusCode::BAD_REQUEST, "the request body broke off"),
    })?;
    Fields::of_optional_body(&body).map_err(Failure::invalid)
}

/// Forgets the caller's organisation, or with `all` every one: a new world is put in its place, so
/// nothing of the old one can be left (CTL-03).
async fn reset(emulator: &Emulator, org: &OrgId, mut fields: Fields) -> Result<Reply, Failure> {
    let all = fields.bool("all").unwrap_or(false);
    fields.finish(|| ()).map_err(Failure::invalid)?;
    let reset = async {
        if all { emulator.tenants.reset_all().await } else { emulator.tenants.reset(org).await }
    };
    reset.await.map_err(world::refused)?;
    Ok(Reply::no_content())
}
