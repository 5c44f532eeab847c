//! WIRE: HTTP and JSON, whatever the operation.

use serde_json::json;

use crate::check::{Check, Outcome, Trial, check};
use crate::http::{Auth, Request};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(a_body_is_json_whatever_its_type, Sandbox, ["WIRE-01"]),
    check!(a_missing_body_is_an_empty_object, Sandbox, ["WIRE-02"]),
    check!(stop_and_start_need_no_body, Sandbox, ["WIRE-02"]).when(&[C::StopStart]),
    check!(a_snapshot_pause_needs_no_body, Sandbox, ["WIRE-02"]).when(&[C::SnapshotPause]),
    check!(unknown_fields_are_ignored, Sandbox, ["WIRE-03"]),
    check!(null_counts_as_left_out, Sandbox, ["WIRE-04"]),
    check!(unknown_paths_and_methods, Nothing, ["WIRE-05"]),
    check!(a_slash_at_the_end_changes_nothing, Sandbox, ["WIRE-06"]),
    check!(a_body_that_is_no_object, Nothing, ["WIRE-07"]),
    check!(answers_have_their_media_type, Sandbox, ["WIRE-08", "WIRE-09"]),
    check!(the_order_of_faults, Sandbox, ["WIRE-10", "SNAP-CREATE-12"]),
    check!(a_part_that_cannot_be_done, Nothing, ["WIRE-11"]).live(1),
];

async fn a_body_is_json_whatever_its_type(t: &Trial) -> Outcome {
    let wish = json!({"template_name": t.session.template(), "timeout": 240, "timeout_min": 4});
    for kind in ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", ""] {
        let mut request = Request::new("POST", "/v1/sandbox").bytes(wish.to_string());
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let answer = t.send(request).await?;
        t.status("WIRE-01", &answer, 201);
        let sandbox = t.running(&answer).await?;
        let mkdir = json!({"path": "/tmp/leap0-wire-1"});
        let mut request =
            Request::new("POST", sandbox.path("filesystem/mkdir")).bytes(mkdir.to_string());
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        t.status("WIRE-01", &t.send(request).await?, 204);
        t.remove(&sandbox.id).await?;
    }
    Ok(())
}

async fn a_missing_body_is_an_empty_object(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let bare = t.bare(sandbox.path("snapshot/create")).await?;
    t.status("WIRE-02", &bare, 201);
    let typed = Request::new("POST", sandbox.path("snapshot/create"));
    let typed = t.send(typed.header("content-type", "application/json")).await?;
    t.status("WIRE-02", &typed, 201);
    let paused = t.bare(sandbox.path("pause")).await?;
    t.status("WIRE-02", &paused, 201);
    Ok(())
}

async fn stop_and_start_need_no_body(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.status("WIRE-02", &t.bare(sandbox.path("stop")).await?, 200);
    t.settled(&sandbox.id).await?;
    t.status("WIRE-02", &t.bare(sandbox.path("start")).await?, 200);
    // As clients send it that set the type of every request.
    for (what, state) in [("stop", "stopped"), ("start", "running")] {
        let typed = Request::new("POST", sandbox.path(what));
        let answer = t.send(typed.header("content-type", "application/json")).await?;
        t.status("WIRE-02", &answer, 200);
        t.until(30, async || Ok(t.state(&sandbox.id).await? == state)).await?;
    }
    Ok(())
}

async fn a_snapshot_pause_needs_no_body(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    t.status("WIRE-02", &t.bare(sandbox.path("snapshot/pause")).await?, 201);
    Ok(())
}

async fn unknown_fields_are_ignored(t: &Trial) -> Outcome {
    let extra = json!({"otel_export": true, "telemetry": {"a": [1]}, "x-unknown": null});
    let created = t.create(extra.clone()).await?;
    t.status("WIRE-03", &created, 201);
    let sandbox = t.running(&created).await?;
    let mut fields = extra.clone();
    fields["name"] = json!(t.name());
    let taken = t.snapshot(&sandbox.id, fields).await?;
    t.status("WIRE-03", &taken, 201);
    t.remove(&sandbox.id).await?;
    let answer = t.restore_with(taken.text("name"), extra).await?;
    t.status("WIRE-03", &answer, 201);
    let copy = t.running(&answer).await?;
    let body = json!({"command": "echo heard", "shell": "bash", "stream": false});
    let answer = t.post(copy.path("process/execute"), body).await?;
    t.status("WIRE-03", &answer, 200);
    let body = json!({"path": "/", "follow": true});
    t.status("WIRE-03", &t.post(copy.path("filesystem/exists"), body).await?, 200);
    Ok(())
}

async fn null_counts_as_left_out(t: &Trial) -> Outcome {
    let answer = t.create(json!({"network_policy": null})).await?;
    t.status("WIRE-04", &answer, 201);
    let sandbox = t.running(&answer).await?;
    let body = json!({"command": "true", "cwd": null});
    t.status("WIRE-04", &t.post(sandbox.path("process/execute"), body).await?, 200);
    let body = json!({"path": "/tmp/leap0-null", "permissions": null});
    t.status("WIRE-04", &t.post(sandbox.path("filesystem/mkdir"), body).await?, 204);
    let body = json!({"command": "true", "envs": null, "timeout": null});
    t.decided_status("WIRE-04", &t.post(sandbox.path("process/execute"), body).await?, 200);
    let named = t.snapshot(&sandbox.id, json!({"name": null})).await?;
    t.decided_status("WIRE-04", &named, 201);
    Ok(())
}

