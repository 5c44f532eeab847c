//! SB-GET, SB-PAUSE, SB-STOP, SB-START, SB-DEL: what becomes of a sandbox.

use std::collections::BTreeSet;

use serde_json::json;

use super::listed;
use crate::check::{Check, Outcome, Trial, check};
use crate::http::{Auth, Request};
use crate::moment;
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(reading_a_paused_sandbox_leaves_it_paused, Sandbox, ["SB-GET-01", "STATE-GET-PAUSED"]),
    check!(a_pause_is_answered_when_it_is_done, Sandbox, ["SB-PAUSE-01", "SB-PAUSE-02"]),
    check!(a_pause_keeps_memory_and_disk, Commands, ["SB-PAUSE-01", "SB-PAUSE-09"]),
    check!(a_pause_makes_no_named_snapshot, Snapshots, ["SB-PAUSE-03"]),
    check!(there_is_no_resume_path, Sandbox, ["SB-PAUSE-04"]),
    check!(a_use_resumes_a_paused_sandbox, Commands, ["SB-PAUSE-05", "STATE-USE-PAUSED"]),
    check!(what_is_no_use_resumes_nothing, Sandbox, ["SB-PAUSE-05"]),
    check!(a_refused_use_resumes_nothing, Sandbox, ["SB-PAUSE-06"]),
    check!(uses_at_once_are_all_served, Commands, ["SB-PAUSE-07"]),
    check!(a_second_resume_keeps_what_came_after_the_first, Commands, ["SB-PAUSE-09"]),
    check!(a_stop_keeps_the_disk_and_loses_memory, Commands, ["SB-STOP-01", "SB-START-02"])
        .when(&[C::StopStart]),
    check!(a_use_does_not_start_a_stopped_sandbox, Files, ["SB-STOP-03"]).when(&[C::StopStart]),
    check!(only_a_stopped_sandbox_is_started, Sandbox, ["SB-START-01", "SB-START-02"])
        .when(&[C::StopStart]),
    check!(what_outlives_a_stop, Commands, ["SB-START-04"]).when(&[C::StopStart]),
    check!(a_paused_sandbox_is_deleted_directly, Sandbox, ["SB-DEL-01", "SB-DEL-03", "SB-04"]),
    check!(a_stopped_sandbox_is_deleted_directly, Sandbox, ["SB-DEL-01"]).when(&[C::StopStart]),
    check!(snapshots_outlive_their_source, Snapshots, ["SB-DEL-04", "SNAP-REST-08"]),
    check!(a_deleted_sandbox_is_in_no_list, Sandbox, ["SB-LIST-02", "SB-GET-02"]),
];

async fn reading_a_paused_sandbox_leaves_it_paused(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    for _ in 0..3 {
        let answer = t.get(sandbox.path("")).await?;
        t.status("SB-GET-01", &answer, 200);
        t.same("SB-GET-01", "the state", answer.text("state"), "paused");
        t.decided_status("STATE-GET-PAUSED", &answer, 200);
    }
    Ok(())
}

async fn a_pause_is_answered_when_it_is_done(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let answer = t.bare(sandbox.path("pause")).await?;
    t.status("SB-PAUSE-01", &answer, 201);
    t.same("SB-PAUSE-01", "the state in the answer", answer.text("state"), "paused");
    t.same("SB-PAUSE-01", "the id in the answer", answer.text("id"), &*sandbox.id);
    t.same("SB-PAUSE-01", "the state afterwards", &*t.state(&sandbox.id).await?, "paused");
    t.status("SB-PAUSE-02", &t.bare(sandbox.path("pause")).await?, 409);
    t.same("SB-PAUSE-02", "the state afterwards", &*t.state(&sandbox.id).await?, "paused");
    Ok(())
}

