//! What happens as time passes.

use std::time::Duration;

use super::*;
use crate::clock::Timestamp;
use crate::service::{ServiceError, TimeoutAction, Transitions};

async fn a_sandbox_with(world: &Arc<World>, secs: u32, auto_pause: bool) -> SandboxId {
    let timeout = Timeout::from_secs(secs).expect("within bounds");
    let spec = Spec { timeout, auto_pause, ..a_spec() };
    world.create_sandbox(spec, None).await.expect("created").id().clone()
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[tokio::test]
async fn a_timeout_deletes_pauses_or_stops_at_its_moment_and_not_before() {
    let (world, _) = a_world();
    let deleted = a_sandbox_with(&world, 300, false).await;
    let paused = a_sandbox_with(&world, 300, true).await;
    world.advance_clock(Duration::from_millis(299_999)).await;
    assert_eq!(state(&world, &deleted), Some(State::Running));
    assert_eq!(state(&world, &paused), Some(State::Running));
    world.advance_clock(Duration::from_millis(1)).await;
    assert_eq!(state(&world, &deleted), None);
    assert_eq!(state(&world, &paused), Some(State::Paused));
    assert_eq!(world.sandbox(&paused).unwrap().timeout_at(), None);

    let (world, _) = a_world_with(|settings| settings.timeout_action = TimeoutAction::Stop);
    let stopped = a_sandbox_with(&world, 300, false).await;
    world.advance_clock(secs(300)).await;
    assert_eq!(state(&world, &stopped), Some(State::Stopped));
}

#[tokio::test]
async fn every_launch_has_the_full_timeout_before_it() {
    let (world, _) = a_world();
    let id = a_sandbox_with(&world, 300, true).await;
    world.advance_clock(secs(8 * 3600)).await;
    assert_eq!(state(&world, &id), Some(State::Paused));
    world.use_sandbox(&id, None).await.unwrap();
    assert_eq!(world.sandbox(&id).unwrap().timeout_at(), Some(world.now().after(secs(300))));
    world.advance_clock(secs(299)).await;
    assert_eq!(state(&world, &id), Some(State::Running));
    world.stop_sandbox(&id).await.unwrap();
    world.advance_clock(secs(1000)).await;
    assert_eq!(state(&world, &id), Some(State::Stopped));
    let started = world.start_sandbox(&id, None).await.unwrap();
    assert_eq!(started.timeout_at(), Some(world.now().after(secs(300))));
    assert_eq!(started.launched_at(), Some(world.now()));
    assert!(started.created_at() < world.now());
}

#[tokio::test]
async fn a_deadline_that_strikes_during_a_snapshot_acts_after_it() {
    let (world, _) = a_world_with(|settings| settings.transitions = Transitions::Fixed(secs(10)));
    let creating = {
        let world = Arc::clone(&world);
        tokio::spawn(async move { a_sandbox_with(&world, 5, false).await })
    };
    let id = loop {
        world.advance_clock(secs(1)).await;
        if creating.is_finished() {
            break creating.await.unwrap();
        }
    };
    let taking = {
        let (world, id) = (Arc::clone(&world), id.clone());
        tokio::spawn(
            async move { world.create_snapshot(&id, snapshot("s", SourceAfter::RunsOn)).await },
        )
    };
    while state(&world, &id) != Some(State::Snapshotting) {
        tokio::task::yield_now().await;
    }
    world.advance_clock(secs(9)).await;
    assert_eq!(state(&world, &id), Some(State::Snapshotting), "the deadline was 5 s ago");
    world.advance_clock(secs(1)).await;
    assert!(taking.await.unwrap().is_ok());
    // The deletion takes its ten seconds too.
    assert_eq!(state(&world, &id), Some(State::Deleting));
    world.advance_clock(secs(10)).await;
    assert_eq!(state(&world, &id), None);
}

#[tokio::test]
async fn an_advance_makes_things_happen_in_the_order_of_their_moments() {
    let (world, _) = a_world_with(|settings| settings.max_sandboxes = None);
    let start = world.now();
    let mut paused = Vec::new();
    for secs in [30, 10, 20] {
        paused.push((secs, a_sandbox_with(&world, secs, true).await));
    }
    world.advance_clock(secs(3600)).await;
    for (secs, id) in paused {
        let at = start.after(Duration::from_secs(u64::from(secs)));
        assert_eq!(world.sandbox(&id).unwrap().changed_at(), at);
    }
    assert_eq!(world.now(), start.after(secs(3600)));
}

#[tokio::test]
async fn a_paused_sandbox_outlives_any_time_and_setting_the_clock_back_makes_nothing_happen() {
    let (world, _) = a_world();
    let id = a_sandbox_with(&world, 1, false).await;
    world.pause_sandbox(&id, None).await.unwrap();
    world.advance_clock(secs(365 * 24 * 3600)).await;
    assert_eq!(state(&world, &id), Some(State::Paused));
    let early = Timestamp::from_millis(0);
    world.set_clock(early).await;
    assert_eq!(world.now(), early);
    world.use_sandbox(&id, None).await.unwrap();
    world.set_clock(early.after(secs(1))).await;
    assert_eq!(world.use_sandbox(&id, None).await.map(drop), Err(ServiceError::SandboxNotFound));
}

#[tokio::test]
async fn a_clock_that_goes_times_out_by_itself() {
    let (world, _) = a_world();
    let id = a_sandbox_with(&world, 1, false).await;
    world.advance_clock(Duration::from_millis(999)).await;
    world.resume_clock();
    let gone = async {
        while state(&world, &id).is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(secs(60), gone).await.expect("it times out");
}
