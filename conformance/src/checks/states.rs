//! STATE: what each operation answers in the states that stay.

use serde_json::{Value, json};

use crate::check::{Check, Outcome, Trial, check};
use crate::http::{Answer, Request};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(
        operations_on_a_running_sandbox,
        Sandbox,
        ["STATE-PAUSE-RUNNING", "STATE-GET-RUNNING", "STATE-SNAPSHOT-RUNNING"]
    ),
    check!(a_running_sandbox_is_stopped, Sandbox, ["STATE-STOP-RUNNING"]).when(&[C::StopStart]),
    check!(a_running_sandbox_is_not_started, Sandbox, ["STATE-START-RUNNING"])
        .when(&[C::StopStart]),
    check!(a_snapshot_pause_of_a_running_sandbox, Sandbox, ["STATE-SNAPSHOT-RUNNING"])
        .when(&[C::SnapshotPause]),
    check!(
        operations_on_a_paused_sandbox,
        Sandbox,
        ["STATE-PAUSE-PAUSED", "STATE-SNAPSHOT-PAUSED", "STATE-DELETE-PAUSED"]
    ),
    check!(a_paused_sandbox_is_not_stopped, Sandbox, ["STATE-STOP-PAUSED"]).when(&[C::StopStart]),
    check!(a_paused_sandbox_is_not_started, Sandbox, ["STATE-START-PAUSED"]).when(&[C::StopStart]),
    check!(
        operations_on_a_stopped_sandbox,
        Sandbox,
        [
            "STATE-GET-STOPPED",
            "STATE-PAUSE-STOPPED",
            "STATE-STOP-STOPPED",
            "STATE-SNAPSHOT-STOPPED",
            "STATE-USE-STOPPED",
            "STATE-START-STOPPED",
        ]
    )
    .when(&[C::StopStart]),
    check!(a_stopped_sandbox_is_deleted, Sandbox, ["STATE-DELETE-STOPPED"]).when(&[C::StopStart]),
    check!(
        operations_on_a_sandbox_that_never_was,
        Sandbox,
        [
            "STATE-GET-ABSENT",
            "STATE-DELETE-ABSENT",
            "STATE-PAUSE-ABSENT",
            "STATE-SNAPSHOT-ABSENT",
            "STATE-USE-ABSENT",
            "STATE-MOUNTS-ABSENT",
        ]
    ),
    check!(
        stop_and_start_of_a_sandbox_that_never_was,
        Nothing,
        ["STATE-STOP-ABSENT", "STATE-START-ABSENT"]
    )
    .when(&[C::StopStart]),
];

/// That a change is refused with 409 and leaves the state as it is.
async fn refuses(t: &Trial, rule: &'static str, id: &str, what: &str, state: &str) -> Outcome {
    let answer = t.bare(format!("/v1/sandbox/{id}/{what}")).await?;
    t.status(rule, &answer, 409);
    t.same(rule, "the state afterwards", &*t.state(id).await?, state);
    Ok(())
}

async fn operations_on_a_running_sandbox(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let seen = t.get(sandbox.path("")).await?;
    t.same("STATE-GET-RUNNING", "the state", seen.text("state"), "running");
    let taken = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
    t.status("STATE-SNAPSHOT-RUNNING", &taken, 201);
    t.status("STATE-PAUSE-RUNNING", &t.bare(sandbox.path("pause")).await?, 201);
    t.same("STATE-PAUSE-RUNNING", "the state", &*t.state(&sandbox.id).await?, "paused");
    Ok(())
}

async fn a_running_sandbox_is_stopped(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.status("STATE-STOP-RUNNING", &t.bare(sandbox.path("stop")).await?, 200);
    let stopped = t.until(30, async || Ok(t.state(&sandbox.id).await? == "stopped")).await?;
    t.must("STATE-STOP-RUNNING", "it is stopped then", stopped);
    Ok(())
}

async fn a_running_sandbox_is_not_started(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    refuses(t, "STATE-START-RUNNING", &sandbox.id, "start", "running").await
}

async fn a_snapshot_pause_of_a_running_sandbox(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let answer = t.post(sandbox.path("snapshot/pause"), json!({ "name": t.name() })).await?;
    t.status("STATE-SNAPSHOT-RUNNING", &answer, 201);
    Ok(())
}

