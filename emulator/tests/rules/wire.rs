//! WIRE: what holds for every operation. The order of the checks is in `order`.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::operations::{BUILT, NOT_BUILT, Names};
use crate::support::{Client, Raw, Server, proves, trial};

const CREATE: &str = r#"{"template_name":"system/debian:bookworm"}"#;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(json_is_read_whatever_the_content_type),
        trial!(an_absent_body_is_an_empty_object_where_everything_is_optional),
        trial!(an_absent_body_is_refused_where_something_is_required),
        trial!(unknown_fields_are_ignored),
        trial!(null_is_absent),
        trial!(unknown_paths_and_wrong_methods_have_the_vendors_error_shape),
        trial!(every_path_tells_its_methods),
        trial!(both_slash_forms_are_served_without_a_redirect),
        trial!(what_is_no_json_object_is_refused_as_the_body),
        trial!(an_answer_is_json_or_empty),
        trial!(lists_refuse_in_the_plain_shape),
        trial!(the_table_of_operations_is_what_the_server_says_it_is),
    ]
}

async fn json_is_read_whatever_the_content_type() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.a_snapshot(&id, "base").await;
    let requests = [
        ("/v1/sandbox".to_owned(), CREATE, 201),
        (format!("/v1/sandbox/{id}/snapshot/create"), r#"{"kill_sandbox_after":false}"#, 201),
        ("/v1/snapshot/restore".to_owned(), r#"{"snapshot_name":"base"}"#, 201),
        (format!("/v1/sandbox/{id}/process/execute"), r#"{"command":"true"}"#, 200),
        (format!("/v1/sandbox/{id}/filesystem/exists"), r#"{"path":"/"}"#, 200),
        (format!("/v1/sandbox/{id}/filesystem/ls"), r#"{"path":"/"}"#, 200),
    ];
    for (path, body, status) in requests {
        for kind in [
            None,
            Some("application/json"),
            Some("text/plain;charset=UTF-8"),
            Some("application/octet-stream"),
            Some("application/x-www-form-urlencoded"),
            Some("nonsense"),
        ] {
            let client =
                kind.map_or_else(|| client.clone(), |kind| client.header("content-type", kind));
            let answer = client.send("POST", &path, body).await;
            proves!("WIRE-01" =>
                assert_eq!(answer.status, status, "{path} as {kind:?}: {answer:?}"));
        }
    }
}

async fn an_absent_body_is_an_empty_object_where_everything_is_optional() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for body in ["", "{}"] {
        for (what, status) in
            [("snapshot/create", 201), ("pause", 201), ("stop", 200), ("start", 200)]
        {
            if what == "stop" {
                client.sh(&id, "true").await;
            }
            let answer = client.send("POST", &format!("/v1/sandbox/{id}/{what}"), body).await;
            proves!("WIRE-02" =>
                assert_eq!(answer.status, status, "{what} with {body:?}: {answer:?}"));
        }
    }
    // No length at all, as a client without a body sends it.
    let mut raw = Raw::open(&server).await;
    raw.head(&format!("POST /v1/sandbox/{id}/snapshot/create"), Some("key-of-the-trial"), &[])
        .await;
    let answer = raw.answer().await;
    proves!("WIRE-02" => assert_eq!(answer.status, 201, "{answer:?}"));
    for body in ["", "{}"] {
        let id = client.a_running_sandbox().await;
        let answer = client.send("POST", &format!("/v1/sandbox/{id}/snapshot/pause"), body).await;
        proves!("WIRE-02" => assert_eq!(answer.status, 201, "{answer:?}"));
    }
}

async fn an_absent_body_is_refused_where_something_is_required() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    for path in [
        "/v1/sandbox".to_owned(),
        "/v1/snapshot/restore".to_owned(),
        "/v1/snapshot/resume".to_owned(),
        format!("/v1/sandbox/{id}/process/execute"),
        format!("/v1/sandbox/{id}/filesystem/ls"),
    ] {
        let answer = client.post_empty(&path).await;
        proves!("WIRE-07" => assert_eq!(answer.fields(), ["body"], "{path}"));
    }
}

async fn unknown_fields_are_ignored() {
    let server = Server::start().await;
    let client = server.client();
    // What the second Go client sends.
    let answer = client
        .create(json!({
            "otel_export": true, "telemetry": {"endpoint": "x"}, "disk": 1, "id": 7,
            "network_policy": {"mode": "deny-all", "note": []},
        }))
        .await;
    proves!("WIRE-03" => assert_eq!(answer.status, 201, "{answer:?}"));
    let id = answer.text("id");
    let answer = client.snapshot(&id, json!({"name": "base", "vcpu": "x", "state": 1})).await;
    proves!("WIRE-03" => assert_eq!(answer.status, 201, "{answer:?}"));
    for path in ["/v1/snapshot/restore", "/v1/snapshot/resume"] {
        let body = json!({"snapshot_name": "base", "vcpu": "x", "telemetry": 1});
        let answer = client.post(path, body).await;
        proves!("WIRE-03" => assert_eq!(answer.status, 201, "{answer:?}"));
    }
    let path = format!("/v1/sandbox/{id}/process/execute");
    let answer = client.post(&path, json!({"command": "true", "shell": 1})).await;
    proves!("WIRE-03" => assert_eq!(answer.status, 200, "{answer:?}"));
    let answer = client.get("/v1/sandboxes?colour=red&page=1").await;
    proves!("WIRE-03" => assert_eq!(answer.status, 200, "{answer:?}"));
}

async fn null_is_absent() {
    let server = Server::start().await;
    let client = server.client();
    let nothing = json!({
        "vcpu": null, "memory": null, "memory_mib": null, "timeout": null, "timeout_min": null,
        "auto_pause": null, "env_vars": null, "network_policy": null, "mounts": null,
    });
    let answer = client.create(nothing.clone()).await;
    proves!("WIRE-04" => assert_eq!(answer.status, 201, "{answer:?}"));
    let (left, right) = (answer.json(), client.create(json!({})).await.json());
    for (field, value) in left.as_object().expect("an object") {
        if field != "id" && field != "created_at" {
            proves!("WIRE-04" => assert_eq!(*value, right[field], "{field}"));
        }
    }
    let id = answer.text("id");
    let policy =
        json!({"mode": "custom", "allow_domains": null, "allow_cidrs": null, "transforms": null});
    let answer = client.create(json!({ "network_policy": policy })).await;
    proves!("WIRE-04" => assert_eq!(answer.status, 201, "{answer:?}"));
    client.remove(&answer.text("id")).await;
    let answer = client.snapshot(&id, json!({"name": null, "kill_sandbox_after": null})).await;
    proves!("WIRE-04" => assert_eq!(answer.status, 201, "{answer:?}"));
    assert_eq!(client.state(&id).await, "running");
    let mut body = nothing;
    body["snapshot_name"] = json!(answer.text("name"));
    let answer = client.post("/v1/snapshot/restore", body).await;
    proves!("WIRE-04" => assert_eq!(answer.status, 201, "{answer:?}"));
    let path = format!("/v1/sandbox/{id}/process/execute");
    let body = json!({"command": "pwd", "cwd": null, "envs": null, "env": null, "timeout": null});
    let answer = client.post(&path, body).await;
    proves!("WIRE-04" => assert_eq!(answer.status, 200, "{answer:?}"));
    // A required field that is null is missing.
    let answer = client.create(json!({"template_name": null})).await;
    proves!("WIRE-04" => assert_eq!(answer.fields(), ["template_name"]));
}

async fn unknown_paths_and_wrong_methods_have_the_vendors_error_shape() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let below = format!("/v1/sandbox/{id}/nothing");
    let deep = format!("/v1/sandbox/{id}/filesystem/ls/deeper");
    for path in [
        "/",
        "/v1",
        "/v1/nothing",
        "/v2/sandbox",
        "/v1/snapshot/",
        "/v1/sandboxes//",
        "//v1/sandboxes",
        "/V1/sandboxes",
        "/v1/sandbox/%00",
        "/v1/sandbox/%ff",
        &below,
        &deep,
    ] {
        let answer = client.get(path).await;
        proves!("WIRE-05" => assert_eq!(answer.status, 404, "{path}"));
        assert!(!answer.message().is_empty());
    }
    let answer = client.send("PUT", "/v1/sandbox", "{}").await;
    proves!("WIRE-05" => assert_eq!(answer.status, 405));
    assert_eq!(answer.header("allow"), "POST");
    assert!(!answer.message().is_empty());
}

async fn every_path_tells_its_methods() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let names = Names { sandbox: id, snapshot: "x".to_owned(), new: "n".to_owned() };
    let rows = BUILT.iter().map(|row| (row.method, row.path));
    for (method, path) in rows.chain(NOT_BUILT.iter().map(|row| (row.0, row.1))) {
        let path = names.fill(path);
        for wrong in ["PUT", "OPTIONS", "BREW"] {
            let answer = client.send(wrong, &path, "").await;
            proves!("WIRE-05" => assert_eq!(answer.status, 405, "{wrong} {path}"));
            assert!(!answer.message().is_empty());
            let allowed = answer.header("allow");
            assert!(allowed.split(", ").any(|allowed| allowed == method), "{path}: {allowed}");
        }
    }
    assert_eq!(client.state(&names.sandbox).await, "running");
}

