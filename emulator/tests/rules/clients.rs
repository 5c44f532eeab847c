//! The JavaScript and Go clients, which can't be installed from a registry: what they send, written
//! down by hand from their sources, and what they need of the answers.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(javascript_of_the_oldest_era),
        trial!(javascript_that_speaks_seconds),
        trial!(go_as_first_published),
        trial!(go_as_corrected),
    ]
}

/// Every JavaScript client sends some JSON bodies as text.
const AS_TEXT: &str = "text/plain;charset=UTF-8";

fn javascript(server: &Server, version: &str) -> Client {
    server
        .client()
        .header("leap0-source", "sdk-ts")
        .header("leap0-sdk-version", version)
        .header("user-agent", &format!("leap0-js/{version}"))
}

fn go(server: &Server) -> Client {
    server
        .client()
        .header("leap0-source", "sdk-go")
        .header("leap0-sdk-version", "0.1.0")
        .header("user-agent", "leap0-go/0.1.0")
}

/// The states that the JavaScript client's closed enumeration knows.
const STATES: [&str; 7] =
    ["starting", "running", "snapshotting", "paused", "unpausing", "deleting", "deleted"];

/// What the client's schema asks of a sandbox: the fields there, with their types.
fn check_sandbox(answer: &Answer, integers: &[&str]) -> Value {
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let json = answer.json();
    for field in ["id", "template_id", "created_at"] {
        assert!(json[field].is_string(), "{field}: {json}");
    }
    for field in integers {
        assert!(json[field].is_u64(), "{field}: {json}");
    }
    let state = json["state"].as_str().expect("a state");
    assert!(STATES.contains(&state), "{state}");
    assert!(json["network_policy"].is_object(), "null is refused: {json}");
    json
}

async fn as_text(client: &Client, path: &str, body: Value) -> Answer {
    client.header("content-type", AS_TEXT).send("POST", path, body.to_string()).await
}

async fn javascript_of_the_oldest_era() {
    let server = Server::start().await;
    let client = javascript(&server, "0.1.0");
    let sizes = ["vcpu", "memory_mib", "disk_mib"];
    let create = json!({
        "template_name": "system/debian:bookworm", "vcpu": 1, "memory_mib": 1024,
        "timeout_min": 5, "auto_pause": false,
    });
    let created = client.post("/v1/sandbox", create).await;
    let id = check_sandbox(&created, &sizes)["id"].as_str().expect("an id").to_owned();
    let sandbox = format!("/v1/sandbox/{id}");
    let made = as_text(
        &client,
        &format!("{sandbox}/filesystem/mkdir"),
        json!({"path": "/workspace/d", "recursive": true}),
    )
    .await;
    proves!("WIRE-01" => assert_eq!(made.status, 204));
    let ran = client.exec(&id, "echo warm > d/f; cat d/f").await.json();
    proves!("PROC-09" => assert_eq!(ran["result"], "warm\n"));
    let cold =
        client.post(&format!("{sandbox}/snapshot/pause"), json!({"name": "cold"})).await.json();
    for field in ["id", "name", "template_id", "created_at"] {
        assert!(cold[field].is_string(), "{field}: {cold}");
    }
    let resume = json!({"snapshot_name": "cold", "auto_pause": true, "timeout_min": 30});
    let copy = check_sandbox(&client.post("/v1/snapshot/resume", resume).await, &sizes);
    let copy = copy["id"].as_str().expect("an id");
    let sandbox = format!("/v1/sandbox/{copy}");
    let path = json!({"path": "/workspace/d/f"});
    let read = as_text(&client, &format!("{sandbox}/filesystem/read-file"), path.clone()).await;
    proves!("WIRE-01" => assert_eq!((read.status, &read.body[..]), (200, &b"warm\n"[..])));
    for (operation, body) in [
        ("copy", json!({"src_path": "/workspace/d/f", "dst_path": "/workspace/g"})),
        ("move", json!({"src_path": "/workspace/g", "dst_path": "/workspace/h"})),
        ("set-permissions", json!({"path": "/workspace/h", "mode": "600"})),
        ("delete", path),
    ] {
        let path = format!("{sandbox}/filesystem/{operation}");
        let done = as_text(&client, &path, body).await;
        proves!("WIRE-01" => assert_eq!(done.status, 204, "{operation}"));
    }
    assert_eq!(client.delete(&format!("{sandbox}/")).await.status, 204);
}

