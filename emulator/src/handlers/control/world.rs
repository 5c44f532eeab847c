//! `/_emulator/world` and what is below it: an organisation's world as a whole.

use hyper::StatusCode;
use hyper::body::Incoming;
use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::service::{ServiceError, World};
use serde::Serialize;

use crate::http::{BodyError, Content, Failure, Reply, read_body};
use crate::server::Emulator;
use crate::tenant::{PutRefused, Tenant};
use crate::wire::{FieldError, Fields};

/// Largest file that is imported, in bytes.
const MAX_FILE: usize = 1 << 30;

/// How much there is, and whether it outlives the process.
#[derive(Serialize)]
struct WorldBody {
    sandboxes: usize,
    snapshots: usize,
    kept: bool,
}

/// What the caller's world has.
pub(super) fn show(emulator: &Emulator, world: &World) -> Reply {
    Reply::ok(&WorldBody {
        sandboxes: world.sandbox_count(),
        snapshots: world.snapshot_count(),
        kept: emulator.host().keeps(),
    })
}

/// Copies the caller's world (CTL-04, CTL-05), in O(1), to the organisation of the key `to_key`.
pub(super) async fn fork(
    emulator: &Emulator,
    from: &OrgId,
    mut fields: Fields,
) -> Result<Reply, Failure> {
    let to = fields.required_text("to_key").and_then(|key| {
        let org = emulator.keys.organisation_of(&key);
        if org.is_none() {
            fields.refuse("to_key", "must be a key that this emulator accepts");
        }
        org
    });
    let to = fields.finish(|| to.expect("refused without one")).map_err(Failure::invalid)?;
    emulator.tenants.fork(from, &to).await.map_err(|why| match why {
        PutRefused::NotEmpty => Failure::new(
            StatusCode::CONFLICT,
            "the organisation of to_key is the caller's own or not empty; reset it first",
        ),
        PutRefused::World(error) => refused(error),
    })?;
    Ok(Reply::no_content())
}

/// Writes the caller's world down, secrets and all.
pub(super) async fn export(tenant: &Tenant) -> Result<Reply, Failure> {
    let file = tenant.world.export().await.map_err(refused)?;
    Ok(Reply { status: StatusCode::OK, content: Content::Json(file) })
}

/// Puts an exported world in the place of the caller's, which has to be empty (CTL-05, CTL-06, CTL-07).
pub(super) async fn import(
    emulator: &Emulator,
    org: &OrgId,
    body: Incoming,
) -> Result<Reply, Failure> {
    let file = read_body(body, MAX_FILE).await.map_err(|error| match error {
        BodyError::TooLarge => Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a world to be imported has at most {MAX_FILE} bytes"),
        ),
        BodyError::Broken => Failure::new(StatusCode::BAD_REQUEST, "the request body broke off"),
    })?;
    let world = emulator.host().import(&file).await.map_err(refused)?;
    match emulator.tenants.put(org, world).await {
        Ok(()) => Ok(Reply::no_content()),
        Err(PutRefused::NotEmpty) => {
            Err(Failure::new(StatusCode::CONFLICT, "the organisation is not empty; reset it first"))
        }
        Err(PutRefused::World(error)) => Err(refused(error)),
    }
}

pub(super) fn refused(error: ServiceError) -> Failure {
    match error {
        ServiceError::CannotFork | ServiceError::CannotExport => {
            Failure::new(StatusCode::NOT_IMPLEMENTED, error.to_string())
        }
        ServiceError::NotSaved(_) => {
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
        }
        ServiceError::BadArchive(rule) => Failure::invalid(vec![FieldError::new("body", rule)]),
        error => Failure::new(StatusCode::CONFLICT, error.to_string()),
    }
}