async fn unknown_paths_and_methods(t: &Trial) -> Outcome {
    for (method, path, status) in [
        ("GET", "/v1/leap0-conformance", 404),
        ("GET", "/leap0-conformance", 404),
        ("PUT", "/v1/sandboxes", 405),
        ("DELETE", "/v1/sandboxes", 405),
    ] {
        let answer = t.send(Request::new(method, path).undescribed()).await?;
        t.decided_status("WIRE-05", &answer, status);
        t.decided("WIRE-05", "it has a message", !answer.message().is_empty());
    }
    Ok(())
}

async fn a_slash_at_the_end_changes_nothing(t: &Trial) -> Outcome {
    let wish = json!({"template_name": t.session.template(), "timeout": 240, "timeout_min": 4});
    for path in ["/v1/sandboxes", "/v1/sandboxes/", "/v1/snapshots", "/v1/snapshots/"] {
        t.status("WIRE-06", &t.get(path).await?, 200);
    }
    for slash in ["", "/"] {
        let created = t.post(format!("/v1/sandbox{slash}"), wish.clone()).await?;
        t.status("WIRE-06", &created, 201);
        let sandbox = t.running(&created).await?;
        let path = |what: &str| format!("{}{slash}", sandbox.path(what));
        t.status("WIRE-06", &t.get(path("")).await?, 200);
        let run = t.post(path("process/execute"), json!({"command": "true"})).await?;
        t.status("WIRE-06", &run, 200);
        let exists = t.post(path("filesystem/exists"), json!({"path": "/"})).await?;
        t.status("WIRE-06", &exists, 200);
        let taken = t.post(path("snapshot/create"), json!({ "name": t.name() })).await?;
        t.status("WIRE-06", &taken, 201);
        t.status("WIRE-06", &t.bare(path("pause")).await?, 201);
        let gone = t.delete(format!("/v1/snapshot/{}{slash}", taken.text("id"))).await?;
        t.status("WIRE-06", &gone, 204);
        t.status("WIRE-06", &t.delete(path("")).await?, 204);
    }
    Ok(())
}

async fn a_body_that_is_no_object(t: &Trial) -> Outcome {
    for body in ["{", "[]", "\"text\"", "7", "{\"template_name\": }"] {
        let request = Request::new("POST", "/v1/sandbox")
            .header("content-type", "application/json")
            .bytes(body);
        let answer = t.send(request).await?;
        t.decided_status("WIRE-07", &answer, 400);
        t.decided("WIRE-07", "the 400 is on body", answer.fields() == ["body"]);
    }
    Ok(())
}

async fn answers_have_their_media_type(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let seen = t.get(sandbox.path("")).await?;
    t.same("WIRE-08", "the type", seen.media_type(), "application/json");
    let missing = t.get("/v1/sandbox/sbx-none").await?;
    t.same("WIRE-08", "the type of a 404", missing.media_type(), "application/json");
    t.must("WIRE-09", "a 404 has a message", !missing.message().is_empty());
    let bad = t.post("/v1/sandbox", json!({"vcpu": 99})).await?;
    t.status("WIRE-09", &bad, 400);
    t.must("WIRE-09", "a 400 tells the fields", !bad.fields().is_empty());
    for list in ["/v1/sandboxes?page=0", "/v1/snapshots?page=0"] {
        let answer = t.get(list).await?;
        t.must("WIRE-09", "a list's 400 has no errors", answer.json.get("errors").is_none());
        t.must("WIRE-09", "a list's 400 has a message", !answer.message().is_empty());
        t.decided("WIRE-09", "the message names the field", answer.message().contains("page"));
    }
    let gone = t.delete(sandbox.path("")).await?;
    t.must("WIRE-08", "a 204 has no body", gone.body.is_empty());
    t.must("WIRE-08", "a 204 has no content type", gone.header("content-type").is_empty());
    Ok(())
}

async fn the_order_of_faults(t: &Trial) -> Outcome {
    let none = "/v1/sandbox/sbx-none";
    let keyless = Request::get(none).auth(Auth::Bare);
    t.decided_status("WIRE-10", &t.send(keyless).await?, 401);
    let bad = json!({"name": 7});
    let answer = t.post(format!("{none}/snapshot/create"), bad.clone()).await?;
    t.decided_status("WIRE-10", &answer, 404);
    t.decided_status("SNAP-CREATE-12", &answer, 404);
    let sandbox = t.sandbox().await?;
    t.change(&sandbox.id, "pause").await?;
    let answer = t.snapshot(&sandbox.id, bad).await?;
    t.decided_status("WIRE-10", &answer, 400);
    t.decided_status("SNAP-CREATE-12", &answer, 400);
    Ok(())
}

async fn a_part_that_cannot_be_done(t: &Trial) -> Outcome {
    let mount = json!({
        "type": "object-storage", "bucket": "b", "mount_path": "/mnt/b",
        "endpoint": "https://storage.example.com",
    });
    let answer = t.create(json!({ "mounts": [mount] })).await?;
    let mounted = answer.ok() && answer.json["mounts"].as_array().is_some_and(|m| m.len() == 1);
    let whole = mounted || !answer.ok();
    t.decided("WIRE-11", "it is refused, or done with all its parts", whole);
    Ok(())
}
