//! A disk that fails at each write in turn: what was acknowledged is kept, what was refused has not
//! happened, and nothing is half.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use leap0_backend_memory::MemoryBackend;
use leap0_emulator_core::backend::Command;
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::{OrgId, RandomIds, SandboxId, SnapshotId};
use leap0_emulator_core::lifecycle::State;
use leap0_emulator_core::service::{
    CreateSnapshot, Host, Restore, SandboxQuery, ServiceError, Settings, SnapshotQuery,
    SnapshotRef, SourceAfter, Spec, World,
};
use leap0_emulator_core::spec::{EnvVars, NetworkPolicy, Resources, SnapshotName, Timeout};
use leap0_emulator_core::template::Template;
use leap0_storage::{DataFolder, Fault, Faults, OpenError, Report};

type Result<T> = std::result::Result<T, ServiceError>;

/// What can be seen of a world: what each thing holds, by its id.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    snapshots: BTreeMap<String, String>,
    at_rest: BTreeMap<String, (State, String)>,
}

#[tokio::test]
async fn a_disk_that_fails_at_any_write_breaks_nothing() {
    let counting = Faults::default();
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path(), &counting);
    let before = counting.writes();
    live(&world).await.expect("nothing fails");
    let writes = before..counting.writes();
    assert!(writes.end - writes.start > 30, "{writes:?}");
    let mut refused = 0;
    for fault in [Fault::Full, Fault::Broken] {
        for write in writes.clone() {
            refused += usize::from(fails_at(write, fault).await);
        }
    }
    println!("{} writes failed in two ways each; {refused} lives met a refusal", writes.end);
    assert!(refused > 0, "no failure reached a request");
}

/// Lives with one failing write, crashes, and looks at what is left; whether a request was refused.
async fn fails_at(write: u64, fault: Fault) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let faults = Faults::default();
    let world = world(folder.path(), &faults);
    faults.fail_at(write, fault);
    let lived = live(&world).await;
    if let Err((step, error)) = &lived {
        let expected = matches!(error, ServiceError::NotSaved(_));
        assert!(expected, "write {write}, {fault:?}: {step:?}: {error:?}");
    }
    // What was refused has not happened, and the disk works again: the rest is as ever.
    faults.mend();
    let deleted = match &lived {
        Err((Step::DeleteSandbox(id), _)) => Some(id.clone()),
        _ => None,
    };
    let seen = look(&world).await;
    let again = world.create_sandbox(spec(), None).await.expect("the disk works again");
    say(&world, again.id(), "echo more > f").await.expect("said");
    take(&world, again.id(), "more").await.expect("saved");
    let seen_more = look(&world).await;
    assert_eq!(seen_more.snapshots.len(), seen.snapshots.len() + 1);
    drop(world);

    let report = verify_when_free(folder.path()).await;
    assert_eq!(report.damages, [""; 0], "write {write}, {fault:?}");
    let host = host(folder.path(), &Faults::default());
    let recalled = host.recall().await.expect("readable");
    let [recalled] = &recalled[..] else { panic!("one organisation, not {}", recalled.len()) };
    let found = look(&recalled.world).await;
    assert_eq!(found.snapshots, seen_more.snapshots, "write {write}, {fault:?}");
    // What ran comes back stopped if it ever rested, so there may be more at rest than before.
    for (id, rested) in &seen_more.at_rest {
        assert_eq!(found.at_rest.get(id), Some(rested), "write {write}, {fault:?}: {id}");
    }
    if let Some(id) = deleted {
        assert!(!found.at_rest.contains_key(id.as_str()), "the next write made up for it");
    }
    lived.is_err()
}

