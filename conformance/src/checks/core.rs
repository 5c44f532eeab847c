//! The ground that everything else stands on.

use serde_json::json;

use crate::check::{Check, Outcome, Stop, Trial, check};
use crate::http::{Auth, Request};

pub(super) const CHECKS: &[Check] = &[
    check!(a_call_needs_a_key_in_either_header, Nothing, ["AUTH-01", "AUTH-04"]).rung(),
    check!(
        a_sandbox_is_made_read_and_deleted,
        Nothing,
        [
            "SB-CREATE-01",
            "SB-CREATE-08",
            "STATE-GET-RUNNING",
            "SB-DEL-01",
            "STATE-DELETE-RUNNING",
            "SB-GET-02",
            "STATE-GET-ABSENT",
        ]
    )
    .live(1)
    .rung(),
    check!(
        a_file_is_written_and_read,
        Sandbox,
        ["FS-OP-WRITE-FILE", "FS-OP-READ-FILE", "STATE-USE-RUNNING"]
    )
    .rung(),
    check!(a_command_is_run, Sandbox, ["PROC-OP-EXECUTE"]).rung(),
    check!(
        a_snapshot_is_taken_and_restored,
        Files,
        ["SNAP-CREATE-01", "SNAP-REST-01", "SNAP-REST-02", "STATE-SNAPSHOT-RUNNING"]
    )
    .live(2)
    .rung(),
];

async fn a_call_needs_a_key_in_either_header(t: &Trial) -> Outcome {
    let key = t.session.client().key().to_owned();
    for header in ["authorization", "leap0-authorization"] {
        let request = Request::get("/v1/sandboxes").auth(Auth::Bare);
        let answer = t.send(request.header(header, format!("Bearer {key}"))).await?;
        t.status("AUTH-01", &answer, 200);
    }
    for (method, path) in
        [("GET", "/v1/sandboxes"), ("GET", "/v1/snapshots"), ("POST", "/v1/sandbox")]
    {
        let request = Request::new(method, path).auth(Auth::Bare);
        let body = json!({"template_name": t.session.template()});
        let request = if method == "POST" { request.json(&body) } else { request };
        let answer = t.send(request).await?;
        t.status("AUTH-01", &answer, 401);
        t.status("AUTH-04", &answer, 401);
        t.must("AUTH-04", "a 401 has a message", !answer.message().is_empty());
    }
    Ok(())
}

async fn a_sandbox_is_made_read_and_deleted(t: &Trial) -> Outcome {
    let answer = t.create(json!({})).await?;
    t.status("SB-CREATE-01", &answer, 201);
    let id = answer.text("id").to_owned();
    t.must("SB-CREATE-01", "the answer has an id", !id.is_empty());
    if id.is_empty() {
        return Err(Stop::Unprepared("no sandbox was made".to_owned()));
    }
    t.decided("SB-CREATE-08", "the answer is running", answer.text("state") == "running");
    let runs = t.running(&answer).await;
    t.must("SB-CREATE-08", "a new sandbox comes to be running", runs.is_ok());
    runs?;
    let path = format!("/v1/sandbox/{id}");
    let seen = t.get(&*path).await?;
    t.status("STATE-GET-RUNNING", &seen, 200);
    t.same("STATE-GET-RUNNING", "the state", seen.text("state"), "running");
    t.same("STATE-GET-RUNNING", "the id", seen.text("id"), &*id);
    let gone = t.delete(&*path).await?;
    t.status("SB-DEL-01", &gone, 204);
    t.status("STATE-DELETE-RUNNING", &gone, 204);
    let after = t.get(&*path).await?;
    t.must("SB-GET-02", "it is not running after its deletion", after.text("state") != "running");
    t.decided_status("SB-GET-02", &after, 404);
    t.must(
        "SB-DEL-01",
        "a deleted sandbox is gone, or says that it goes",
        after.status == 404 || matches!(after.text("state"), "deleting" | "deleted"),
    );
    let never = t.get(format!("/v1/sandbox/sbx-none-{}", t.name())).await?;
    t.status("STATE-GET-ABSENT", &never, 404);
    Ok(())
}

async fn a_file_is_written_and_read(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let every_byte: Vec<u8> = (0..=255).collect();
    let write = sandbox.path("filesystem/write-file?path=%2Ftmp%2Fleap0%20conformance");
    let request = Request::new("POST", write)
        .header("content-type", "application/octet-stream")
        .bytes(every_byte.clone());
    let answer = t.send(request).await?;
    t.status("FS-OP-WRITE-FILE", &answer, 204);
    t.must("STATE-USE-RUNNING", "a use of a running sandbox is served", answer.ok());
    let read = sandbox.path("filesystem/read-file");
    let answer = t.post(&*read, json!({"path": "/tmp/leap0 conformance"})).await?;
    t.status("FS-OP-READ-FILE", &answer, 200);
    t.must("FS-OP-WRITE-FILE", "the bytes that were written are there", answer.body == every_byte);
    t.must("FS-OP-READ-FILE", "the bytes that were written are read", answer.body == every_byte);
    t.same("FS-OP-READ-FILE", "the type", answer.media_type(), "application/octet-stream");
    let bare = sandbox.path("filesystem/write-file");
    let none = t.send(Request::new("POST", bare).bytes("x")).await?;
    t.status("FS-OP-WRITE-FILE", &none, 400);
    let none = t.post(&*read, json!({})).await?;
    t.status("FS-OP-READ-FILE", &none, 400);
    Ok(())
}

async fn a_command_is_run(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let answer = t.exec(&sandbox.id, "echo out").await?;
    t.status("PROC-OP-EXECUTE", &answer, 200);
    t.same("PROC-OP-EXECUTE", "exit_code", &answer.json["exit_code"], &json!(0));
    t.same("PROC-OP-EXECUTE", "what it prints", answer.printed(), "out\n");
    for body in [json!({}), json!({"command": ""})] {
        let answer = t.post(sandbox.path("process/execute"), body).await?;
        t.status("PROC-OP-EXECUTE", &answer, 400);
    }
    Ok(())
}

async fn a_snapshot_is_taken_and_restored(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let (name, file) = (t.name(), "/tmp/leap0-conformance");
    t.write(&sandbox.id, file, name.as_bytes()).await?;
    let taken = t.snapshot(&sandbox.id, json!({ "name": name })).await?;
    t.status("SNAP-CREATE-01", &taken, 201);
    t.status("STATE-SNAPSHOT-RUNNING", &taken, 201);
    t.same("SNAP-CREATE-01", "the name", taken.text("name"), &*name);
    t.write(&sandbox.id, file, b"written later").await?;
    let paths = t.restore_paths();
    if paths.is_empty() {
        return Err(Stop::Unsupported("the target restores no snapshots"));
    }
    for path in paths {
        let answer = t.restore_on(path, &name, json!({})).await?;
        t.status("SNAP-REST-01", &answer, 201);
        t.status("SNAP-REST-02", &answer, 201);
        t.must("SNAP-REST-01", "the id is a new one", answer.text("id") != sandbox.id);
        t.decided("SNAP-REST-01", "the answer is running", answer.text("state") == "running");
        let copy = t.running(&answer).await?;
        let seen = t.read(&copy.id, file).await?;
        t.same("SNAP-REST-01", "the file of the copy", &seen, &Some(name.clone()));
        t.same("SNAP-CREATE-01", "what the snapshot holds", &seen, &Some(name.clone()));
        t.remove(&copy.id).await?;
        let none = t.restore_on(path, &t.name(), json!({})).await?;
        t.status("SNAP-REST-02", &none, 404);
    }
    Ok(())
}
