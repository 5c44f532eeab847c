//! Sandboxes and snapshots as text, for exported worlds and for what is kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ServiceError;
use super::sandbox::{Body, Sandbox, Spec};
use super::share::Tenure;
use super::shelf::Snapshot;
use super::state::State;
use crate::backend::Image;
use crate::clock::{Clock, Timestamp};
use crate::id::{SandboxId, SnapshotId};
use crate::lifecycle::Phase;
use crate::spec::{
    DISK_MIB, EnvVars, MEMORY_MIB, NetworkPolicy, NetworkRules, Resources, SnapshotName, Timeout,
    VCPUS,
};
use crate::template::Template;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecRecord {
    pub(super) template: String,
    pub(super) vcpus: u32,
    pub(super) memory_mib: u32,
    pub(super) env: BTreeMap<String, String>,
    pub(super) network: NetworkRules,
    pub(super) timeout: u32,
    pub(super) auto_pause: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SandboxRecord {
    pub(super) id: String,
    pub(super) spec: SpecRecord,
    pub(super) state: StateRecord,
    /// Milliseconds until the timeout; running sandboxes only.
    pub(super) left_ms: Option<u64>,
    /// The snapshot it was restored from.
    pub(super) origin: Option<String>,
    pub(super) created_at: i64,
    pub(super) launched_at: Option<i64>,
    pub(super) changed_at: i64,
}

/// The states that are not transitions.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StateRecord {
    Running,
    Paused,
    Stopped,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotRecord {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) spec: SpecRecord,
    pub(super) created_at: i64,
}

pub(super) fn bad(rule: impl Into<String>) -> ServiceError {
    ServiceError::BadArchive(rule.into())
}

impl SpecRecord {
    pub(super) fn of(spec: &Spec) -> Self {
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

    pub(super) fn read(&self, id: &str) -> Result<Spec, ServiceError> {
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
    /// The sandbox in this state, with so long to live.
    pub(super) fn of(sandbox: &Sandbox, state: StateRecord, left: Option<Duration>) -> Self {
        Self {
            id: sandbox.id.to_string(),
            spec: SpecRecord::of(&sandbox.spec),
            state,
            left_ms: left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
            origin: sandbox.origin.as_ref().map(ToString::to_string),
            created_at: sandbox.created_at.as_millis(),
            launched_at: sandbox.launched_at.map(Timestamp::as_millis),
            changed_at: sandbox.changed_at.as_millis(),
        }
    }

    pub(super) async fn read(
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
        Ok(self.sandbox(id, spec, phase, body, state.tenure))
    }

    /// The sandbox as it is with this body.
    pub(super) fn sandbox(
        &self,
        id: SandboxId,
        spec: Arc<Spec>,
        phase: Phase,
        body: Body,
        tenure: Tenure,
    ) -> Sandbox {
        let origin = self.origin.as_deref().map(SnapshotId::from_client);
        let created_at = Timestamp::from_millis(self.created_at);
        Sandbox {
            body,
            launched_at: self.launched_at.map(Timestamp::from_millis),
            changed_at: Timestamp::from_millis(self.changed_at),
            ..Sandbox::new(id, spec, phase, origin, tenure, created_at)
        }
    }
}

impl SnapshotRecord {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        Self {
            id: snapshot.id.to_string(),
            name: snapshot.name.to_string(),
            spec: SpecRecord::of(&snapshot.spec),
            created_at: snapshot.created_at.as_millis(),
        }
    }

    pub(super) fn read(&self, spec: Arc<Spec>, image: Image) -> Result<Snapshot, ServiceError> {
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
