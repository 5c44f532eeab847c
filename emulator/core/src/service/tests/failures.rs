//! Whatever fails, nothing is lost and nothing is stranded.

use std::collections::BTreeMap;

use super::*;
use crate::service::drive::Job;
use crate::service::{ServiceError, SnapshotQuery};
use crate::spec::{NetworkRules, Transform};

#[tokio::test]
async fn a_failed_snapshot_leaves_its_source_running_and_its_name_free() {
    for after in [SourceAfter::RunsOn, SourceAfter::Killed, SourceAfter::Paused] {
        let (world, script) = a_world();
        let id = a_running_sandbox(&world).await;
        script.fail("snapshot");
        let refused = world.create_snapshot(&id, snapshot("s", after)).await;
        assert_eq!(refused.map(drop), Err(ServiceError::MachineFailed));
        assert_eq!(state(&world, &id), Some(State::Running));
        assert_eq!(world.list_snapshots(&SnapshotQuery::default()).total, 0);
        assert_eq!(script.calls("destroy"), 0, "nothing is ended if storing fails");
        script.mend("snapshot");
        assert!(world.create_snapshot(&id, snapshot("s", after)).await.is_ok());
    }
}

#[tokio::test]
async fn a_failed_pause_or_stop_leaves_the_sandbox_running() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    let before = world.sandbox(&id).unwrap().timeout_at();
    script.fail("pause");
    script.fail("stop");
    assert!(world.pause_sandbox(&id, None).await.is_err());
    assert!(world.stop_sandbox(&id).await.is_err());
    assert_eq!(state(&world, &id), Some(State::Running));
    assert_eq!(world.sandbox(&id).unwrap().timeout_at(), before);
}

#[tokio::test]
async fn a_failed_create_leaves_nothing_and_gives_its_place_back() {
    let (world, script) = a_world_with(|settings| settings.max_sandboxes = Some(1));
    script.fail("create");
    let refused = world.create_sandbox(a_spec(), None).await;
    assert_eq!(refused.map(drop), Err(ServiceError::MachineFailed));
    script.mend("create");
    a_running_sandbox(&world).await;
    let refused = world.create_sandbox(a_spec(), None).await;
    assert_eq!(refused.map(drop), Err(ServiceError::LimitReached { limit: 1 }));
}

#[tokio::test]
async fn a_failed_start_leaves_the_sandbox_stopped_and_a_failed_resume_paused() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    world.stop_sandbox(&id).await.unwrap();
    script.fail("start");
    assert!(world.start_sandbox(&id, None).await.is_err());
    assert_eq!(state(&world, &id), Some(State::Stopped));
    script.mend("start");
    world.start_sandbox(&id, None).await.unwrap();
    world.pause_sandbox(&id, None).await.unwrap();
    script.fail("resume");
    assert!(world.use_sandbox(&id, None).await.is_err());
    assert_eq!(state(&world, &id), Some(State::Paused));
    script.mend("resume");
    assert!(world.use_sandbox(&id, None).await.is_ok());
}

#[tokio::test]
async fn a_sandbox_that_cannot_be_removed_cleanly_is_gone_all_the_same() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    script.fail("destroy");
    let _ = world.delete_sandbox(&id).await;
    assert_eq!(state(&world, &id), None);
}

#[tokio::test]
async fn a_back_end_that_panics_fails_one_effect_only() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    script.panic("snapshot");
    let refused = world.create_snapshot(&id, snapshot("s", SourceAfter::RunsOn)).await;
    assert_eq!(refused.map(drop), Err(ServiceError::MachineFailed));
    assert_eq!(state(&world, &id), Some(State::Running));
    script.mend("snapshot");
    assert!(world.create_snapshot(&id, snapshot("s", SourceAfter::RunsOn)).await.is_ok());
}

#[tokio::test]
async fn a_snapshot_that_is_stored_is_answered_even_if_its_source_cannot_be_ended() {
    let (world, script) = a_world();
    let id = a_running_sandbox(&world).await;
    script.fail("destroy");
    assert!(world.create_snapshot(&id, snapshot("s", SourceAfter::Killed)).await.is_ok());
    assert_eq!(state(&world, &id), None);
    assert!(world.restore_snapshot(restore("s")).await.is_ok());
}

#[test]
fn what_a_log_says_of_a_job_has_no_secrets() {
    const SECRET: &str = "hunter2";
    let secret = |name: &str| BTreeMap::from([(name.to_owned(), SECRET.to_owned())]);
    let transform = Transform {
        domain: "api.example.com".to_owned(),
        inject_headers: Some(secret("authorization")),
        strip_headers: None,
    };
    let rules = NetworkRules { transforms: Some(vec![transform]), ..NetworkRules::default() };
    let spec = Spec {
        env: EnvVars::new(secret("TOKEN")).expect("a variable"),
        network: NetworkPolicy::new(rules),
        ..a_spec()
    };
    let job = Job::Create(spec.boot(&SandboxId::from_client("sbx-a"), Arc::new(SystemClock)));
    let said = format!("{job:?}");
    assert!(said.contains("TOKEN") && said.contains("authorization"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
}