async fn a_pause_keeps_memory_and_disk(t: &Trial) -> Outcome {
    let sandbox = t.sandbox_with(json!({"env_vars": {"FRUIT": "pear"}})).await?;
    t.sh(&sandbox.id, "echo disk > /tmp/d; echo memory > /dev/shm/m").await?;
    t.change(&sandbox.id, "pause").await?;
    let seen = t.exec(&sandbox.id, "cat /tmp/d /dev/shm/m; echo $FRUIT").await?;
    let seen = seen.printed().to_owned();
    t.must("SB-PAUSE-01", "the disk is kept", seen.starts_with("disk\n"));
    t.must("SB-PAUSE-01", "memory is kept", seen.contains("memory\n"));
    t.same("SB-PAUSE-09", "files, memory and environment", &*seen, "disk\nmemory\npear\n");
    let id = t.get(sandbox.path("")).await?.text("id").to_owned();
    t.same("SB-PAUSE-09", "the id", &*id, &*sandbox.id);
    Ok(())
}

/// The snapshots of other users and of requests without a name.
async fn strangers(t: &Trial) -> Outcome<BTreeSet<String>> {
    let list = t.get("/v1/snapshots?page-size=100").await?;
    let items = list.json["items"].as_array().cloned().unwrap_or_default();
    let ours = |name: &str| name.starts_with(t.session.prefix());
    let foreign = items.iter().filter(|item| !item["name"].as_str().is_some_and(ours));
    Ok(foreign.filter_map(|item| item["id"].as_str().map(str::to_owned)).collect())
}

async fn a_pause_makes_no_named_snapshot(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let mut clean = false;
    // Others may take snapshots in the same moment, but not each time.
    for _ in 0..5 {
        let before = strangers(t).await?;
        t.change(&sandbox.id, "pause").await?;
        let after = strangers(t).await?;
        clean |= after.difference(&before).next().is_none();
        if clean {
            break;
        }
        t.sh(&sandbox.id, "true").await?;
    }
    t.must("SB-PAUSE-03", "no snapshot appears when a sandbox is paused", clean);
    Ok(())
}

async fn there_is_no_resume_path(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    for what in ["resume", "unpause"] {
        let answer = t.send(Request::new("POST", sandbox.path(what)).undescribed()).await?;
        t.decided_status("SB-PAUSE-04", &answer, 404);
    }
    Ok(())
}

async fn a_use_resumes_a_paused_sandbox(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.write(&sandbox.id, "/tmp/f", b"x").await?;
    let write = sandbox.path("filesystem/write-file?path=%2Ftmp%2Fg");
    let uses = [
        Request::post(sandbox.path("process/execute"), &json!({"command": "true"})),
        Request::post(sandbox.path("filesystem/exists"), &json!({"path": "/none"})),
        Request::post(sandbox.path("filesystem/read-file"), &json!({"path": "/tmp/f"})),
        Request::post(sandbox.path("filesystem/ls"), &json!({"path": "/tmp"})),
        Request::new("POST", write).bytes("x"),
        Request::get(sandbox.path("system/workdir")),
        Request::get(sandbox.path("system/user-home-dir")),
    ];
    for request in uses {
        t.change(&sandbox.id, "pause").await?;
        let filesystem = request.path.contains("/filesystem/");
        let answer = t.send(request).await?;
        t.must("STATE-USE-PAUSED", "the use is served", answer.ok());
        let running = t.state(&sandbox.id).await? == "running";
        t.must("STATE-USE-PAUSED", "it runs after the use", running);
        if filesystem {
            t.must("SB-PAUSE-05", "a filesystem call resumes", answer.ok() && running);
        } else {
            t.decided("SB-PAUSE-05", "processes and system calls resume", answer.ok() && running);
        }
        if !running {
            break;
        }
    }
    Ok(())
}

async fn what_is_no_use_resumes_nothing(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    for request in [
        Request::get("/v1/sandboxes"),
        Request::get("/v1/snapshots"),
        Request::new("POST", sandbox.path("pause")),
        Request::post(sandbox.path("snapshot/create"), &json!({ "name": t.name() })),
    ] {
        t.send(request).await?;
        let paused = t.state(&sandbox.id).await? == "paused";
        t.decided("SB-PAUSE-05", "it is still paused", paused);
    }
    t.status(
        "SB-PAUSE-05",
        &t.post(sandbox.path("filesystem/exists"), json!({"path": "/"})).await?,
        200,
    );
    Ok(())
}

