//! The end of a world.

use std::sync::Arc;

use super::sandbox::Body;
use super::world::World;

impl World {
    /// Ends every machine and forgets everything, in the background. Nobody can reach this world
    /// any more; requests that still hold it find it empty.
    pub fn retire(self: &Arc<Self>) {
        let world = Arc::clone(self);
        tokio::spawn(async move {
            let state = std::mem::take(&mut *world.lock());
            for sandbox in state.sandboxes() {
                let ended = match &sandbox.body {
                    Body::None => Ok(()),
                    Body::Machine(machine) => machine.destroy().await,
                    Body::Checkpoint(checkpoint) => checkpoint.discard().await,
                    Body::Disk(disk) => disk.discard().await,
                };
                if let Err(error) = ended {
                    log::error!("{}: not ended cleanly with its world: {error}", sandbox.id);
                }
            }
            for snapshot in state.shelf.oldest_first() {
                if let Err(error) = snapshot.checkpoint.discard().await {
                    log::error!("{}: not discarded with its world: {error}", snapshot.id);
                }
            }
            // Dropping much takes long.
            let _ = tokio::task::spawn_blocking(move || drop(state)).await;
        });
    }
}
