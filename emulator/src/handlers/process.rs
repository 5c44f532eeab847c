//! `process/execute`.

use super::Refused;
use crate::http::{Reply, Request};
use crate::wire::{ExecBody, Fields, execute as read_command};

pub(crate) async fn execute(request: &Request) -> Result<Reply, Refused> {
    let command = read_command(Fields::of_body(&request.body)?)?;
    let output = request.world.exec(request.sandbox(), command, request.fault).await?;
    // PROC-02: whatever the exit code.
    Ok(Reply::ok(&ExecBody::of(&output)))
}