async fn javascript_that_speaks_seconds() {
    let server = Server::start().await;
    let client = javascript(&server, "0.5.1");
    let sizes = ["vcpu", "memory", "disk", "timeout"];
    let create = json!({
        "template_name": "system/debian:bookworm", "vcpu": 1, "memory": 1024, "timeout": 300,
        "auto_pause": false,
    });
    let created = check_sandbox(&client.post("/v1/sandbox", create).await, &sizes);
    let sandbox = format!("/v1/sandbox/{}", created["id"].as_str().expect("an id"));
    check_sandbox(&client.get(&format!("{sandbox}/")).await, &sizes);
    client.post(&format!("{sandbox}/snapshot/create"), json!({"name": "warm"})).await;
    // The runtime's form encoder: a file name of its own, and no content type of the field's.
    let form = "--b\r\nContent-Disposition: form-data; name=\"/workspace/a b\"; filename=\"blob\"\r\n\
        Content-Type: application/octet-stream\r\n\r\nbytes\r\n--b--\r\n";
    let written = client
        .header("content-type", "multipart/form-data; boundary=b")
        .send("POST", &format!("{sandbox}/filesystem/write-files"), form)
        .await;
    proves!("FS-22" => assert_eq!(written.status, 204, "{written:?}"));
    let paths = json!({"paths": ["/workspace/a b"]});
    let read = as_text(&client, &format!("{sandbox}/filesystem/read-files"), paths).await;
    let text = String::from_utf8_lossy(&read.body).into_owned();
    proves!("FS-22" => assert!(text.contains("filename=\"") && text.contains("bytes"), "{text}"));
    check_sandbox(&client.post_empty(&format!("{sandbox}/pause")).await, &sizes);
    let resume = json!({"snapshot_name": "warm", "timeout": 1800});
    let copy = client.post("/v1/snapshot/resume", resume).await;
    assert_eq!(check_sandbox(&copy, &sizes)["timeout"], 1800);
    let path = "/v1/sandboxes?sort=created_at&order-by=desc&page=1&page-size=20";
    assert_eq!(client.get(path).await.json()["total_items"], 2);
}

async fn go_as_first_published() {
    let server = Server::start().await;
    let client = go(&server);
    let id = client.a_running_sandbox().await;
    // No body at all, and an id where the others send a name.
    let snapshot = client.post_empty(&format!("/v1/sandbox/{id}/snapshot/create")).await;
    proves!("WIRE-02" => assert_eq!(snapshot.status, 201));
    let restore = json!({"snapshot_id": snapshot.text("id"), "vcpu": 8, "memory": 8192});
    let copy = client.post("/v1/snapshot/restore", restore).await;
    proves!("REQ-08", "SNAP-REST-03" => {
        assert_eq!(copy.status, 201);
        assert_eq!(copy.json()["vcpu"], 1);
    });
    let list = client.get("/v1/sandboxes?order_by=asc&page_size=1").await.json();
    proves!("REQ-06" => assert_eq!(
        (list["items"].as_array().map(Vec::len), &list["items"][0]["id"]),
        (Some(1), &json!(id)),
    ));
}

async fn go_as_corrected() {
    let server = Server::start().await;
    let client = go(&server);
    let create = json!({
        "template_name": "system/debian:bookworm", "otel_export": false, "telemetry": true,
    });
    let created = client.post("/v1/sandbox", create).await;
    proves!("WIRE-03" => assert_eq!(created.status, 201));
    // Its paths have no final slash.
    let sandbox = format!("/v1/sandbox/{}", created.text("id"));
    assert_eq!(client.get(&sandbox).await.status, 200);
    let stopped = client.post_empty(&format!("{sandbox}/stop")).await;
    assert_eq!((stopped.status, stopped.text("state").as_str()), (200, "stopped"));
    let started = client.post_empty(&format!("{sandbox}/start")).await;
    assert_eq!((started.status, started.text("state").as_str()), (200, "running"));
    let created_at = started.text("created_at");
    let moment = leap0_emulator_core::clock::Timestamp::parse(&created_at);
    proves!("RESP-06" => assert!(moment.is_some(), "{created_at} is RFC 3339"));
    assert_eq!(client.delete(&sandbox).await.status, 204);
}