async fn a_refused_use_resumes_nothing(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    let path = sandbox.path("process/execute");
    for request in [
        Request::post(&*path, &json!({"command": "true"})).auth(Auth::Bare),
        Request::post(&*path, &json!({})),
    ] {
        t.send(request).await?;
        let paused = t.state(&sandbox.id).await? == "paused";
        t.decided("SB-PAUSE-06", "it is still paused", paused);
    }
    Ok(())
}

async fn uses_at_once_are_all_served(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.sh(&sandbox.id, "echo kept > /dev/shm/m").await?;
    t.change(&sandbox.id, "pause").await?;
    let use_it = || t.exec(&sandbox.id, "cat /dev/shm/m");
    let (first, second, third) = tokio::join!(use_it(), use_it(), use_it());
    for answer in [first?, second?, third?] {
        t.decided("SB-PAUSE-07", "each use is served", answer.printed() == "kept\n");
    }
    Ok(())
}

async fn a_second_resume_keeps_what_came_after_the_first(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let mut wanted = String::new();
    for round in ["one", "two", "three"] {
        let command = format!("echo {round} >> /tmp/d; echo {round} >> /dev/shm/m");
        t.sh(&sandbox.id, &command).await?;
        t.change(&sandbox.id, "pause").await?;
        wanted.push_str(round);
        wanted.push('\n');
        let seen = t.exec(&sandbox.id, "cat /tmp/d /dev/shm/m").await?;
        let both = format!("{wanted}{wanted}");
        t.same("SB-PAUSE-09", "what every round wrote", seen.printed(), &*both);
    }
    Ok(())
}

async fn a_stop_keeps_the_disk_and_loses_memory(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let file = format!("{}/leap0-stop", t.workdir(&sandbox.id).await?);
    t.write(&sandbox.id, &file, b"disk").await?;
    t.sh(&sandbox.id, "echo memory > /dev/shm/m; cat /dev/shm/m").await?;
    let answer = t.bare(sandbox.path("stop")).await?;
    t.status("SB-STOP-01", &answer, 200);
    t.decided("SB-STOP-01", "the answer is stopped", answer.text("state") == "stopped");
    let stopped = t.until(30, async || Ok(t.state(&sandbox.id).await? == "stopped")).await?;
    t.must("SB-STOP-01", "it comes to be stopped", stopped);
    t.status("SB-STOP-01", &t.bare(sandbox.path("stop")).await?, 409);
    let started = t.bare(sandbox.path("start")).await?;
    t.status("SB-START-02", &started, 200);
    let seen = t.read(&sandbox.id, &file).await?;
    t.same("SB-STOP-01", "the disk", &seen.as_deref(), &Some("disk"));
    t.same("SB-START-02", "the disk", &seen.as_deref(), &Some("disk"));
    let seen = t.read(&sandbox.id, "/dev/shm/m").await?;
    t.same("SB-STOP-01", "what was in memory", &seen, &None::<String>);
    Ok(())
}

async fn a_use_does_not_start_a_stopped_sandbox(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "stop").await?;
    for request in [
        Request::post(sandbox.path("process/execute"), &json!({"command": "true"})),
        Request::post(sandbox.path("filesystem/exists"), &json!({"path": "/"})),
        Request::get(sandbox.path("system/workdir")),
    ] {
        let answer = t.send(request).await?;
        t.must("SB-STOP-03", "the use is not served", !answer.ok());
        t.decided_status("SB-STOP-03", &answer, 409);
        t.same("SB-STOP-03", "the state", &*t.state(&sandbox.id).await?, "stopped");
    }
    Ok(())
}

