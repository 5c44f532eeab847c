//! A world as a file: everything that a client can see or use of it, and the contents of its
//! sandboxes and snapshots as the back end writes them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ServiceError;
use super::host::Host;
use super::records::{SandboxRecord, SnapshotRecord, StateRecord, bad};
use super::sandbox::{Body, Sandbox};
use super::shelf::Snapshot;
use super::state::State;
use super::world::World;
use crate::backend::{Boot, Image};
use crate::clock::{Clock, ClockMode, HandClock, Timestamp};
use crate::id::SandboxId;

const FORMAT: &str = "leap0-world";
/// A file of another version is refused.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Archive {
    format: String,
    version: u32,
    /// Milliseconds since 1970-01-01 UTC.
    now: i64,
    frozen: bool,
    sandboxes: Vec<SandboxRecord>,
    snapshots: Vec<SnapshotRecord>,
    /// The sandboxes' images in their order, then the snapshots'.
    contents: Value,
}

impl World {
    /// Writes the world down as it is now: it may change while this works.
    pub async fn export(self: &Arc<Self>) -> Result<Vec<u8>, ServiceError> {
        if !self.context.backend.info().export {
            return Err(ServiceError::CannotExport);
        }
        // A copy nobody else touches, so that everything in it is of one moment.
        let copy = self.fork()?;
        let written = copy.write_down().await;
        copy.retire();
        written
    }

    async fn write_down(self: &Arc<Self>) -> Result<Vec<u8>, ServiceError> {
        let now = self.now();
        let state = self.lock().clone();
        let (mut sandboxes, mut images) = (Vec::new(), Vec::new());
        for sandbox in state.sandboxes() {
            let (record, image) = self.write_sandbox(sandbox, now).await?;
            sandboxes.push(record);
            images.push(image);
        }
        let snapshots: Vec<&Arc<Snapshot>> = state.shelf.oldest_first().collect();
        images.extend(
            snapshots.iter().map(|snapshot| Image::Checkpoint(Arc::clone(&snapshot.checkpoint))),
        );
        let contents = self.context.backend.export(&images).ok_or(ServiceError::CannotExport)?;
        let archive = Archive {
            format: FORMAT.to_owned(),
            version: VERSION,
            now: now.as_millis(),
            frozen: self.clock_mode() == ClockMode::Frozen,
            sandboxes,
            snapshots: snapshots.iter().map(|snapshot| SnapshotRecord::of(snapshot)).collect(),
            contents,
        };
        serde_json::to_vec(&archive).map_err(|_| ServiceError::MachineFailed)
    }

    /// A sandbox of this copy, with its image. What runs is paused for it: nobody uses it.
    async fn write_sandbox(
        self: &Arc<Self>,
        sandbox: &Sandbox,
        now: Timestamp,
    ) -> Result<(SandboxRecord, Image), ServiceError> {
        let body = {
            let mut state = self.lock();
            state.own(&sandbox.id, &self.clock_inside());
            state.sandbox(&sandbox.id)?.body.clone()
        };
        let (state, image) = match body {
            Body::Machine(machine) => {
                let saved = machine.pause().await.map_err(|_| ServiceError::MachineFailed)?;
                (StateRecord::Running, Image::Checkpoint(saved))
            }
            Body::Checkpoint(checkpoint) => (StateRecord::Paused, Image::Checkpoint(checkpoint)),
            Body::Disk(disk) => (StateRecord::Stopped, Image::Disk(disk)),
            Body::None => return Err(ServiceError::InTransition),
        };
        let left = sandbox.timeout_at().map(|deadline| deadline.since(now));
        let record = SandboxRecord::of(sandbox, state, left);
        Ok((record, image))
    }
}

impl Host {
    /// Makes a world from a file that [`World::export`] has written, or refuses the whole of it.
    ///
    /// A frozen clock stands where it stood, one that goes shows the present time; either way every
    /// running sandbox has as long to live as it had.
    pub async fn import(&self, file: &[u8]) -> Result<Arc<World>, ServiceError> {
        let context = self.context();
        if !context.backend.info().export {
            return Err(ServiceError::CannotExport);
        }
        let archive: Archive = serde_json::from_slice(file)
            .map_err(|error| bad(format!("must be an exported world: {error}")))?;
        if archive.format != FORMAT || archive.version != VERSION {
            return Err(bad(format!("must be of format {FORMAT}, version {VERSION}")));
        }
        let mode = if archive.frozen { ClockMode::Frozen } else { ClockMode::System };
        let clock = Arc::new(HandClock::new(Arc::clone(&context.clock), mode));
        if archive.frozen {
            clock.set(Timestamp::from_millis(archive.now));
        }
        let inside = Arc::clone(&clock) as Arc<dyn Clock>;
        let mut boots: Vec<Boot> = Vec::new();
        let mut specs = Vec::new();
        let ids = archive.sandboxes.iter().map(|record| (&record.id, &record.spec));
        for (id, spec) in
            ids.chain(archive.snapshots.iter().map(|record| (&record.id, &record.spec)))
        {
            let spec = Arc::new(spec.read(id)?);
            boots.push(spec.boot(&SandboxId::from_client(id), Arc::clone(&inside)));
            specs.push(spec);
        }
        let images = context
            .backend
            .import(&archive.contents, boots)
            .map_err(|error| bad(error.to_string()))?;
        if images.len() != specs.len() {
            return Err(bad("must have one image for each sandbox and snapshot"));
        }
        let mut state = State::default();
        let mut parts = specs.into_iter().zip(images);
        for record in &archive.sandboxes {
            let (spec, image) = parts.next().expect("counted");
            let sandbox = record.read(spec, image, &state, &inside).await?;
            state.insert(sandbox);
        }
        for (record, (spec, image)) in archive.snapshots.iter().zip(parts) {
            let snapshot = record.read(spec, image)?;
            state.shelf.reserve(&snapshot.name).map_err(|error| bad(error.to_string()))?;
            if state.shelf.get(&snapshot.id).is_some() {
                return Err(bad(format!("{} is there twice", snapshot.id)));
            }
            state.shelf.store(Arc::new(snapshot));
        }
        Ok(World::of(context, clock, state))
    }
}
