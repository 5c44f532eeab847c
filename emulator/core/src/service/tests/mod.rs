//! The service on a back end that does what the test says.

mod failures;
mod scripted;
mod time;
mod waiting;

use std::sync::Arc;

use scripted::Script;

use super::{CreateSnapshot, Restore, Settings, SnapshotRef, SourceAfter, World};
use super::{Host, Sandbox, Spec};
use crate::clock::{ClockMode, SystemClock};
use crate::id::{OrgId, RandomIds, SandboxId};
use crate::lifecycle::State;
use crate::spec::{EnvVars, NetworkPolicy, Resources, SnapshotName, Timeout};
use crate::template::Template;

/// A world on a frozen clock, and the script of its back end.
fn a_world() -> (Arc<World>, Arc<Script>) {
    a_world_with(|_| {})
}

fn a_world_with(change: impl FnOnce(&mut Settings)) -> (Arc<World>, Arc<Script>) {
    let script = Arc::new(Script::default());
    let backend = Arc::new(scripted::ScriptedBackend(Arc::clone(&script)));
    let mut settings = Settings { clock: ClockMode::Frozen, ..Settings::default() };
    change(&mut settings);
    let host = Host::new(backend, Arc::new(SystemClock), Arc::new(RandomIds), settings);
    (host.new_world(&OrgId::new("org")), script)
}

fn a_spec() -> Spec {
    Spec {
        template: Template::by_name("system/debian:bookworm").expect("a system template"),
        resources: Resources::default(),
        env: EnvVars::default(),
        network: NetworkPolicy::default(),
        timeout: Timeout::default(),
        auto_pause: false,
    }
}

async fn a_running_sandbox(world: &Arc<World>) -> SandboxId {
    world.create_sandbox(a_spec(), None).await.expect("created").id().clone()
}

fn state(world: &World, id: &SandboxId) -> Option<State> {
    world.sandbox(id).ok().as_ref().map(Sandbox::state)
}

fn name(text: &str) -> SnapshotName {
    SnapshotName::new(text).expect("a name")
}

fn snapshot(text: &str, source_after: SourceAfter) -> CreateSnapshot {
    CreateSnapshot { name: Some(name(text)), source_after, fault: None }
}

fn restore(text: &str) -> Restore {
    Restore {
        snapshot: SnapshotRef::Name(name(text)),
        timeout: Timeout::default(),
        auto_pause: false,
        network: None,
        fault: None,
    }
}