async fn only_a_stopped_sandbox_is_started(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.status("SB-START-01", &t.bare(sandbox.path("start")).await?, 409);
    t.change(&sandbox.id, "pause").await?;
    t.status("SB-START-01", &t.bare(sandbox.path("start")).await?, 409);
    t.same("SB-START-01", "the state", &*t.state(&sandbox.id).await?, "paused");
    t.remove(&sandbox.id).await?;
    let second = t.sandbox().await?;
    t.change(&second.id, "stop").await?;
    let answer = t.bare(second.path("start")).await?;
    t.status("SB-START-01", &answer, 200);
    t.status("SB-START-02", &answer, 200);
    t.same("SB-START-02", "the state in the answer", answer.text("state"), "running");
    for field in ["id", "template_id", "vcpu", "created_at"] {
        let (seen, wanted) = (&answer.json[field], &second.made[field]);
        t.same("SB-START-02", field, seen, wanted);
    }
    t.same("SB-START-02", "the state afterwards", &*t.state(&second.id).await?, "running");
    Ok(())
}

async fn what_outlives_a_stop(t: &Trial) -> Outcome {
    let fields = json!({
        "vcpu": 2, "auto_pause": true, "env_vars": {"FRUIT": "pear"},
        "network_policy": {"mode": "deny-all"},
    });
    let sandbox = t.sandbox_with(fields).await?;
    let launched = listed(t, &sandbox.id).await?["launch_time"].clone();
    let seen = moment::now_ms();
    t.until(1, async || Ok(moment::now_ms() > seen + 1)).await?;
    t.change(&sandbox.id, "stop").await?;
    let started = t.change(&sandbox.id, "start").await?;
    let again = listed(t, &sandbox.id).await?["launch_time"].clone();
    let new = again.is_string() && again != launched;
    t.decided("SB-START-04", "its launch time is that of the start", new);
    for field in ["vcpu", "auto_pause", "network_policy", "created_at", "timeout"] {
        let same = started.json.get(field) == sandbox.made.get(field);
        t.decided("SB-START-04", format!("{field} is what it was"), same);
    }
    let seen = t.exec(&sandbox.id, "echo $FRUIT").await?;
    t.decided("SB-START-04", "its variables are there", seen.printed() == "pear\n");
    Ok(())
}

async fn a_paused_sandbox_is_deleted_directly(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    let answer = t.delete(sandbox.path("")).await?;
    t.status("SB-DEL-01", &answer, 204);
    t.decided("SB-04", "a paused sandbox is deleted directly", answer.status == 204);
    t.status("SB-DEL-03", &t.delete(sandbox.path("")).await?, 404);
    let running = t.sandbox().await?;
    t.remove(&running.id).await?;
    t.status("SB-DEL-03", &t.delete(running.path("")).await?, 404);
    Ok(())
}

async fn a_stopped_sandbox_is_deleted_directly(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "stop").await?;
    t.status("SB-DEL-01", &t.delete(sandbox.path("")).await?, 204);
    t.must("SB-DEL-01", "it is gone", t.state(&sandbox.id).await? == "gone");
    Ok(())
}

async fn snapshots_outlive_their_source(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    t.write(&sandbox.id, "/tmp/f", name.as_bytes()).await?;
    t.a_snapshot(&sandbox.id, &name).await?;
    t.remove(&sandbox.id).await?;
    let list = t.get(format!("/v1/snapshots?query={name}")).await?;
    t.same("SB-DEL-04", "its name in the list", &list.json["items"][0]["name"], &json!(name));
    let answer = t.restore_with(&name, json!({})).await?;
    t.status("SB-DEL-04", &answer, 201);
    t.status("SNAP-REST-08", &answer, 201);
    let copy = t.running(&answer).await?;
    let seen = t.read(&copy.id, "/tmp/f").await?;
    t.same("SNAP-REST-08", "the file of the copy", &seen, &Some(name));
    Ok(())
}

async fn a_deleted_sandbox_is_in_no_list(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    // It is in the list for as long as it is there.
    listed(t, &sandbox.id).await?;
    t.remove(&sandbox.id).await?;
    let list = t.get("/v1/sandboxes?page-size=100").await?;
    let items = list.json["items"].as_array().cloned().unwrap_or_default();
    let there = items.iter().any(|item| item["id"] == json!(sandbox.id));
    t.must("SB-LIST-02", "a deleted sandbox is not listed", !there);
    let seen = t.get(sandbox.path("")).await?;
    t.must("SB-GET-02", "it is not running", seen.text("state") != "running");
    Ok(())
}
