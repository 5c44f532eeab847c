//! STATE: what each operation does while a sandbox changes its state.
//!
//! The clock stands and every transition takes ten seconds of it, so that each state lasts until
//! the trial moves the clock.

use std::time::Duration;

use leap0_emulator_core::clock::ClockMode;
use leap0_emulator_core::service::Transitions;
use libtest_mimic::Trial;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::support::{Answer, Client, Server, prove, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_starting_sandbox),
        trial!(a_snapshotting_sandbox),
        trial!(an_unpausing_sandbox),
        trial!(a_stopping_sandbox),
        trial!(a_deleting_sandbox),
        trial!(a_transition_outlives_the_client_that_asked_for_it),
        trial!(a_deadline_that_falls_into_a_snapshot_acts_after_it),
    ]
}

const TRANSITION_MS: u64 = 10_000;

async fn slow_server() -> Server {
    Server::with()
        .settings(|settings| {
            settings.clock = ClockMode::Frozen;
            settings.transitions = Transitions::Fixed(Duration::from_millis(TRANSITION_MS));
        })
        .start()
        .await
}

/// Sends a request that waits for a transition.
fn begin(client: &Client, method: &'static str, path: String) -> JoinHandle<Answer> {
    let client = client.clone();
    let body = json!({"template_name": "system/debian:bookworm", "command": "true"});
    tokio::spawn(async move { client.send(method, &path, body.to_string()).await })
}

async fn until_state(client: &Client, id: &str, state: &str) {
    while client.state(id).await != state {
        tokio::task::yield_now().await;
    }
}

