//! Keeping chains of disk layers short.
//!
//! Every snapshot of a machine freezes the layer that it writes to and gives it another, so reads
//! would go through more and more files. Before that can be felt, what lies between the machine's
//! layer and the two that all machines share (the image, and what the template wrote when it
//! booted) is copied up into the machine's own. The layers between stay for as long as a snapshot
//! or another machine needs them.

use std::sync::Arc;
use std::time::Duration;

use qapi::qmp;
use tokio::sync::Mutex;

use crate::qmp::Monitor;
use crate::store::{Layer, Top};
use crate::vm::{Vm, VmError};

/// Most files that a machine's disk may consist of.
pub(crate) const LONGEST: usize = 8;
/// From how many on what lies between is copied up, after a snapshot, in the background. Two less,
/// so that a snapshot that comes meanwhile does not have to wait.
const LONG: usize = LONGEST - 2;
/// The layers that all machines share.
const SHARED: usize = 2;
/// How long copying may take.
const LIMIT: Duration = Duration::from_mins(10);

/// Copies up in the background, if there is reason to. No verb is performed meanwhile; the machine
/// and all calls into it go on.
pub(crate) async fn shorten(vm: Arc<Vm>, disk: Arc<Mutex<Option<Top>>>) {
    let mut turn = disk.lock().await;
    let Some(top) = turn.as_mut().filter(|top| top.depth() >= LONG) else { return };
    if let Err(error) = copy_up(&vm, top).await {
        // The next snapshot tries again.
        log::warn!("{}: its layers could not be merged: {error}", top.path().display());
    }
}

/// Sees to it that one more layer is not one too many, before the machine's own is frozen.
pub(crate) async fn make_room(vm: &Vm, top: &mut Top) {
    if top.depth() >= LONGEST
        && let Err(error) = copy_up(vm, top).await
    {
        // A chain that is too long is slow; a sandbox that can't be saved is lost.
        log::warn!("{}: its layers could not be merged: {error}", top.path().display());
    }
}

async fn copy_up(vm: &Vm, top: &mut Top) -> Result<(), VmError> {
    let between: Vec<Arc<Layer>> = above(top.below(), SHARED).collect();
    let Some(shared) = between.last().and_then(|lowest| lowest.below()).cloned() else {
        return Ok(());
    };
    let monitor = vm.monitor();
    let copied = async { Ok(stream(monitor, top.node(), shared.node()).await?) };
    vm.or_dead(LIMIT, "merging layers", copied).await?;
    for layer in &between {
        // Those that the machine was started with went by themselves, those that it was given
        // later did not.
        let closed = monitor.execute(qmp::blockdev_del { node_name: layer.node() }).await;
        if let Err(error) = closed {
            log::debug!("{error}");
        }
    }
    top.settle_upon(shared);
    Ok(())
}

async fn stream(monitor: &Monitor, top: String, base: String) -> Result<(), crate::qmp::QmpError> {
    let job = "merge";
    let command = qmp::block_stream {
        job_id: Some(job.into()),
        device: top,
        base_node: Some(base),
        auto_dismiss: Some(false),
        auto_finalize: None,
        backing_file: None,
        backing_mask_protocol: None,
        base: None,
        bottom: None,
        filter_node_name: None,
        on_error: None,
        speed: None,
    };
    monitor.run_job(job, command).await
}

/// The layers from `layer` down, without the lowest `kept`.
fn above(layer: &Arc<Layer>, kept: usize) -> impl Iterator<Item = Arc<Layer>> {
    let depth = layer.depth();
    std::iter::successors(Some(Arc::clone(layer)), |layer| layer.below().cloned())
        .take(depth.saturating_sub(kept))
}
