//! `/_emulator/*`: what this server is, and what a test does with it.

mod capabilities;
mod clock;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{HeaderMap, Method, StatusCode};
use leap0_emulator_core::service::World;

use crate::http::{BodyError, Failure, Reply, read_body};
use crate::server::Emulator;
use crate::wire::Fields;

/// Largest body of a control request, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Answers a path below `/_emulator/`.
pub(crate) async fn answer(
    emulator: &Emulator,
    request: hyper::Request<Incoming>,
) -> Result<Reply, Failure> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().trim_start_matches("/_emulator/").trim_end_matches('/');
    match (path, &head.method) {
        ("health", &Method::GET) => Ok(capabilities::health(emulator)),
        ("capabilities", &Method::GET) => Ok(capabilities::capabilities(emulator)),
        ("clock", &Method::GET) => Ok(clock::show(&*world(emulator, &head.headers)?)),
        ("clock", &Method::POST) => {
            let world = world(emulator, &head.headers)?;
            clock::handle(&world, fields(body).await?).await
        }
        ("health" | "capabilities", _) => Err(Failure::wrong_method("GET")),
        ("clock", _) => Err(Failure::wrong_method("GET, POST")),
        _ => Err(Failure::new(StatusCode::NOT_FOUND, "unknown control path")),
    }
}

/// The caller's world, by the same key as on the API.
fn world(emulator: &Emulator, headers: &HeaderMap) -> Result<Arc<World>, Failure> {
    emulator
        .keys
        .organisation(headers)
        .map(|org| emulator.worlds.of(&org))
        .map_err(|why| Failure::new(StatusCode::UNAUTHORIZED, why))
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
