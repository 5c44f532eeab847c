//! `system/*`.

use super::Refused;
use crate::http::{Reply, Request};
use crate::wire::{UserHomeDirBody, WorkdirBody};

pub(crate) async fn workdir(request: &Request) -> Result<Reply, Refused> {
    let sandbox = request.world.use_sandbox(request.sandbox(), request.fault).await?;
    Ok(Reply::ok(&WorkdirBody { workdir: sandbox.spec().template.workdir }))
}

pub(crate) async fn user_home_dir(request: &Request) -> Result<Reply, Refused> {
    let sandbox = request.world.use_sandbox(request.sandbox(), request.fault).await?;
    let home = sandbox.spec().template.home;
    Ok(Reply::ok(&UserHomeDirBody { user_home_dir: home, home_dir: home }))
}
