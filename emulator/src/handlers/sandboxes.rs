//! `/v1/sandbox` and `/v1/sandboxes`.

use super::Refused;
use crate::http::{Failure, Reply, Request};
use crate::wire::{Fields, SandboxBody, SandboxListBody, create_sandbox, list};

pub(crate) async fn create(request: &Request) -> Result<Reply, Refused> {
    let fields = Fields::of_body(&request.body)?;
    // WIRE-11: before anything else about the body, and never served without them.
    if fields.asks_for_mounts() {
        return Err(Failure::not_built("mounts on sandbox/create").into());
    }
    let spec = create_sandbox(fields)?;
    // SB-CREATE-01
    let sandbox = request.world.create_sandbox(spec, request.fault).await?;
    Ok(Reply::created(&SandboxBody::of(&sandbox)))
}

// STATE-GET-*: in every state, and changing nothing.
pub(crate) fn get(request: &Request) -> Result<Reply, Refused> {
    let sandbox = request.world.sandbox(request.sandbox())?;
    Ok(Reply::ok(&SandboxBody::of(&sandbox)))
}

pub(crate) fn list(request: &Request) -> Result<Reply, Refused> {
    let query =
        list::sandboxes(&request.query).map_err(|errors| Failure::plain_invalid(&errors))?;
    let listing = request.world.list_sandboxes(&query);
    Ok(Reply::ok(&SandboxListBody::of(&listing)))
}

pub(crate) async fn delete(request: &Request) -> Result<Reply, Refused> {
    request.world.delete_sandbox(request.sandbox()).await?;
    Ok(Reply::no_content())
}

pub(crate) async fn pause(request: &Request) -> Result<Reply, Refused> {
    let sandbox = request.world.pause_sandbox(request.sandbox(), request.fault).await?;
    Ok(Reply::created(&SandboxBody::of(&sandbox)))
}

pub(crate) async fn stop(request: &Request) -> Result<Reply, Refused> {
    let sandbox = request.world.stop_sandbox(request.sandbox()).await?;
    Ok(Reply::ok(&SandboxBody::of(&sandbox)))
}

pub(crate) async fn start(request: &Request) -> Result<Reply, Refused> {
    let sandbox = request.world.start_sandbox(request.sandbox(), request.fault).await?;
    Ok(Reply::ok(&SandboxBody::of(&sandbox)))
}
