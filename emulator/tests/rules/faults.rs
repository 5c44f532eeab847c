//! `/_emulator/faults` and `/_emulator/reset`: failures on demand, and a fresh start.

use bytes::Bytes;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(the_first_calls_are_answered_with_an_error_and_later_ones_go_well),
        trial!(every_nth_call_goes_wrong),
        trial!(a_dropped_connection_tells_before_from_after),
        trial!(a_cut_body_ends_early),
        trial!(a_snapshot_that_fails_in_the_middle_leaves_nothing_behind),
        trial!(a_launch_that_fails_before_it_is_ready_leaves_nothing_behind),
        trial!(a_resume_that_fails_before_it_is_ready_leaves_it_paused),
        trial!(a_malformed_fault_is_refused_whole),
        trial!(faults_are_the_organisations_own),
        trial!(a_reset_forgets_everything_of_one_organisation),
    ]
}

async fn set(client: &Client, faults: Value) {
    let body = json!({ "faults": faults }).to_string();
    let answer = client.send("PUT", "/_emulator/faults", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn the_first_calls_are_answered_with_an_error_and_later_ones_go_well() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let answer = json!({"status": 503, "message": "try later", "retry_after": 7});
    set(&client, json!([{"operation": "snapshot/create", "first": 2, "answer": answer}])).await;
    let path = format!("/v1/sandbox/{id}/snapshot/create");
    for _ in 0..2 {
        let failed = client.post(&path, json!({"name": "s"})).await;
        assert_eq!((failed.status, failed.message().as_str()), (503, "try later"));
        assert_eq!(failed.header("retry-after"), "7");
    }
    assert_eq!(client.get("/v1/snapshots").await.json()["total_items"], 0);
    assert_eq!(client.post(&path, json!({"name": "s"})).await.status, 201);
    let shown = client.get("/_emulator/faults").await.json();
    assert_eq!(shown["faults"][0]["seen"], 3);
    assert_eq!(shown["faults"][0]["struck"], 2);
    assert_eq!(client.delete("/_emulator/faults").await.status, 204);
    assert_eq!(client.get("/_emulator/faults").await.json(), json!({"faults": []}));
}

async fn every_nth_call_goes_wrong() {
    let server = Server::start().await;
    let client = server.client();
    set(&client, json!([{"operation": "sandbox/list", "every": 3, "answer": {"status": 429}}]))
        .await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(client.get("/v1/sandboxes").await.status);
    }
    assert_eq!(statuses, [200, 200, 429, 200, 200, 429]);
}

/// Sends a request and gives everything that comes back until the connection ends.
async fn raw(server: &Server, path: &str, body: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.authority()).await.expect("the server listens");
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: key-of-the-trial\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        server.authority(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    // A reset connection is an end too.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

async fn a_dropped_connection_tells_before_from_after() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let path = format!("/v1/sandbox/{id}/snapshot/create");
    set(&client, json!([{"operation": "snapshot/create", "drop": "before"}])).await;
    assert!(raw(&server, &path, r#"{"name":"before"}"#).await.is_empty());
    set(&client, json!([{"operation": "snapshot/create", "drop": "after"}])).await;
    assert!(raw(&server, &path, r#"{"name":"after"}"#).await.is_empty());
    let list = client.get("/v1/snapshots").await.json();
    assert_eq!((&list["total_items"], &list["items"][0]["name"]), (&json!(1), &json!("after")));
    assert_eq!(client.state(&id).await, "running");
}

async fn a_cut_body_ends_early() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    set(&client, json!([{"operation": "process/execute", "cut_body": 10}])).await;
    let path = format!("/v1/sandbox/{id}/process/execute");
    let answer = raw(&server, &path, r#"{"command":"echo done > f"}"#).await;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, r#"{"exit_cod"#);
    client.delete("/_emulator/faults").await;
    assert_eq!(client.sh(&id, "cat f").await, "done\n", "the work was done");
}

async fn a_snapshot_that_fails_in_the_middle_leaves_nothing_behind() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for operation in ["snapshot/create", "snapshot/pause"] {
        for phase in ["before-copy", "before-commit"] {
            set(&client, json!([{"operation": operation, "first": 1, "fail": phase}])).await;
            let path = format!("/v1/sandbox/{id}/{operation}");
            let body = json!({"name": "s", "kill_sandbox_after": true});
            let failed = client.post(&path, body).await;
            assert_eq!(failed.status, 503, "{operation} {phase}");
            assert!(!failed.message().is_empty());
            proves!("SNAP-PAUSE-05", "SNAP-KILL-01" =>
                assert_eq!(client.state(&id).await, "running", "{operation} {phase}"));
            assert_eq!(client.get("/v1/snapshots").await.json()["total_items"], 0);
            let restore = client.post("/v1/snapshot/restore", json!({"snapshot_name": "s"})).await;
            assert_eq!(restore.status, 404);
        }
    }
    set(&client, json!([{"operation": "sandbox/pause", "fail": "before-copy"}])).await;
    assert_eq!(client.post_empty(&format!("/v1/sandbox/{id}/pause")).await.status, 503);
    assert_eq!(client.state(&id).await, "running");
    let path = format!("/v1/sandbox/{id}/snapshot/create");
    let free = client.post(&path, json!({"name": "s"})).await;
    proves!("CTL-08" => assert_eq!(free.status, 201, "the name is free"));
}

async fn a_launch_that_fails_before_it_is_ready_leaves_nothing_behind() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "echo kept > f").await;
    client.post(&format!("/v1/sandbox/{id}/snapshot/create"), json!({"name": "s"})).await;
    client.post_empty(&format!("/v1/sandbox/{id}/stop")).await;
    let fail = |operation| json!({"operation": operation, "first": 1, "fail": "before-ready"});
    set(&client, json!([fail("sandbox/create"), fail("sandbox/start"), fail("snapshot/restore")]))
        .await;
    let create = json!({"template_name": "system/debian:bookworm"});
    assert_eq!(client.post("/v1/sandbox", create).await.status, 503);
    assert_eq!(
        client.post("/v1/snapshot/restore", json!({"snapshot_name": "s"})).await.status,
        503
    );
    assert_eq!(client.post_empty(&format!("/v1/sandbox/{id}/start")).await.status, 503);
    assert_eq!(client.get("/v1/sandboxes").await.json()["total_items"], 1);
    proves!("CTL-08" => assert_eq!(client.state(&id).await, "stopped"));
    assert_eq!(client.post_empty(&format!("/v1/sandbox/{id}/start")).await.status, 200);
    assert_eq!(client.sh(&id, "cat f").await, "kept\n");
}

async fn a_resume_that_fails_before_it_is_ready_leaves_it_paused() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "echo kept > f").await;
    let path = format!("/v1/sandbox/{id}");
    for (operation, body) in [
        ("process/execute", json!({"command": "cat f"})),
        ("filesystem/exists", json!({"path": "/"})),
    ] {
        let fault = json!({"operation": operation, "first": 1, "fail": "before-ready"});
        set(&client, json!([fault])).await;
        client.post_empty(&format!("{path}/pause")).await;
        let failed = client.post(&format!("{path}/{operation}"), body).await;
        proves!("CTL-08" => {
            assert_eq!(failed.status, 503, "{operation}");
            assert_eq!(client.state(&id).await, "paused");
        });
        assert_eq!(client.sh(&id, "cat f").await, "kept\n");
    }
    let fault = json!({"operation": "process/execute", "fail": "before-ready"});
    set(&client, json!([fault])).await;
    assert_eq!(client.sh(&id, "cat f").await, "kept\n", "what runs is not resumed");
}

