//! `/v1/snapshot…` and `/v1/sandbox/{id}/snapshot/…`.

use leap0_emulator_core::service::{CreateSnapshot, Restore};

use super::Refused;
use crate::http::{Failure, Reply, Request};
use crate::wire::{
    Fields, SandboxBody, SnapshotBody, SnapshotListBody, create_snapshot, list, pause_snapshot,
    restore_snapshot,
};

pub(crate) async fn create(request: &Request) -> Result<Reply, Refused> {
    let create = create_snapshot(Fields::of_optional_body(&request.body)?)?;
    let create = CreateSnapshot { fault: request.fault, ..create };
    let snapshot = request.world.create_snapshot(request.sandbox(), create).await?;
    Ok(Reply::created(&SnapshotBody::of(&snapshot)))
}

pub(crate) async fn pause(request: &Request) -> Result<Reply, Refused> {
    let pause = pause_snapshot(Fields::of_optional_body(&request.body)?)?;
    let pause = CreateSnapshot { fault: request.fault, ..pause };
    let snapshot = request.world.create_snapshot(request.sandbox(), pause).await?;
    // SNAP-PAUSE-02
    Ok(Reply::created(&SnapshotBody::of(&snapshot).paused()))
}

pub(crate) async fn restore(request: &Request) -> Result<Reply, Refused> {
    let restore = restore_snapshot(Fields::of_body(&request.body)?)?;
    let restore = Restore { fault: request.fault, ..restore };
    let sandbox = request.world.restore_snapshot(restore).await?;
    Ok(Reply::created(&SandboxBody::of(&sandbox)))
}

pub(crate) fn list(request: &Request) -> Result<Reply, Refused> {
    let query =
        list::snapshots(&request.query).map_err(|errors| Failure::plain_invalid(&errors))?;
    let listing = request.world.list_snapshots(&query);
    Ok(Reply::ok(&SnapshotListBody::of(&listing)))
}

pub(crate) async fn delete(request: &Request) -> Result<Reply, Refused> {
    request.world.delete_snapshot(request.snapshot()).await?;
    Ok(Reply::no_content())
}