/// Verifies a folder that a dropped world is about to let go of: its last tasks may still hold it.
async fn verify_when_free(folder: &Path) -> Report {
    let verified = async {
        loop {
            match leap0_storage::verify(folder) {
                Err(OpenError::InUse(_)) => tokio::task::yield_now().await,
                verified => break verified.expect("a folder of ours"),
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), verified).await.expect("let go of")
}

/// The request that failed.
#[derive(Debug)]
enum Step {
    DeleteSandbox(SandboxId),
    Other,
}

/// Everything that is kept, once: made, changed, brought to rest and deleted.
async fn live(world: &Arc<World>) -> std::result::Result<(), (Step, ServiceError)> {
    let other = |error| (Step::Other, error);
    let source = world.create_sandbox(spec(), None).await.map_err(other)?.id().clone();
    say(world, &source, "echo one > f; seq 30000 > large").await.map_err(other)?;
    let first = take(world, &source, "first").await.map_err(other)?;
    let copy = copy_of(world, SnapshotRef::Name(name("first"))).await.map_err(other)?;
    say(world, &copy, "echo two > f").await.map_err(other)?;
    world.pause_sandbox(&copy, None).await.map_err(other)?;
    world.stop_sandbox(&source).await.map_err(other)?;
    world.delete_snapshot(&first).await.map_err(other)?;
    say(world, &copy, "echo three > f").await.map_err(other)?;
    take(world, &copy, "second").await.map_err(other)?;
    world.pause_sandbox(&copy, None).await.map_err(other)?;
    world.start_sandbox(&source, None).await.map_err(other)?;
    say(world, &source, "cat f").await.map_err(other)?;
    let third = world.create_sandbox(spec(), None).await.map_err(other)?.id().clone();
    world.pause_sandbox(&third, None).await.map_err(other)?;
    world.delete_sandbox(&third).await.map_err(|error| (Step::DeleteSandbox(third), error))?;
    let killed = CreateSnapshot {
        name: Some(name("third")),
        source_after: SourceAfter::Killed,
        fault: None,
    };
    world.create_snapshot(&source, killed).await.map_err(other)?;
    Ok(())
}

/// Reads everything that is at rest, and in the end leaves it as it was.
async fn look(world: &Arc<World>) -> Seen {
    let mut seen = Seen::default();
    let all = world.list_sandboxes(&SandboxQuery::default());
    for sandbox in all.items {
        let id = sandbox.id();
        match sandbox.state() {
            State::Paused => {
                let text = say(world, id, "cat f").await.unwrap_or_default();
                world.pause_sandbox(id, None).await.expect("paused again");
                seen.at_rest.insert(id.to_string(), (State::Paused, text));
            }
            State::Stopped => {
                world.start_sandbox(id, None).await.expect("started");
                let text = say(world, id, "cat f").await.unwrap_or_default();
                world.stop_sandbox(id).await.expect("stopped again");
                seen.at_rest.insert(id.to_string(), (State::Stopped, text));
            }
            State::Running => {
                say(world, id, "true").await.expect("what runs answers");
            }
            state => panic!("{id} is {state}"),
        }
    }
    for snapshot in world.list_snapshots(&SnapshotQuery::default()).items {
        let by_id = SnapshotRef::Id(snapshot.id().clone());
        let copy = copy_of(world, by_id).await.expect("restored");
        let text = say(world, &copy, "cat f").await.expect("said");
        world.delete_sandbox(&copy).await.expect("deleted");
        seen.snapshots.insert(snapshot.name().to_string(), text);
    }
    seen
}

async fn copy_of(world: &Arc<World>, snapshot: SnapshotRef) -> Result<SandboxId> {
    let (timeout, auto_pause) = (Timeout::default(), false);
    let restore = Restore { snapshot, timeout, auto_pause, network: None, fault: None };
    Ok(world.restore_snapshot(restore).await?.id().clone())
}

async fn say(world: &Arc<World>, sandbox: &SandboxId, script: &str) -> Result<String> {
    let env = EnvVars::default();
    let timeout = Duration::from_mins(1);
    let command = Command { script: script.to_owned(), cwd: None, env, timeout };
    let output = world.exec(sandbox, command, None).await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn take(world: &Arc<World>, source: &SandboxId, text: &str) -> Result<SnapshotId> {
    let source_after = SourceAfter::RunsOn;
    let request = CreateSnapshot { name: Some(name(text)), source_after, fault: None };
    match world.create_snapshot(source, request.clone()).await {
        Ok(snapshot) => Ok(snapshot.id().clone()),
        Err(error) => {
            // The name is free, and the source runs on.
            assert!(
                world
                    .list_snapshots(&SnapshotQuery::default())
                    .items
                    .iter()
                    .all(|one| { one.name() != &name(text) })
            );
            assert_eq!(world.sandbox(source).expect("there").state(), State::Running);
            Err(error)
        }
    }
}

fn host(folder: &Path, faults: &Faults) -> Host {
    let storage = DataFolder::open_with(folder, "memory", faults.clone()).expect("opened");
    let settings = Settings { max_sandboxes: None, ..Settings::default() };
    let backend = Arc::new(MemoryBackend::default());
    Host::new(backend, Arc::new(SystemClock), Arc::new(RandomIds), settings)
        .kept_in(Arc::new(storage))
}

fn world(folder: &Path, faults: &Faults) -> Arc<World> {
    host(folder, faults).new_world(&OrgId::new("org"))
}

fn spec() -> Spec {
    Spec {
        template: Template::by_name("system/debian:bookworm").expect("a system template"),
        resources: Resources::default(),
        env: EnvVars::default(),
        network: NetworkPolicy::default(),
        timeout: Timeout::default(),
        auto_pause: false,
    }
}

fn name(text: &str) -> SnapshotName {
    SnapshotName::new(text).expect("a name")
}