/// A running sandbox, its snapshot `base`, and the file that the table needs.
async fn a_stage(client: &Client) -> Names {
    let sandbox = client.a_running_sandbox().await;
    client.sh(&sandbox, "printf text > /workspace/f").await;
    let answer = client.snapshot(&sandbox, json!({"name": "base"})).await;
    Names { sandbox, snapshot: answer.text("id"), new: "fresh".to_owned() }
}

async fn both_slash_forms_are_served_without_a_redirect() {
    let server = Server::start().await;
    for (index, row) in BUILT.iter().enumerate() {
        for slash in ["", "/"] {
            let client = server.client_with_key(&format!("key-{index}{slash}"));
            let names = a_stage(&client).await;
            if row.name == "sandbox/start" {
                client.change(&names.sandbox, "stop").await;
            }
            let answer = row.send(&client, &names, slash).await;
            proves!("WIRE-06" =>
                assert_eq!(answer.status, row.success, "{}{slash}: {answer:?}", row.path));
            assert_eq!(answer.header("location"), "");
        }
    }
}

async fn what_is_no_json_object_is_refused_as_the_body() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let paths = [
        "/v1/sandbox".to_owned(),
        "/v1/snapshot/restore".to_owned(),
        "/v1/snapshot/resume".to_owned(),
        format!("/v1/sandbox/{id}/snapshot/create"),
        format!("/v1/sandbox/{id}/snapshot/pause"),
        format!("/v1/sandbox/{id}/process/execute"),
        format!("/v1/sandbox/{id}/filesystem/mkdir"),
    ];
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 13] = [
        b"{",
        b"}",
        b"[]",
        b"null",
        b"3",
        b"true",
        b"\"x\"",
        b"{}{}",
        b"{'a':1}",
        b"\xff\xfe",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        deep.as_bytes(),
    ];
    let before = client.picture().await;
    for path in &paths {
        for body in bodies {
            let answer = client.send("POST", path, body.to_vec()).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
            proves!("WIRE-07" => assert_eq!(answer.fields(), ["body"], "{path} with {shown}"));
        }
    }
    assert_eq!(client.picture().await, before);
}

