//! A world as a file: everything that a client can see or use of it, and the contents of its
//! sandboxes and snapshots as the back end writes them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ServiceError;
use super::host::Host;
use super::sandbox::{Body, Sandbox, Spec};
use super::shelf::Snapshot;
use super::state::State;
use super::world::World;
use crate::backend::{Boot, Image};
use crate::clock::{Clock, ClockMode, HandClock, Timestamp};
use crate::id::{SandboxId, SnapshotId};
use crate::lifecycle::Phase;
use crate::spec::{
    DISK_MIB, EnvVars, MEMORY_MIB, NetworkPolicy, NetworkRules, Resources, SnapshotName, Timeout,
    VCPUS,
};
use crate::template::Template;

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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecRecord {
    template: String,
    vcpus: u32,
    memory_mib: u32,
    env: BTreeMap<String, String>,
    network: NetworkRules,
    timeout: u32,
    auto_pause: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SandboxRecord {
    id: String,
    spec: SpecRecord,
    state: StateRecord,
    /// Milliseconds until the timeout; running sandboxes only.
    left_ms: Option<u64>,
    /// The snapshot it was restored from.
    origin: Option<String>,
    created_at: i64,
    launched_at: Option<i64>,
    changed_at: i64,
}

/// The states that are not transitions.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StateRecord {
    Running,
    Paused,
    Stopped,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotRecord {
    id: String,
    name: String,
    spec: SpecRecord,
    created_at: i64,
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
        let left = sandbox.timeout_at().map(|deadline| deadline.since(now).as_millis());
        let record = SandboxRecord {
            id: sandbox.id.to_string(),
            spec: SpecRecord::of(&sandbox.spec),
            state,
            left_ms: left.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)),
            origin: sandbox.origin.as_ref().map(ToString::to_string),
            created_at: sandbox.created_at.as_millis(),
            launched_at: sandbox.launched_at.map(Timestamp::as_millis),
            changed_at: sandbox.changed_at.as_millis(),
        };
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

fn bad(rule: impl Into<String>) -> ServiceError {
    ServiceError::BadArchive(rule.into())
}

impl SpecRecord {
    fn of(spec: &Spec) -> Self {
        Self {
            template: spec.template.name.to_string(),
            vcpus: spec.resources.vcpus,
            memory_mib: spec.resources.memory_mib,
            env: spec.env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            network: spec.network.rules().clone(),
            timeout: spec.timeout.as_secs(),
            auto_pause: spec.auto_pause,
        }
    }

    fn read(&self, id: &str) -> Result<Spec, ServiceError> {
        let wrong = |what: &str| bad(format!("{id}: {what}"));
        let sized = VCPUS.contains(&self.vcpus)
            && MEMORY_MIB.contains(&self.memory_mib)
            && self.memory_mib.is_multiple_of(2);
        if !sized {
            return Err(wrong("vcpus or memory_mib out of bounds"));
        }
        Ok(Spec {
            template: Template::by_name(&self.template).ok_or_else(|| wrong("unknown template"))?,
            resources: Resources {
                vcpus: self.vcpus,
                memory_mib: self.memory_mib,
                disk_mib: DISK_MIB,
            },
            env: EnvVars::new(self.env.clone()).map_err(|rule| wrong(&rule.to_string()))?,
            network: NetworkPolicy::new(self.network.clone()),
            timeout: Timeout::from_secs(self.timeout).map_err(|rule| wrong(&rule.to_string()))?,
            auto_pause: self.auto_pause,
        })
    }
}

impl SandboxRecord {
    async fn read(
        &self,
        spec: Arc<Spec>,
        image: Image,
        state: &State,
        clock: &Arc<dyn Clock>,
    ) -> Result<Sandbox, ServiceError> {
        let id = SandboxId::from_client(&self.id);
        if state.sandbox(&id).is_ok() {
            return Err(bad(format!("{id} is there twice")));
        }
        let left = Duration::from_millis(self.left_ms.unwrap_or(0)).min(spec.timeout.duration());
        let (phase, body) = match (self.state, image) {
            (StateRecord::Running, Image::Checkpoint(checkpoint)) => {
                let identity = spec.identity(&id, Arc::clone(clock));
                let machine =
                    checkpoint.resume(identity).await.map_err(|error| bad(error.to_string()))?;
                (Phase::Running { deadline: clock.now().after(left) }, Body::Machine(machine))
            }
            (StateRecord::Paused, Image::Checkpoint(saved)) => {
                (Phase::Paused, Body::Checkpoint(saved))
            }
            (StateRecord::Stopped, Image::Disk(disk)) => (Phase::Stopped, Body::Disk(disk)),
            (StateRecord::Running | StateRecord::Paused, Image::Disk(_))
            | (StateRecord::Stopped, Image::Checkpoint(_)) => {
                return Err(bad(format!("{id}: its image is not one of its state")));
            }
        };
        let origin = self.origin.as_deref().map(SnapshotId::from_client);
        let created_at = Timestamp::from_millis(self.created_at);
        Ok(Sandbox {
            body,
            launched_at: self.launched_at.map(Timestamp::from_millis),
            changed_at: Timestamp::from_millis(self.changed_at),
            ..Sandbox::new(id, spec, phase, origin, state.tenure, created_at)
        })
    }
}

impl SnapshotRecord {
    fn of(snapshot: &Snapshot) -> Self {
        Self {
            id: snapshot.id.to_string(),
            name: snapshot.name.to_string(),
            spec: SpecRecord::of(&snapshot.spec),
            created_at: snapshot.created_at.as_millis(),
        }
    }

    fn read(&self, spec: Arc<Spec>, image: Image) -> Result<Snapshot, ServiceError> {
        let name =
            SnapshotName::new(&self.name).map_err(|rule| bad(format!("{}: {rule}", self.id)))?;
        let Image::Checkpoint(checkpoint) = image else {
            return Err(bad(format!("{}: its image has no memory", self.id)));
        };
        Ok(Snapshot {
            id: SnapshotId::from_client(&self.id),
            name,
            spec,
            created_at: Timestamp::from_millis(self.created_at),
            checkpoint,
        })
    }
}
