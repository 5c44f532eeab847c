//! REQ: the union of the dialects in what clients send.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(memory_has_two_spellings),
        trial!(the_name_of_a_timeout_carries_its_unit_on_every_path),
        trial!(two_spellings_that_agree_are_fine),
        trial!(two_spellings_that_differ_are_refused_under_the_newer_name),
        trial!(both_spellings_are_checked_on_their_own),
        trial!(resume_and_restore_are_one_handler),
        trial!(a_command_takes_envs_or_env),
        trial!(lists_take_kebab_and_snake_case),
        trial!(a_restore_takes_an_id_where_no_name_is_given),
    ]
}

const RESTORES: [&str; 2] = ["/v1/snapshot/resume", "/v1/snapshot/restore"];

/// A sandbox with a snapshot `base`, in an organisation without a limit.
async fn a_snapshot() -> (Server, Client) {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.a_snapshot(&id, "base").await;
    (server, client)
}

/// The fields of a restore of `base` with these fields.
fn restore(fields: Value) -> Value {
    let mut body = json!({"snapshot_name": "base"});
    let Value::Object(fields) = fields else { unreachable!("an object") };
    body.as_object_mut().expect("an object").extend(fields);
    body
}

async fn memory_has_two_spellings() {
    let server = Server::start().await;
    let client = server.client();
    for field in ["memory", "memory_mib"] {
        let answer = client.create(json!({field: 2048})).await;
        proves!("REQ-01" => assert_eq!(answer.status, 201, "{answer:?}"));
        proves!("REQ-01" => assert_eq!(answer.json()["memory"], 2048, "{field}"));
        client.remove(&answer.text("id")).await;
    }
}

async fn the_name_of_a_timeout_carries_its_unit_on_every_path() {
    let (_server, client) = a_snapshot().await;
    for (field, value, seconds) in [
        ("timeout", 1, 1),
        ("timeout", 90, 90),
        ("timeout", 28_800, 28_800),
        ("timeout_min", 1, 60),
        ("timeout_min", 480, 28_800),
    ] {
        let created = client.create(json!({field: value})).await;
        proves!("REQ-02" => assert_eq!(created.json()["timeout"], seconds, "{created:?}"));
        for path in RESTORES {
            let restored = client.post(path, restore(json!({field: value}))).await;
            assert_eq!(restored.status, 201, "{restored:?}");
            proves!("REQ-02" => assert_eq!(restored.json()["timeout"], seconds, "{path} {field}"));
        }
    }
    for (field, value) in
        [("timeout", 0), ("timeout", 28_801), ("timeout_min", 0), ("timeout_min", 481)]
    {
        let created = client.create(json!({field: value})).await;
        proves!("REQ-02" => assert_eq!(created.fields(), [field], "{value}"));
        for path in RESTORES {
            let restored = client.post(path, restore(json!({field: value}))).await;
            proves!("REQ-02" => assert_eq!(restored.fields(), [field], "{path} {value}"));
        }
    }
}

async fn two_spellings_that_agree_are_fine() {
    let (_server, client) = a_snapshot().await;
    let fields = json!({"memory": 512, "memory_mib": 512, "timeout": 120, "timeout_min": 2});
    let answer = client.create(fields).await;
    proves!("REQ-03" => assert_eq!(answer.status, 201, "{answer:?}"));
    assert_eq!([&answer.json()["memory"], &answer.json()["timeout"]], [512, 120]);
    for path in RESTORES {
        let answer = client.post(path, restore(json!({"timeout": 120, "timeout_min": 2}))).await;
        proves!("REQ-03" => assert_eq!(answer.status, 201, "{answer:?}"));
        assert_eq!(answer.json()["timeout"], 120);
    }
    // `null` is absent, and does not disagree.
    let answer = client.create(json!({"memory": null, "memory_mib": 512})).await;
    proves!("REQ-03" => assert_eq!(answer.status, 201, "{answer:?}"));
}

async fn two_spellings_that_differ_are_refused_under_the_newer_name() {
    let (_server, client) = a_snapshot().await;
    let answer = client.create(json!({"memory": 512, "memory_mib": 514})).await;
    proves!("REQ-03" => assert_eq!(answer.fields(), ["memory"]));
    let both = json!({"memory": 512, "memory_mib": 514, "timeout": 61, "timeout_min": 1});
    proves!("REQ-03" => assert_eq!(client.create(both).await.fields(), ["memory", "timeout"]));
    for path in RESTORES {
        for seconds in [1, 59, 61] {
            let body = restore(json!({"timeout": seconds, "timeout_min": 1}));
            let answer = client.post(path, body).await;
            proves!("REQ-03" => assert_eq!(answer.fields(), ["timeout"], "{path} {seconds}"));
        }
    }
    assert_eq!(client.list("/v1/sandboxes").await["total_items"], 1);
}

