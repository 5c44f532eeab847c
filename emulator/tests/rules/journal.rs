//! `/_emulator/requests` and `/_emulator/report`: what did my client do?

use std::collections::BTreeSet;

use hyper::body::Bytes;
use leap0_conformance::register;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::operations::{BUILT, Names};
use crate::support::{Client, Server, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(requests_are_shown_with_their_answers_and_without_secrets),
        trial!(the_client_and_its_era_are_recognised),
        trial!(the_report_tells_what_was_and_was_not_exercised),
        trial!(the_journal_is_the_organisations_own),
        trial!(a_request_that_is_refused_for_a_field_names_a_rule),
    ]
}

async fn exchanges(client: &Client) -> Vec<Value> {
    let shown = client.get("/_emulator/requests").await.json();
    shown["requests"].as_array().expect("requests").clone()
}

async fn requests_are_shown_with_their_answers_and_without_secrets() {
    let server = Server::start().await;
    let client = server.client_with_key("s3cret-key");
    let id = client.a_sandbox_with(json!({"env_vars": {"TOKEN": "s3cret"}})).await;
    client.get("/v1/nothing").await;
    let body = json!({"command": "true", "envs": {"A": "s3cret"}});
    client.post(&format!("/v1/sandbox/{id}/process/execute"), body).await;
    let bytes = vec![0_u8; 100_000];
    client
        .send("POST", &format!("/v1/sandbox/{id}/filesystem/write-file?path=/tmp/f"), bytes)
        .await;
    let exchanges = exchanges(&client).await;
    assert!(!Value::from(exchanges.clone()).to_string().contains("s3cret"), "{exchanges:?}");
    let seen: Vec<_> = exchanges
        .iter()
        .map(|exchange| (exchange["operation"].as_str(), exchange["status"].as_u64()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some("sandbox/create"), Some(201)),
            (None, Some(404)),
            (Some("process/execute"), Some(200)),
            (Some("filesystem/write-file"), Some(204)),
        ]
    );
    assert_eq!(exchanges[0]["answer"]["id"], *id);
    assert_eq!(exchanges[0]["request"]["env_vars"], json!({"TOKEN": "(redacted)"}));
    assert_eq!(exchanges[2]["request"]["command"], "true");
    assert_eq!(exchanges[3]["request"], "(100000 bytes)");
    assert_eq!(exchanges[3]["answer"], Value::Null);
}

async fn the_client_and_its_era_are_recognised() {
    let server = Server::start().await;
    let client = server.client();
    let python = client.header("leap0-source", "sdk-python").header("leap0-sdk-version", "0.7.0");
    python.get("/v1/sandboxes").await;
    client.header("user-agent", "curl/8").get("/v1/sandboxes").await;
    let exchanges = exchanges(&client).await;
    assert_eq!(
        (&exchanges[0]["client"], &exchanges[0]["era"]),
        (&json!("leap0-python 0.7.0"), &json!("B"))
    );
    assert_eq!((&exchanges[1]["client"], &exchanges[1]["era"]), (&json!("curl/8"), &Value::Null));
}