async fn advance(client: &Client, ms: u64) {
    let answer = client.post("/_emulator/clock", json!({"action": "advance", "ms": ms})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Lets one transition end and gives its request's answer.
async fn finish(client: &Client, request: JoinHandle<Answer>) -> Answer {
    advance(client, TRANSITION_MS).await;
    request.await.expect("no panic")
}

async fn a_sandbox_that_starts(client: &Client) -> (String, JoinHandle<Answer>) {
    let request = begin(client, "POST", "/v1/sandbox".to_owned());
    loop {
        let list = client.get("/v1/sandboxes?state=starting").await.json();
        if let Some(id) = list["items"][0]["id"].as_str() {
            return (id.to_owned(), request);
        }
        tokio::task::yield_now().await;
    }
}

async fn a_sandbox_that_runs(client: &Client) -> String {
    let (id, request) = a_sandbox_that_starts(client).await;
    let answer = finish(client, request).await;
    assert_eq!((answer.status, answer.text("state").as_str()), (201, "running"));
    id
}

async fn paused(client: &Client) -> String {
    let id = a_sandbox_that_runs(client).await;
    let request = begin(client, "POST", format!("/v1/sandbox/{id}/pause"));
    until_state(client, &id, "snapshotting").await;
    assert_eq!(finish(client, request).await.status, 201);
    id
}

/// An operation, its request and the rules of its cells.
struct Operation {
    method: &'static str,
    path: &'static str,
}

const OPERATIONS: [(&str, Operation); 7] = [
    ("GET", Operation { method: "GET", path: "" }),
    ("DELETE", Operation { method: "DELETE", path: "" }),
    ("PAUSE", Operation { method: "POST", path: "/pause" }),
    ("STOP", Operation { method: "POST", path: "/stop" }),
    ("START", Operation { method: "POST", path: "/start" }),
    ("SNAPSHOT", Operation { method: "POST", path: "/snapshot/create" }),
    ("SNAPSHOT", Operation { method: "POST", path: "/snapshot/pause" }),
];

/// Every operation but GET is refused in this state, and changes nothing.
async fn everything_else_is_refused(
    client: &Client,
    id: &str,
    state: &str,
    rules: [&'static str; 6],
) {
    for (name, Operation { method, path }) in OPERATIONS {
        let answer = client.send(method, &format!("/v1/sandbox/{id}{path}"), "{}").await;
        let expected = if name == "GET" { 200 } else { 409 };
        assert_eq!(answer.status, expected, "{name} while {state}: {answer:?}");
        assert_eq!(client.state(id).await, state, "after {name}");
        let rule = rules.into_iter().find(|rule| rule.starts_with(&format!("STATE-{name}-")));
        prove(&[rule.expect("a rule for every operation")]);
        if name == "DELETE" {
            prove(&["SB-DEL-02"]);
        }
    }
    assert_eq!(client.get("/v1/snapshots").await.json()["total_items"], 0);
}

/// A use waits for the transition to end, and then goes well.
async fn a_use_waits(client: &Client, id: &str, first: JoinHandle<Answer>, status: u16) {
    let uses: Vec<_> = ["process/execute", "filesystem/exists", "system/workdir"]
        .iter()
        .map(|path| {
            let client = client.clone();
            let method = if path.starts_with("system") { "GET" } else { "POST" };
            let path = format!("/v1/sandbox/{id}/{path}");
            let body = json!({"command": "echo hi", "path": "/tmp"}).to_string();
            tokio::spawn(async move { client.send(method, &path, body).await })
        })
        .collect();
    // A round trip later none of them has been answered.
    client.state(id).await;
    assert!(uses.iter().all(|used| !used.is_finished()));
    assert_eq!(finish(client, first).await.status, status);
    for used in uses {
        assert_eq!(used.await.expect("no panic").status, 200);
    }
    assert_eq!(client.state(id).await, "running");
}

async fn a_starting_sandbox() {
    let server = slow_server().await;
    let client = server.client();
    let (id, request) = a_sandbox_that_starts(&client).await;
    let rules = [
        "STATE-GET-STARTING",
        "STATE-DELETE-STARTING",
        "STATE-PAUSE-STARTING",
        "STATE-STOP-STARTING",
        "STATE-START-STARTING",
        "STATE-SNAPSHOT-STARTING",
    ];
    everything_else_is_refused(&client, &id, "starting", rules).await;
    proves!("STATE-USE-STARTING" => a_use_waits(&client, &id, request, 201).await);
}

async fn a_snapshotting_sandbox() {
    let server = slow_server().await;
    let client = server.client();
    let id = a_sandbox_that_runs(&client).await;
    let request = {
        let (client, path) = (client.clone(), format!("/v1/sandbox/{id}/snapshot/create"));
        tokio::spawn(async move { client.post(&path, json!({"name": "held"})).await })
    };
    until_state(&client, &id, "snapshotting").await;
    let rules = [
        "STATE-GET-SNAPSHOTTING",
        "STATE-DELETE-SNAPSHOTTING",
        "STATE-PAUSE-SNAPSHOTTING",
        "STATE-STOP-SNAPSHOTTING",
        "STATE-START-SNAPSHOTTING",
        "STATE-SNAPSHOT-SNAPSHOTTING",
    ];
    everything_else_is_refused(&client, &id, "snapshotting", rules).await;
    let restore = client.post("/v1/snapshot/restore", json!({"snapshot_name": "held"})).await;
    proves!("SNAP-REST-13" => assert_eq!(restore.status, 404, "unfinished"));
    let list = client.get("/v1/snapshots").await.json();
    proves!("SNAP-LIST-03" => assert_eq!(list["total_items"], 0, "unfinished"));
    proves!("SB-05", "SNAP-CREATE-03", "SNAP-CREATE-11", "STATE-USE-SNAPSHOTTING" =>
        a_use_waits(&client, &id, request, 201).await);
    let list = client.get("/v1/snapshots").await.json();
    assert_eq!(list["items"][0]["name"], "held");

    // The name of a snapshot that is being created is taken.
    let other = a_sandbox_that_runs(&client).await;
    let first = {
        let (client, path) = (client.clone(), format!("/v1/sandbox/{id}/snapshot/create"));
        tokio::spawn(async move { client.post(&path, json!({"name": "twice"})).await })
    };
    until_state(&client, &id, "snapshotting").await;
    let path = format!("/v1/sandbox/{other}/snapshot/create");
    let second = client.post(&path, json!({"name": "twice"})).await;
    proves!("SNAP-CREATE-09" => assert_eq!(second.status, 409, "{second:?}"));
    assert_eq!(client.state(&other).await, "running");
    assert_eq!(finish(&client, first).await.status, 201);
}

async fn an_unpausing_sandbox() {
    let server = slow_server().await;
    let client = server.client();
    let id = paused(&client).await;
    let request = begin(&client, "POST", format!("/v1/sandbox/{id}/process/execute"));
    until_state(&client, &id, "unpausing").await;
    let rules = [
        "STATE-GET-UNPAUSING",
        "STATE-DELETE-UNPAUSING",
        "STATE-PAUSE-UNPAUSING",
        "STATE-STOP-UNPAUSING",
        "STATE-START-UNPAUSING",
        "STATE-SNAPSHOT-UNPAUSING",
    ];
    everything_else_is_refused(&client, &id, "unpausing", rules).await;
    proves!("STATE-USE-UNPAUSING", "SB-PAUSE-07" => a_use_waits(&client, &id, request, 200).await);
}

async fn a_stopping_sandbox() {
    let server = slow_server().await;
    let client = server.client();
    let id = a_sandbox_that_runs(&client).await;
    let request = begin(&client, "POST", format!("/v1/sandbox/{id}/stop"));
    until_state(&client, &id, "stopping").await;
    let rules = [
        "STATE-GET-STOPPING",
        "STATE-DELETE-STOPPING",
        "STATE-PAUSE-STOPPING",
        "STATE-STOP-STOPPING",
        "STATE-START-STOPPING",
        "STATE-SNAPSHOT-STOPPING",
    ];
    everything_else_is_refused(&client, &id, "stopping", rules).await;
    let used = client.exec(&id, "true").await;
    proves!("STATE-USE-STOPPING" => assert_eq!(used.status, 409));
    let answer = finish(&client, request).await;
    proves!("SB-STOP-02" => assert_eq!(
        (answer.status, answer.text("state").as_str()),
        (200, "stopped"),
    ));
}

async fn a_deleting_sandbox() {
    let server = slow_server().await;
    let client = server.client();
    let id = a_sandbox_that_runs(&client).await;
    let request = begin(&client, "DELETE", format!("/v1/sandbox/{id}"));
    until_state(&client, &id, "deleting").await;
    let rules = [
        "STATE-GET-DELETING",
        "STATE-DELETE-DELETING",
        "STATE-PAUSE-DELETING",
        "STATE-STOP-DELETING",
        "STATE-START-DELETING",
        "STATE-SNAPSHOT-DELETING",
    ];
    everything_else_is_refused(&client, &id, "deleting", rules).await;
    let used = client.exec(&id, "true").await;
    proves!("STATE-USE-DELETING" => assert_eq!(used.status, 404));
    assert_eq!(finish(&client, request).await.status, 204);
    assert_eq!(client.get(&format!("/v1/sandbox/{id}")).await.status, 404);
}

async fn a_transition_outlives_the_client_that_asked_for_it() {
    let server = slow_server().await;
    let client = server.client();
    let id = a_sandbox_that_runs(&client).await;
    let request = {
        let (client, path) = (client.clone(), format!("/v1/sandbox/{id}/snapshot/create"));
        tokio::spawn(async move { client.post(&path, json!({"name": "alone"})).await })
    };
    until_state(&client, &id, "snapshotting").await;
    request.abort();
    assert!(request.await.is_err_and(|error| error.is_cancelled()));
    advance(&client, TRANSITION_MS).await;
    assert_eq!(client.state(&id).await, "running");
    assert_eq!(client.get("/v1/snapshots").await.json()["items"][0]["name"], "alone");
}

async fn a_deadline_that_falls_into_a_snapshot_acts_after_it() {
    let server = slow_server().await;
    let client = server.client();
    let create = {
        let client = client.clone();
        let body = json!({"template_name": "system/debian:bookworm", "timeout": 5});
        tokio::spawn(async move { client.post("/v1/sandbox", body).await })
    };
    while client.get("/v1/sandboxes?state=starting").await.json()["total_items"] != 1 {
        tokio::task::yield_now().await;
    }
    let id = finish(&client, create).await.text("id");
    let request = begin(&client, "POST", format!("/v1/sandbox/{id}/snapshot/create"));
    until_state(&client, &id, "snapshotting").await;
    advance(&client, 9_000).await;
    proves!("SB-TMO-04" => assert_eq!(client.state(&id).await, "snapshotting", "4 s overdue"));
    assert_eq!(finish(&client, request).await.status, 201);
    proves!("SB-TMO-04" => assert_eq!(client.state(&id).await, "deleting"));
    assert_eq!(client.get("/v1/snapshots").await.json()["total_items"], 1);
}