async fn both_spellings_are_checked_on_their_own() {
    let server = Server::start().await;
    let client = server.client();
    let fields = json!({"memory": 511, "memory_mib": "x", "timeout": 0, "timeout_min": 999});
    let mut named = client.create(fields).await.fields();
    named.sort_unstable();
    assert_eq!(named, ["memory", "memory_mib", "timeout", "timeout_min"]);
    let answer = client.create(json!({"memory": 1024, "memory_mib": 1023})).await;
    assert_eq!(answer.fields(), ["memory_mib"]);
}

async fn resume_and_restore_are_one_handler() {
    let (_server, client) = a_snapshot().await;
    let mut answers = Vec::new();
    for path in RESTORES {
        let policy = json!({"mode": "custom", "allow_cidrs": ["1.2.3.4/32"]});
        let fields = json!({"auto_pause": true, "timeout_min": 30, "network_policy": policy});
        let answer = client.post(path, restore(fields)).await;
        proves!("REQ-04" => assert_eq!(answer.status, 201, "{path}: {answer:?}"));
        let mut body = answer.json();
        for field in ["id", "created_at"] {
            body.as_object_mut().expect("an object").remove(field);
        }
        answers.push(body);
        assert_eq!(client.post(path, json!({"snapshot_name": "none"})).await.status, 404);
        assert_eq!(client.post(path, json!({})).await.fields(), ["snapshot_name"]);
    }
    proves!("REQ-04" => assert_eq!(answers[0], answers[1]));
    // `snapshot/pause` is `snapshot/create` whose source ends.
    let id = client.a_running_sandbox().await;
    let path = format!("/v1/sandbox/{id}/snapshot/pause");
    assert_eq!(client.post(&path, json!({"name": "base"})).await.status, 409);
    assert_eq!(client.post(&path, json!({"name": ""})).await.fields(), ["name"]);
    let answer = client.post(&path, json!({"name": "paused"})).await;
    proves!("REQ-04" => assert_eq!(answer.status, 201, "{answer:?}"));
    proves!("REQ-04" => assert_eq!(client.get(&format!("/v1/sandbox/{id}")).await.status, 404));
    assert_eq!(client.restore("paused").await.status, 201);
}

async fn a_command_takes_envs_or_env() {
    let server = Server::start().await;
    let client = server.client();
    let path = format!("/v1/sandbox/{}/process/execute", client.a_running_sandbox().await);
    for field in ["envs", "env"] {
        let answer =
            client.post(&path, json!({"command": "echo $WHO", field: {"WHO": field}})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        proves!("REQ-05" => assert_eq!(answer.text("stdout"), format!("{field}\n")));
    }
}

async fn lists_take_kebab_and_snake_case() {
    let (_server, client) = a_snapshot().await;
    let second = client.a_running_sandbox().await;
    client.a_snapshot(&second, "later").await;
    for path in ["/v1/sandboxes", "/v1/snapshots"] {
        let oldest_first = {
            let mut ids = client.listed(path, "id").await;
            ids.reverse();
            ids
        };
        for (order, size) in [("order-by", "page-size"), ("order_by", "page_size")] {
            let all = client.listed(&format!("{path}?{order}=asc"), "created_at").await;
            proves!("REQ-06" => assert!(all.is_sorted(), "{all:?}"));
            assert_eq!(all.len(), 2);
            let first = client.listed(&format!("{path}?{size}=1&page=1"), "id").await;
            proves!("REQ-06" => assert_eq!(first.len(), 1, "{size}"));
            let refused = client.get(&format!("{path}?{size}=0&{order}=x")).await;
            proves!("REQ-06" => assert_eq!(refused.status, 400, "{size}"));
        }
        let kebab = client.listed(&format!("{path}?order-by=asc"), "id").await;
        proves!("REQ-06" =>
            assert_eq!(kebab, client.listed(&format!("{path}?order_by=asc"), "id").await));
        assert_eq!(kebab, oldest_first);
    }
}

async fn a_restore_takes_an_id_where_no_name_is_given() {
    let (_server, client) = a_snapshot().await;
    let other = client.a_sandbox_with(json!({"vcpu": 2})).await;
    let id = client.a_snapshot(&other, "other").await;
    for path in RESTORES {
        let answer = client.post(path, json!({ "snapshot_id": id })).await;
        proves!("REQ-08" => assert_eq!(answer.status, 201, "{answer:?}"));
        proves!("REQ-08" => assert_eq!(answer.json()["vcpu"], 2));
        let answer = client.post(path, json!({"snapshot_id": id, "snapshot_name": null})).await;
        proves!("REQ-08" => assert_eq!(answer.status, 201, "{answer:?}"));
        // The name wins.
        let answer = client.post(path, json!({"snapshot_id": id, "snapshot_name": "base"})).await;
        proves!("REQ-08" => assert_eq!(answer.json()["vcpu"], 1, "{answer:?}"));
        let answer = client.post(path, json!({"snapshot_id": "snap-none"})).await;
        proves!("REQ-08" => assert_eq!(answer.status, 404, "{answer:?}"));
    }
}
