//! WIRE-10 and WIRE-11: the order of the checks, and what is not built.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::operations::{NOT_BUILT, Names};
use crate::support::{Answer, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(the_key_is_checked_before_everything),
        trial!(the_path_is_checked_before_the_size),
        trial!(the_size_is_checked_before_what_is_not_built),
        trial!(what_is_not_built_is_refused_before_the_body_is_read),
        trial!(all_fields_are_checked_before_the_state),
        trial!(the_state_is_checked_before_the_name),
        trial!(what_a_body_names_is_looked_up_before_the_limit),
        trial!(a_refusal_resumes_nothing),
        trial!(mounts_are_refused_whole),
        trial!(every_operation_that_is_not_built_says_its_name),
    ]
}

/// Bytes that a server with [`SMALL`] as its limit refuses.
const LARGE: &str = "{\"command\":\"0123456789012345678901234567890123456789012345678901234567\"}";
const SMALL: usize = 64;

async fn the_key_is_checked_before_everything() {
    let server = Server::with().max_body(SMALL).start().await;
    let id = server.client().a_sandbox_with(json!({})).await;
    for (method, path) in [
        ("POST", "/v1/nothing".to_owned()),
        ("PUT", "/v1/sandbox".to_owned()),
        ("GET", "/v1/sandbox/sbx-none".to_owned()),
        ("DELETE", "/v1/snapshot/snap-none".to_owned()),
        ("POST", format!("/v1/sandbox/{id}/process/execute")),
        ("POST", format!("/v1/sandbox/{id}/git/clone")),
        ("POST", format!("/v1/sandbox/{id}/start")),
    ] {
        let answer = server.anonymous().send(method, &path, LARGE).await;
        proves!("WIRE-10" => assert_eq!(answer.status, 401, "{method} {path}"));
    }
}

async fn the_path_is_checked_before_the_size() {
    let server = Server::with().max_body(SMALL).start().await;
    let client = server.client();
    for (method, path, status) in [
        ("POST", "/v1/nothing", 404),
        ("PUT", "/v1/sandbox", 405),
        ("POST", "/v1/sandbox/sbx-none/process/execute", 404),
        ("POST", "/v1/sandbox/sbx-none/git/clone", 404),
        ("POST", "/v1/sandbox/sbx-none/snapshot/create", 404),
        ("POST", "/v1/sandbox/sbx-none/mounts", 404),
        ("DELETE", "/v1/sandbox/sbx-none", 404),
        ("DELETE", "/v1/snapshot/snap-none", 404),
    ] {
        let answer = client.send(method, path, LARGE).await;
        proves!("WIRE-10" => assert_eq!(answer.status, status, "{method} {path}"));
    }
}

async fn the_size_is_checked_before_what_is_not_built() {
    let server = Server::with().max_body(SMALL).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for path in [
        format!("/v1/sandbox/{id}/git/clone"),
        format!("/v1/sandbox/{id}/mounts"),
        "/v1/template".to_owned(),
        // Broken JSON, and a state that refuses.
        "/v1/sandbox".to_owned(),
        format!("/v1/sandbox/{id}/start"),
    ] {
        let answer = client.send("POST", &path, &LARGE[1..]).await;
        proves!("WIRE-10" => assert_eq!(answer.status, 413, "{path}"));
        assert!(!answer.message().is_empty());
    }
    assert_eq!(client.state(&id).await, "running");
}

async fn what_is_not_built_is_refused_before_the_body_is_read() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.change(&id, "stop").await;
    for path in [format!("/v1/sandbox/{id}/git/clone"), "/v1/template".to_owned()] {
        let answer = client.send("POST", &path, "{").await;
        proves!("WIRE-10" => assert_eq!(answer.status, 501, "{path}"));
    }
    let answer = client.create(json!({"mounts": [{}], "vcpu": 99, "template_name": 1})).await;
    proves!("WIRE-10", "WIRE-11" => assert_eq!(answer.status, 501, "{answer:?}"));
}

async fn all_fields_are_checked_before_the_state() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = Some(1)).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.a_snapshot(&id, "taken").await;
    // The limit is reached: a conflict, were it asked first.
    let answer = client.create(json!({"vcpu": 0})).await;
    proves!("WIRE-10" => assert_eq!(answer.fields(), ["vcpu"]));
    let answer =
        client.post("/v1/snapshot/restore", json!({"snapshot_name": "taken", "timeout": 0})).await;
    proves!("WIRE-10" => assert_eq!(answer.fields(), ["timeout"]));
    // What the body names is not there: 404, were it looked up first.
    let answer =
        client.post("/v1/snapshot/restore", json!({"snapshot_name": "none", "timeout": 0})).await;
    proves!("WIRE-10" => assert_eq!(answer.fields(), ["timeout"]));
    for state in ["pause", "stop"] {
        client.change(&id, state).await;
        // `snapshot/pause` does not know the flag, and ignores it (WIRE-03).
        for (what, fields) in [
            ("snapshot/create", &["name", "kill_sandbox_after"][..]),
            ("snapshot/pause", &["name"]),
        ] {
            let path = format!("/v1/sandbox/{id}/{what}");
            let answer = client.post(&path, json!({"name": "", "kill_sandbox_after": 1})).await;
            proves!("WIRE-10" => assert_eq!(answer.fields(), fields, "{state}"));
        }
        let path = format!("/v1/sandbox/{id}/process/execute");
        let answer = client.post(&path, json!({"command": ""})).await;
        proves!("WIRE-10" => assert_eq!(answer.fields(), ["command"], "{state}"));
        if state == "pause" {
            client.sh(&id, "true").await;
        }
    }
}

