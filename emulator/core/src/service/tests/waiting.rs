//! Requests that meet a transition.

use tokio::task::JoinHandle;

use super::*;
use crate::service::{PauseSource, ServiceError, Snapshot, SnapshotQuery};

/// Asks for a snapshot named `s` without waiting for it.
fn begin_snapshot(
    world: &Arc<World>,
    id: &SandboxId,
    after: SourceAfter,
) -> JoinHandle<Result<Arc<Snapshot>, ServiceError>> {
    let (world, id) = (Arc::clone(world), id.clone());
    tokio::spawn(async move { world.create_snapshot(&id, snapshot("s", after)).await })
}

#[tokio::test]
async fn many_uses_of_a_paused_sandbox_resume_it_once() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    world.pause_sandbox(&id, None).await.unwrap();
    let hold = script.hold("resume");
    let uses: Vec<_> = (0..20)
        .map(|_| {
            let (world, id) = (Arc::clone(&world), id.clone());
            tokio::spawn(async move { world.use_sandbox(&id, None).await.map(drop) })
        })
        .collect();
    script.called("resume").await;
    assert_eq!(state(&world, &id), Some(State::Unpausing));
    hold.release();
    for used in uses {
        assert_eq!(used.await.unwrap(), Ok(()));
    }
    assert_eq!(script.calls("resume"), 1);
}

#[tokio::test]
async fn everyone_who_waits_for_a_resume_hears_of_its_failure() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    world.pause_sandbox(&id, None).await.unwrap();
    script.fail("resume");
    let uses: Vec<_> = (0..20)
        .map(|_| {
            let (world, id) = (Arc::clone(&world), id.clone());
            tokio::spawn(async move { world.use_sandbox(&id, None).await.map(drop) })
        })
        .collect();
    for used in uses {
        assert_eq!(used.await.unwrap(), Err(ServiceError::MachineFailed));
    }
    assert_eq!(state(&world, &id), Some(State::Paused));
}

#[tokio::test]
async fn a_use_waits_for_a_snapshot_and_other_requests_are_refused() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    let hold = script.hold("snapshot");
    let taking = begin_snapshot(&world, &id, SourceAfter::RunsOn);
    script.called("snapshot").await;
    assert_eq!(state(&world, &id), Some(State::Snapshotting));
    let again = world.create_snapshot(&id, snapshot("t", SourceAfter::RunsOn)).await;
    assert!(matches!(again, Err(ServiceError::Refused(_))), "{again:?}");
    assert!(matches!(world.pause_sandbox(&id, None).await, Err(ServiceError::Refused(_))));
    assert!(matches!(world.delete_sandbox(&id).await, Err(ServiceError::Refused(_))));
    // SNAP-CREATE-09, SNAP-REST-13, SNAP-LIST-03
    let other = a_running_sandbox(&world).await;
    let same = world.create_snapshot(&other, snapshot("s", SourceAfter::RunsOn)).await;
    assert_eq!(same.map(drop), Err(ServiceError::NameReserved(name("s"))));
    assert!(matches!(
        world.restore_snapshot(restore("s")).await,
        Err(ServiceError::NoSuchSnapshot(_))
    ));
    assert_eq!(world.list_snapshots(&SnapshotQuery::default()).total, 0);
    let used = {
        let (world, id) = (Arc::clone(&world), id.clone());
        tokio::spawn(async move { world.use_sandbox(&id, None).await.map(drop) })
    };
    hold.release();
    assert!(taking.await.unwrap().is_ok());
    assert_eq!(used.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_client_that_hangs_up_strands_nothing() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    let hold = script.hold("snapshot");
    let request = begin_snapshot(&world, &id, SourceAfter::RunsOn);
    script.called("snapshot").await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    hold.release();
    assert_eq!(world.use_sandbox(&id, None).await.map(drop), Ok(()));
    assert_eq!(state(&world, &id), Some(State::Running));
    assert_eq!(world.list_snapshots(&SnapshotQuery::default()).total, 1);
}

#[tokio::test]
async fn a_sandbox_that_is_deleted_while_a_use_waits_is_not_found() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    let hold = script.hold("snapshot");
    let taking = begin_snapshot(&world, &id, SourceAfter::Killed);
    script.called("snapshot").await;
    let used = {
        let (world, id) = (Arc::clone(&world), id.clone());
        tokio::spawn(async move { world.use_sandbox(&id, None).await.map(drop) })
    };
    hold.release();
    assert!(taking.await.unwrap().is_ok());
    let used = used.await.unwrap();
    assert!(used.is_err(), "{used:?}");
    assert_eq!(state(&world, &id), None);
}

#[tokio::test]
async fn the_source_of_a_snapshot_pause_stays_paused_where_the_settings_say_so() {
    let (world, _) = a_world_with(|settings| settings.pause_source = PauseSource::Paused);
    let id = a_running_sandbox(&world).await;
    world.create_snapshot(&id, snapshot("s", SourceAfter::Paused)).await.unwrap();
    assert_eq!(state(&world, &id), Some(State::Paused));
    assert!(world.use_sandbox(&id, None).await.is_ok());
}