async fn a_malformed_fault_is_refused_whole() {
    let server = Server::start().await;
    let client = server.client();
    set(&client, json!([{"operation": "sandbox/get", "delay_ms": 0}])).await;
    let good = json!({"operation": "sandbox/list", "delay_ms": 1});
    for (bad, field) in [
        (json!({"operation": "sandbox/gte", "delay_ms": 1}), "faults[1].operation"),
        (json!({"operation": "sandbox/get"}), "faults[1].operation"),
        (
            json!({"operation": "sandbox/get", "delay_ms": 1, "drop": "after"}),
            "faults[1].operation",
        ),
        (json!({"operation": "sandbox/get", "drop": "later"}), "faults[1].drop"),
        (json!({"operation": "sandbox/get", "first": 0, "delay_ms": 1}), "faults[1].first"),
        (json!({"operation": "sandbox/get", "answer": {"status": 200}}), "faults[1].answer.status"),
        (json!({"operation": "snapshot/create", "fail": "before-lunch"}), "faults[1].fail"),
        (json!({"operation": "sandbox/get", "fail": "before-copy"}), "faults[1].fail"),
        (json!({"operation": "sandbox/get", "fail": "before-ready"}), "faults[1].fail"),
    ] {
        let body = json!({"faults": [good, bad]}).to_string();
        let answer = client.send("PUT", "/_emulator/faults", body).await;
        assert_eq!(answer.fields(), [field], "{bad}");
    }
    let shown = client.get("/_emulator/faults").await.json();
    assert_eq!(shown["faults"][0]["operation"], "sandbox/get");
    assert_eq!(shown["faults"].as_array().map(Vec::len), Some(1));
}

async fn faults_are_the_organisations_own() {
    let server = Server::start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    set(&a, json!([{"operation": "sandbox/list", "answer": {"status": 403}}])).await;
    assert_eq!(a.get("/v1/sandboxes").await.status, 403);
    assert_eq!(b.get("/v1/sandboxes").await.status, 200);
}

async fn a_reset_forgets_everything_of_one_organisation() {
    let server = Server::start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    let id = a.a_running_sandbox().await;
    a.post(&format!("/v1/sandbox/{id}/snapshot/create"), json!({"name": "s"})).await;
    a.post("/_emulator/clock", json!({"action": "freeze"})).await;
    set(&a, json!([{"operation": "sandbox/get", "delay_ms": 0}])).await;
    let kept = b.a_running_sandbox().await;

    let counted = json!({"sandboxes": 1, "snapshots": 1, "kept": false});
    assert_eq!(a.get("/_emulator/world").await.json(), counted);
    assert_eq!(a.post("/_emulator/reset", json!({})).await.status, 204);
    let counted = json!({"sandboxes": 0, "snapshots": 0, "kept": false});
    proves!("CTL-03" => assert_eq!(a.get("/_emulator/world").await.json(), counted));
    assert_eq!(a.get(&format!("/v1/sandbox/{id}")).await.status, 404);
    assert_eq!(a.get("/v1/sandboxes").await.json()["total_items"], 0);
    assert_eq!(a.get("/v1/snapshots").await.json()["total_items"], 0);
    assert_eq!(a.get("/_emulator/clock").await.text("mode"), "system");
    assert_eq!(a.get("/_emulator/faults").await.json(), json!({"faults": []}));
    proves!("CTL-03" => assert_eq!(b.state(&kept).await, "running"));
    for _ in 0..3 {
        a.a_running_sandbox().await;
    }

    assert_eq!(a.post("/_emulator/reset", json!({"all": true})).await.status, 204);
    assert_eq!(b.get(&format!("/v1/sandbox/{kept}")).await.status, 404);
    let refused = a.send("POST", "/_emulator/reset", Bytes::from("[]")).await;
    assert_eq!(refused.fields(), ["body"]);
}