async fn the_state_is_checked_before_the_name() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.a_snapshot(&id, "taken").await;
    let running = client.snapshot(&id, json!({"name": "taken"})).await;
    assert_eq!(running.status, 409);
    assert!(running.message().contains("taken"), "the name is the reason: {running:?}");
    client.change(&id, "pause").await;
    for what in ["snapshot/create", "snapshot/pause"] {
        let path = format!("/v1/sandbox/{id}/{what}");
        let paused = client.post(&path, json!({"name": "taken"})).await;
        assert_eq!(paused.status, 409);
        proves!("WIRE-10", "SNAP-CREATE-12" =>
            assert!(paused.message().contains("not running"), "the state is the reason: {paused:?}"));
    }
    // A file in a stopped sandbox is not looked up.
    client.sh(&id, "true").await;
    client.change(&id, "stop").await;
    let path = format!("/v1/sandbox/{id}/filesystem/stat");
    let answer = client.post(&path, json!({"path": "/none"})).await;
    proves!("WIRE-10" => assert_eq!(answer.status, 409, "{answer:?}"));
}

async fn what_a_body_names_is_looked_up_before_the_limit() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = Some(1)).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.a_snapshot(&id, "there").await;
    assert_eq!(client.restore("there").await.status, 429);
    let answer = client.restore("none").await;
    proves!("WIRE-10" => assert_eq!(answer.status, 404, "{answer:?}"));
}

async fn a_refusal_resumes_nothing() {
    let server = Server::with().max_body(SMALL).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.change(&id, "pause").await;
    let execute = format!("/v1/sandbox/{id}/process/execute");
    let still_paused = async |answer: Answer, status: u16| {
        assert_eq!(answer.status, status, "{answer:?}");
        proves!("WIRE-10", "SB-PAUSE-06" =>
            assert_eq!(client.state(&id).await, "paused", "{answer:?}"));
    };
    still_paused(server.anonymous().send("POST", &execute, r#"{"command":"true"}"#).await, 401)
        .await;
    let other = server.client_with_key("another");
    still_paused(other.send("POST", &execute, r#"{"command":"true"}"#).await, 404).await;
    still_paused(client.send("PUT", &execute, r#"{"command":"true"}"#).await, 405).await;
    still_paused(client.send("POST", &execute, LARGE).await, 413).await;
    still_paused(client.send("POST", &format!("/v1/sandbox/{id}/git/clone"), "{}").await, 501)
        .await;
    still_paused(client.send("GET", &format!("/v1/sandbox/{id}/pty"), "").await, 501).await;
    for body in ["{", "", "{}", r#"{"command":""}"#, r#"{"command":"true","timeout":0}"#] {
        still_paused(client.send("POST", &execute, body).await, 400).await;
    }
    let files = format!("/v1/sandbox/{id}/filesystem");
    still_paused(client.post(&format!("{files}/ls"), json!({"path": "relative"})).await, 400).await;
    still_paused(client.send("POST", &format!("{files}/write-file"), "x").await, 400).await;
    still_paused(client.send("POST", &format!("{files}/write-files"), "x").await, 400).await;
    // The last check, the look-up of the file, is made inside: it does resume.
    let answer = client.post(&format!("{files}/stat"), json!({"path": "/none"})).await;
    assert_eq!(answer.status, 404, "{answer:?}");
    proves!("WIRE-10" => assert_eq!(client.state(&id).await, "running"));
}

async fn mounts_are_refused_whole() {
    let server = Server::start().await;
    let client = server.client();
    let mount = json!({
        "type": "object-storage", "bucket": "b", "mount_path": "/data",
        "endpoint": "https://s3.example.com", "secret_access_key": "hush",
    });
    for mounts in [json!([mount]), json!([{}]), json!([1, 2])] {
        let answer = client.create(json!({ "mounts": mounts })).await;
        proves!("WIRE-11" => assert_eq!(answer.status, 501, "{answer:?}"));
        assert!(answer.message().contains("mounts"), "{answer:?}");
        assert!(!answer.message().contains("hush"), "{answer:?}");
    }
    proves!("WIRE-11" => assert_eq!(client.list("/v1/sandboxes").await["total_items"], 0));
    for mounts in [json!([]), Value::Null] {
        let answer = client.create(json!({ "mounts": mounts })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    assert_eq!(client.create(json!({"mounts": {}})).await.fields(), ["mounts"]);
}

async fn every_operation_that_is_not_built_says_its_name() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.change(&id, "pause").await;
    let names = Names { sandbox: id.clone(), ..Names::default() };
    let unknown = Names { sandbox: "sbx-none".to_owned(), ..Names::default() };
    for (method, path, name) in NOT_BUILT {
        assert_eq!(server.anonymous().send(method, &names.fill(path), "{}").await.status, 401);
        if path.contains("{id}") {
            assert_eq!(client.send(method, &unknown.fill(path), "{}").await.status, 404, "{path}");
        }
        for slash in ["", "/"] {
            let answer = client.send(method, &format!("{}{slash}", names.fill(path)), "{}").await;
            proves!("WIRE-11" => assert_eq!(answer.status, 501, "{method} {path}"));
            assert!(answer.message().contains(name), "{answer:?}");
        }
    }
    proves!("WIRE-11" => assert_eq!(client.state(&id).await, "paused"));
}