async fn an_answer_is_json_or_empty() {
    let server = Server::start().await;
    for (index, row) in BUILT.iter().enumerate() {
        let client = server.client_with_key(&format!("key-{index}"));
        let names = a_stage(&client).await;
        if row.name == "sandbox/start" {
            client.change(&names.sandbox, "stop").await;
        }
        let answer = row.send(&client, &names, "").await;
        assert_eq!(answer.status, row.success, "{}: {answer:?}", row.name);
        let kind = answer.header("content-type");
        match (row.success, row.name) {
            (204, _) => {
                proves!("WIRE-08" => assert!(answer.body.is_empty(), "{answer:?}"));
                proves!("WIRE-08" =>
                    assert!(!answer.headers.contains_key("content-type"), "{answer:?}"));
                assert!(!answer.headers.contains_key("transfer-encoding"), "{answer:?}");
            }
            (_, "filesystem/read-file") => assert_eq!(kind, "application/octet-stream"),
            (_, "filesystem/read-files") => {
                assert!(kind.starts_with("multipart/form-data;"), "{kind}");
            }
            _ => {
                proves!("WIRE-08" => assert_eq!(kind, "application/json", "{answer:?}"));
                assert!(answer.json().is_object(), "{answer:?}");
            }
        }
    }
}

async fn lists_refuse_in_the_plain_shape() {
    let server = Server::start().await;
    let client = server.client();
    for (path, named) in [
        ("/v1/sandboxes?page=0", ["page", "1"]),
        ("/v1/sandboxes?page-size=101", ["page-size", "100"]),
        ("/v1/sandboxes?sort=name", ["sort", "created_at"]),
        ("/v1/sandboxes?state=asleep", ["state", "running"]),
        ("/v1/snapshots?order-by=up", ["order-by", "asc"]),
        ("/v1/snapshots?page-size=x", ["page-size", "100"]),
        ("/v1/snapshots?sort=state", ["sort", "template_id"]),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        let keys: Vec<_> = answer.json().as_object().expect("an object").keys().cloned().collect();
        proves!("WIRE-09" => assert_eq!(keys, ["message"], "{path}"));
        for word in named {
            proves!("WIRE-09" => assert!(answer.message().contains(word), "{path}: {answer:?}"));
        }
    }
    let answer = client.get("/v1/sandboxes?page=0&page-size=0&sort=x&state=x&order-by=x").await;
    for field in ["page", "page-size", "sort", "state", "order-by"] {
        assert!(answer.message().contains(field), "all at once: {answer:?}");
    }
}

async fn the_table_of_operations_is_what_the_server_says_it_is() {
    let server = Server::start().await;
    let said = server.anonymous().get("/_emulator/capabilities").await.json();
    let names = |value: &Value| -> Vec<String> {
        let mut names: Vec<_> = value
            .as_array()
            .expect("a list")
            .iter()
            .map(|name| name.as_str().expect("text").to_owned())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let built: Vec<_> = BUILT.iter().map(|row| json!(row.name)).collect();
    assert_eq!(names(&said["operations"]), names(&json!(built)));
    let not_built = names(&said["not_built"]);
    for (_, _, name) in NOT_BUILT {
        assert!(not_built.iter().any(|said| said == name), "{name}");
    }
}