async fn operations_on_a_paused_sandbox(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    refuses(t, "STATE-PAUSE-PAUSED", &sandbox.id, "pause", "paused").await?;
    let answer = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
    t.decided_status("STATE-SNAPSHOT-PAUSED", &answer, 409);
    t.status("STATE-DELETE-PAUSED", &t.delete(sandbox.path("")).await?, 204);
    let gone = t.state(&sandbox.id).await?;
    t.must("STATE-DELETE-PAUSED", "it is not paused any more", gone != "paused");
    Ok(())
}

async fn a_paused_sandbox_is_not_stopped(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    refuses(t, "STATE-STOP-PAUSED", &sandbox.id, "stop", "paused").await
}

async fn a_paused_sandbox_is_not_started(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    refuses(t, "STATE-START-PAUSED", &sandbox.id, "start", "paused").await
}

async fn operations_on_a_stopped_sandbox(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "stop").await?;
    let seen = t.get(sandbox.path("")).await?;
    t.decided_status("STATE-GET-STOPPED", &seen, 200);
    refuses(t, "STATE-PAUSE-STOPPED", &sandbox.id, "pause", "stopped").await?;
    refuses(t, "STATE-STOP-STOPPED", &sandbox.id, "stop", "stopped").await?;
    let answer = t.snapshot(&sandbox.id, json!({ "name": t.name() })).await?;
    t.decided_status("STATE-SNAPSHOT-STOPPED", &answer, 409);
    let answer = t.exec(&sandbox.id, "true").await?;
    t.decided_status("STATE-USE-STOPPED", &answer, 409);
    let started = t.bare(sandbox.path("start")).await?;
    t.status("STATE-START-STOPPED", &started, 200);
    t.same("STATE-START-STOPPED", "the state", &*t.state(&sandbox.id).await?, "running");
    Ok(())
}

async fn a_stopped_sandbox_is_deleted(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "stop").await?;
    t.status("STATE-DELETE-STOPPED", &t.delete(sandbox.path("")).await?, 204);
    t.must("STATE-DELETE-STOPPED", "it is gone", t.state(&sandbox.id).await? == "gone");
    Ok(())
}

/// Ids of a sandbox that never was, and of one that was deleted.
async fn absent(t: &Trial) -> Outcome<[String; 2]> {
    let sandbox = t.sandbox().await?;
    t.remove(&sandbox.id).await?;
    Ok([format!("{}0", sandbox.id), sandbox.id])
}

/// Looks at an answer about each of them; of a deleted one only a decision speaks.
fn missing(t: &Trial, rule: &'static str, place: usize, answer: &Answer) {
    if place == 0 {
        t.status(rule, answer, 404);
    } else {
        t.decided_status(rule, answer, 404);
    }
}

async fn operations_on_a_sandbox_that_never_was(t: &Trial) -> Outcome {
    for (place, id) in absent(t).await?.iter().enumerate() {
        let path = format!("/v1/sandbox/{id}");
        missing(t, "STATE-GET-ABSENT", place, &t.get(&*path).await?);
        t.status("STATE-DELETE-ABSENT", &t.delete(&*path).await?, 404);
        missing(t, "STATE-PAUSE-ABSENT", place, &t.bare(format!("{path}/pause")).await?);
        let capture =
            t.post(format!("{path}/snapshot/create"), json!({ "name": t.name() })).await?;
        missing(t, "STATE-SNAPSHOT-ABSENT", place, &capture);
        let uses: [(&str, Value); 3] = [
            ("process/execute", json!({"command": "true"})),
            ("filesystem/exists", json!({"path": "/"})),
            ("filesystem/read-file", json!({"path": "/etc/hostname"})),
        ];
        for (what, body) in uses {
            missing(t, "STATE-USE-ABSENT", place, &t.post(format!("{path}/{what}"), body).await?);
        }
        let mount = json!({
            "type": "object-storage", "bucket": "b", "mount_path": "/mnt/b",
            "endpoint": "https://storage.example.com",
        });
        let request = Request::post(format!("{path}/mounts"), &mount).undescribed();
        missing(t, "STATE-MOUNTS-ABSENT", place, &t.send(request).await?);
    }
    Ok(())
}

async fn stop_and_start_of_a_sandbox_that_never_was(t: &Trial) -> Outcome {
    for (what, rule) in [("stop", "STATE-STOP-ABSENT"), ("start", "STATE-START-ABSENT")] {
        let answer = t.bare(format!("/v1/sandbox/sbx-{}/{what}", t.name())).await?;
        t.status(rule, &answer, 404);
    }
    Ok(())
}