async fn the_report_tells_what_was_and_was_not_exercised() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"memroy": 1024, "timeout": 60})).await;
    client.post(&format!("/v1/sandbox/{id}/snapshot/create"), json!({"name": ""})).await;
    client.post("/v1/snapshot/restore", json!({"snapshot_name": "none"})).await;
    client.get("/v1/sandboxes?state=running&page=1").await;
    let file = json!({"not": "a parameter"}).to_string();
    client.send("POST", &format!("/v1/sandbox/{id}/filesystem/write-file?path=/tmp/f"), file).await;
    let report = client.get("/_emulator/report").await.json();
    let of = |name: &str| -> Value {
        let operations = report["operations"].as_array().expect("operations");
        operations.iter().find(|one| one["operation"] == name).expect("exercised").clone()
    };
    let create = of("sandbox/create");
    assert_eq!(create["parameters_sent"], json!(["template_name", "timeout"]));
    assert_eq!(create["parameters_unknown"], json!(["memroy"]));
    assert_eq!(create["states_seen"], json!(["running"]));
    assert_eq!(create["errors_not_seen"], json!([400, 409]));
    let not_sent = create["parameters_not_sent"].as_array().expect("a list");
    assert!(not_sent.contains(&json!("auto_pause")) && !not_sent.contains(&json!("timeout")));
    let refusal = &of("snapshot/create")["refusals"][0];
    assert_eq!(refusal["status"], 400);
    assert_eq!(refusal["message"], "name must be between 1 and 64 characters");
    let refusal = &of("snapshot/restore")["refusals"][0];
    assert_eq!(
        refusal,
        &json!({
            "status": 404, "rule": "SNAP-REST-02", "message": "snapshot not found: none", "times": 1,
        })
    );
    assert_eq!(of("snapshot/restore")["errors_not_seen"], json!([400, 429, 503]));
    assert_eq!(of("sandbox/list")["parameters_sent"], json!(["page", "state"]));
    assert_eq!(of("filesystem/write-file")["parameters_unknown"], json!([]));
    let not_exercised = report["not_exercised"].as_array().expect("a list");
    assert!(not_exercised.contains(&json!("sandbox/pause")));
    assert!(!not_exercised.contains(&json!("sandbox/create")));

    for answer in [
        client.get("/_emulator/report?format=text").await,
        client.header("accept", "text/plain").get("/_emulator/report").await,
    ] {
        assert!(answer.header("content-type").starts_with("text/plain"));
        let text = String::from_utf8(answer.body.to_vec()).expect("UTF-8");
        assert!(text.contains("unknown, ignored: memroy"), "{text}");
        assert!(text.contains("refused 1 × with 400 by SNAP-CREATE-06: name must be"), "{text}");
        assert!(text.contains("refused 1 × with 404 by SNAP-REST-02: snapshot not"), "{text}");
    }
}

async fn a_request_that_is_refused_for_a_field_names_a_rule() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    for operation in BUILT.iter().filter(|operation| operation.body.starts_with('{')) {
        let (sandbox, snapshot) = (client.a_running_sandbox().await, String::new());
        let names = Names { sandbox, snapshot, new: "new".to_owned() };
        let (method, path) = (operation.method, names.fill(operation.path));
        let sample: Value = serde_json::from_str(&names.fill(operation.body)).unwrap_or_default();
        let mut bodies = vec![json!([]), json!({})];
        for field in sample.as_object().into_iter().flat_map(|sample| sample.keys()) {
            let mut body = sample.clone();
            body[field] = json!([[]]);
            bodies.push(body);
        }
        for body in bodies {
            client.send(method, &path, Bytes::from(body.to_string())).await;
        }
    }
    for query in ["page=0", "sort=x", "page-size=1000"] {
        for list in ["sandboxes", "snapshots"] {
            client.get(&format!("/v1/{list}?{query}")).await;
        }
    }
    client.get(&format!("/v1/snapshots?query={}", "x".repeat(65))).await;
    let report = client.get("/_emulator/report").await.json();
    let mut refused = BTreeSet::new();
    for operation in report["operations"].as_array().expect("operations") {
        for refusal in operation["refusals"].as_array().expect("refusals") {
            if refusal["status"] == 400 {
                let rule = refusal["rule"].as_str().unwrap_or_else(|| panic!("{operation}"));
                assert!(register().get(rule).is_some(), "{rule} is no rule");
                refused.insert(rule.to_owned());
            }
        }
    }
    assert!(refused.len() > 25, "{refused:?}");
    assert!(refused.contains("SNAP-LIST-02") && refused.contains("SB-CREATE-03"), "{refused:?}");
}

async fn the_journal_is_the_organisations_own() {
    let server = Server::start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    a.get("/v1/sandboxes").await;
    assert_eq!(exchanges(&b).await, [] as [Value; 0]);
    assert_eq!(exchanges(&a).await.len(), 1);
    assert_eq!(server.anonymous().get("/_emulator/requests").await.status, 401);
    for _ in 0..1100 {
        a.get("/v1/sandboxes").await;
    }
    assert_eq!(exchanges(&a).await.len(), 1000, "bounded");
}
