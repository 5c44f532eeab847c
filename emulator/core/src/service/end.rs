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
                // What a fork may hold too is dropped, not ended.
                let mine = sandbox.tenure == state.tenure;
                let ended = match &sandbox.body {
                    Body::Machine(machine) if mine => machine.destroy().await,
                    Body::Checkpoint(checkpoint) if !state.shared => checkpoint.discard().await,
                    Body::Disk(disk) if !state.shared => disk.discard().await,
                    Body::None | Body::Machine(_) | Body::Checkpoint(_) | Body::Disk(_) => Ok(()),
                };
                if let Err(error) = ended {
                    log::error!("{}: not ended cleanly with its world: {error}", sandbox.id);
                }
            }
            let saved = state.shelf.oldest_first().filter(|_| !state.shared);
            for snapshot in saved {
                if let Err(error) = snapshot.checkpoint.discard().await {
                    log::error!("{}: not discarded with its world: {error}", snapshot.id);
                }
            }
            // Dropping much takes long.
            let _ = tokio::task::spawn_blocking(move || drop(state)).await;
        });
    }
}
