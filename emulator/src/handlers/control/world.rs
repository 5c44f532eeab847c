//! `/_emulator/world/*`: an organisation's world as a whole.

use hyper::StatusCode;
use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::service::ServiceError;

use crate::http::{Failure, Reply};
use crate::server::Emulator;
use crate::tenant::ForkRefused;
use crate::wire::Fields;

/// Copies the caller's world, in O(1), to the organisation of the key `to_key`.
pub(super) fn fork(
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
    emulator.tenants.fork(from, &to).map_err(|refused| match refused {
        ForkRefused::NotEmpty => Failure::new(
            StatusCode::CONFLICT,
            "the organisation of to_key is the caller's own or not empty; reset it first",
        ),
        ForkRefused::World(error @ ServiceError::CannotFork) => {
            Failure::new(StatusCode::NOT_IMPLEMENTED, error.to_string())
        }
        ForkRefused::World(error) => Failure::new(StatusCode::CONFLICT, error.to_string()),
    })?;
    Ok(Reply::no_content())
}
