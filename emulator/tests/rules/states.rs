//! The table of states and operations, in its stable columns: running, paused, stopped, absent.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server, prove, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(every_operation_answers_as_its_state_says),
        trial!(mounts_are_not_built_in_any_state),
        trial!(a_sandbox_goes_from_state_to_state_as_drawn),
    ]
}

/// A row of the table: an operation, its requests, and in each state the rule, the status, and the
/// state it leaves, `""` for none.
struct Row {
    requests: &'static [Request],
    cells: [Cell; 4],
}

/// Method, what follows the sandbox's path, body.
type Request = (&'static str, &'static str, &'static str);
/// Rule, status, state afterwards.
type Cell = (&'static str, u16, &'static str);

const STATES: [&str; 4] = ["running", "paused", "stopped", "absent"];

const TABLE: &[Row] = &[
    Row {
        requests: &[("GET", "", ""), ("GET", "/", "")],
        cells: [
            ("STATE-GET-RUNNING", 200, "running"),
            ("STATE-GET-PAUSED", 200, "paused"),
            ("STATE-GET-STOPPED", 200, "stopped"),
            ("STATE-GET-ABSENT", 404, ""),
        ],
    },
    Row {
        requests: &[("DELETE", "", ""), ("DELETE", "/", "")],
        cells: [
            ("STATE-DELETE-RUNNING", 204, ""),
            ("STATE-DELETE-PAUSED", 204, ""),
            ("STATE-DELETE-STOPPED", 204, ""),
            ("STATE-DELETE-ABSENT", 404, ""),
        ],
    },
    Row {
        requests: &[("POST", "/pause", ""), ("POST", "/pause/", "{}")],
        cells: [
            ("STATE-PAUSE-RUNNING", 201, "paused"),
            ("STATE-PAUSE-PAUSED", 409, "paused"),
            ("STATE-PAUSE-STOPPED", 409, "stopped"),
            ("STATE-PAUSE-ABSENT", 404, ""),
        ],
    },
    Row {
        requests: &[("POST", "/stop", ""), ("POST", "/stop/", "{}")],
        cells: [
            ("STATE-STOP-RUNNING", 200, "stopped"),
            ("STATE-STOP-PAUSED", 409, "paused"),
            ("STATE-STOP-STOPPED", 409, "stopped"),
            ("STATE-STOP-ABSENT", 404, ""),
        ],
    },
    Row {
        requests: &[("POST", "/start", ""), ("POST", "/start/", "{}")],
        cells: [
            ("STATE-START-RUNNING", 409, "running"),
            ("STATE-START-PAUSED", 409, "paused"),
            ("STATE-START-STOPPED", 200, "running"),
            ("STATE-START-ABSENT", 404, ""),
        ],
    },
    Row {
        requests: &[
            ("POST", "/snapshot/create", ""),
            ("POST", "/snapshot/create/", r#"{"name":"a"}"#),
        ],
        cells: [
            ("STATE-SNAPSHOT-RUNNING", 201, "running"),
            ("STATE-SNAPSHOT-PAUSED", 409, "paused"),
            ("STATE-SNAPSHOT-STOPPED", 409, "stopped"),
            ("STATE-SNAPSHOT-ABSENT", 404, ""),
        ],
    },
    Row {
        requests: &[
            ("POST", "/snapshot/create", r#"{"kill_sandbox_after":true}"#),
            ("POST", "/snapshot/pause", ""),
            ("POST", "/snapshot/pause/", r#"{"name":"b"}"#),
        ],
        cells: [
            ("STATE-SNAPSHOT-RUNNING", 201, ""),
            ("STATE-SNAPSHOT-PAUSED", 409, "paused"),
            ("STATE-SNAPSHOT-STOPPED", 409, "stopped"),
            ("STATE-SNAPSHOT-ABSENT", 404, ""),
        ],
    },
    Row {
        requests: &[
            ("POST", "/process/execute", r#"{"command":"true"}"#),
            ("POST", "/filesystem/ls", r#"{"path":"/"}"#),
            ("POST", "/filesystem/exists/", r#"{"path":"/none"}"#),
            ("POST", "/filesystem/read-file", r#"{"path":"/etc/hostname"}"#),
            ("GET", "/system/workdir", ""),
            ("GET", "/system/user-home-dir/", ""),
        ],
        cells: [
            ("STATE-USE-RUNNING", 200, "running"),
            ("STATE-USE-PAUSED", 200, "running"),
            ("STATE-USE-STOPPED", 409, "stopped"),
            ("STATE-USE-ABSENT", 404, ""),
        ],
    },
    Row {
        requests: &[
            ("POST", "/filesystem/write-file?path=/workspace/f", "bytes"),
            ("POST", "/filesystem/mkdir", r#"{"path":"/workspace/d"}"#),
        ],
        cells: [
            ("STATE-USE-RUNNING", 204, "running"),
            ("STATE-USE-PAUSED", 204, "running"),
            ("STATE-USE-STOPPED", 409, "stopped"),
            ("STATE-USE-ABSENT", 404, ""),
        ],
    },
];

/// A sandbox in a state; `absent` was one.
async fn a_sandbox_that_is(client: &Client, state: &str) -> String {
    let id = client.a_running_sandbox().await;
    match state {
        "running" => {}
        "paused" => drop(client.change(&id, "pause").await),
        "stopped" => drop(client.change(&id, "stop").await),
        "absent" => client.remove(&id).await,
        other => panic!("no state: {other}"),
    }
    id
}

/// Asserts that a cell holds: the status, the state afterwards, and after a refusal that nothing
/// else has changed.
async fn assert_cell(client: &Client, id: &str, request: Request, cell: Cell, before: &Value) {
    let (method, path, body) = request;
    let (rule, status, after) = cell;
    let answer = client.send(method, &format!("/v1/sandbox/{id}{path}"), body.to_owned()).await;
    assert_eq!(answer.status, status, "{rule}: {method} {path}: {answer:?}");
    let seen = client.get(&format!("/v1/sandbox/{id}")).await;
    if after.is_empty() {
        assert_eq!(seen.status, 404, "{rule}: {method} {path}: {seen:?}");
    } else {
        assert_eq!(seen.text("state"), after, "{rule}: {method} {path}");
    }
    if status >= 400 {
        assert!(!answer.message().is_empty(), "{answer:?}");
        assert_eq!(client.picture().await, *before, "{rule}: {method} {path}");
    }
    prove(&[rule]);
}

async fn every_operation_answers_as_its_state_says() {
    let server = Server::start().await;
    for (row, Row { requests, cells }) in TABLE.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            for (number, request) in requests.iter().enumerate() {
                // An organisation of its own for each: snapshot names are free, nothing is left.
                let client = server.client_with_key(&format!("key-{row}-{column}-{number}"));
                let id = a_sandbox_that_is(&client, STATES[column]).await;
                let before = client.picture().await;
                assert_cell(&client, &id, *request, *cell, &before).await;
                if STATES[column] == "absent" {
                    // One that never was is as absent as one that is no more.
                    assert_cell(&client, "sbx-never", *request, *cell, &before).await;
                }
            }
        }
    }
}

async fn mounts_are_not_built_in_any_state() {
    let server = Server::start().await;
    for state in STATES {
        let client = server.client_with_key(&format!("key-{state}"));
        let id = a_sandbox_that_is(&client, state).await;
        let before = client.picture().await;
        for (method, path) in
            [("POST", "/mounts"), ("PATCH", "/mounts/mnt-a"), ("DELETE", "/mounts/mnt-a")]
        {
            let answer = client.send(method, &format!("/v1/sandbox/{id}{path}"), "{}").await;
            if state == "absent" {
                proves!("STATE-MOUNTS-ABSENT" => assert_eq!(answer.status, 404, "{method} {path}"));
            } else {
                proves!("WIRE-11" => assert_eq!(answer.status, 501, "{state}: {method} {path}"));
            }
            assert_eq!(client.picture().await, before, "{state}: {method} {path}");
        }
    }
}

async fn a_sandbox_goes_from_state_to_state_as_drawn() {
    let server = Server::start().await;
    let client = server.client();
    let state = async |id: &str, answer: Answer| {
        assert!(answer.status < 300, "{answer:?}");
        client.state(id).await
    };
    let id = client.a_running_sandbox().await;
    for _ in 0..2 {
        let paused = state(&id, client.ask(&id, "pause").await).await;
        proves!("SB-03" => assert_eq!(paused, "paused"));
        let used = state(&id, client.exec(&id, "true").await).await;
        proves!("SB-03" => assert_eq!(used, "running"));
        let stopped = state(&id, client.ask(&id, "stop").await).await;
        proves!("SB-03" => assert_eq!(stopped, "stopped"));
        let started = state(&id, client.ask(&id, "start").await).await;
        proves!("SB-03" => assert_eq!(started, "running"));
    }
    // What an early diagram had: a capture that ends in `paused`, a delete from `running` only.
    for change in ["pause", "stop"] {
        let id = client.a_running_sandbox().await;
        let captured = state(&id, client.snapshot(&id, json!({})).await).await;
        proves!("SB-04" => assert_eq!(captured, "running"));
        client.change(&id, change).await;
        let deleted = client.delete(&format!("/v1/sandbox/{id}")).await;
        proves!("SB-04" => assert_eq!(deleted.status, 204, "{deleted:?}"));
    }
}
