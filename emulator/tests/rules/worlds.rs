//! `/_emulator/world/*`: an organisation's world, copied whole.

use leap0_emulator_core::clock::ClockMode;
use libtest_mimic::Trial;
use serde_json::json;

use crate::support::{Client, Server, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_fork_has_everything_and_shares_nothing),
        trial!(a_command_under_way_stays_with_the_world_it_came_to),
        trial!(a_fork_of_a_fork_and_the_end_of_its_parent),
        trial!(the_time_of_a_fork_goes_on_by_itself),
        trial!(a_fork_goes_to_an_empty_organisation_only),
    ]
}

async fn fork(from: &Client, to_key: &str) {
    let answer = from.post("/_emulator/world/fork", json!({ "to_key": to_key })).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn a_fork_has_everything_and_shares_nothing() {
    let server = Server::start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    let running = a.a_running_sandbox().await;
    a.sh(&running, "echo disk > f; echo memory > /dev/shm/f").await;
    let paused = a.a_running_sandbox().await;
    a.sh(&paused, "echo paused > f").await;
    a.post_empty(&format!("/v1/sandbox/{paused}/pause")).await;
    let stopped = a.a_running_sandbox().await;
    a.sh(&stopped, "echo stopped > f").await;
    a.post(&format!("/v1/sandbox/{running}/snapshot/create"), json!({"name": "s"})).await;
    a.post_empty(&format!("/v1/sandbox/{stopped}/stop")).await;
    let fault = json!({"faults": [{"operation": "sandbox/list", "delay_ms": 0}]});
    a.send("PUT", "/_emulator/faults", fault.to_string()).await;
    let before = (a.get("/v1/sandboxes").await.json(), a.get("/v1/snapshots").await.json());

    fork(&a, "b").await;
    let after = (b.get("/v1/sandboxes").await.json(), b.get("/v1/snapshots").await.json());
    assert_eq!(before, after);
    assert_eq!(b.get("/_emulator/faults").await.json()["faults"][0]["operation"], "sandbox/list");
    assert_eq!(b.get("/_emulator/requests").await.json()["requests"][0]["path"], "/v1/sandboxes");

    // Both write, to what was running, paused, stopped or saved; neither sees the other's.
    a.sh(&running, "echo a > f; echo a > /dev/shm/f").await;
    assert_eq!(b.sh(&running, "cat f /dev/shm/f").await, "disk\nmemory\n");
    b.sh(&running, "echo b > f").await;
    assert_eq!(a.sh(&running, "cat f").await, "a\n");
    a.sh(&paused, "echo a > f").await;
    assert_eq!(b.state(&paused).await, "paused");
    assert_eq!(b.sh(&paused, "cat f").await, "paused\n");
    b.post_empty(&format!("/v1/sandbox/{stopped}/start")).await;
    assert_eq!(b.sh(&stopped, "cat f").await, "stopped\n");
    assert_eq!(a.state(&stopped).await, "stopped");
    assert_eq!(a.delete(&format!("/v1/sandbox/{running}")).await.status, 204);
    assert_eq!(b.sh(&running, "cat f").await, "b\n");
    let snapshot = before.1["items"][0]["id"].as_str().expect("an id");
    assert_eq!(a.delete(&format!("/v1/snapshot/{snapshot}")).await.status, 204);
    b.delete(&format!("/v1/sandbox/{paused}")).await;
    let copy = b.post("/v1/snapshot/restore", json!({"snapshot_name": "s"})).await;
    assert_eq!(b.sh(&copy.text("id"), "cat f").await, "disk\n");
}

async fn a_command_under_way_stays_with_the_world_it_came_to() {
    let server = Server::start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    let id = a.a_running_sandbox().await;
    let waiting = {
        let (a, id) = (a.clone(), id.clone());
        let script = "echo up > up; while [ ! -e go ]; do sleep 0.01; done; echo done > done";
        tokio::spawn(async move { a.sh(&id, script).await })
    };
    while a.exec(&id, "cat up").await.json()["exit_code"] != 0 {
        tokio::task::yield_now().await;
    }
    fork(&a, "b").await;
    b.sh(&id, "touch go").await;
    assert!(!waiting.is_finished(), "the other world's file is not its own");
    a.sh(&id, "touch go").await;
    waiting.await.expect("no panic");
    assert_eq!(a.sh(&id, "cat done").await, "done\n");
    assert_eq!(b.sh(&id, "ls").await, "go\nup\n");
}

async fn a_fork_of_a_fork_and_the_end_of_its_parent() {
    let server = Server::start().await;
    let client = |key| server.client_with_key(key);
    let id = client("a").a_running_sandbox().await;
    client("a").sh(&id, "echo 1 > f").await;
    fork(&client("a"), "b").await;
    fork(&client("b"), "c").await;
    client("b").post("/_emulator/reset", json!({})).await;
    client("a").sh(&id, "echo 2 > f").await;
    assert_eq!(client("c").sh(&id, "cat f").await, "1\n");
    client("a").post("/_emulator/reset", json!({})).await;
    assert_eq!(client("c").sh(&id, "cat f; echo 3 > f; cat f").await, "1\n3\n");
}

async fn the_time_of_a_fork_goes_on_by_itself() {
    let server =
        Server::with().settings(|settings| settings.clock = ClockMode::Frozen).start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    let id = a.a_sandbox_with(json!({"timeout": 60})).await;
    fork(&a, "b").await;
    assert_eq!(a.get("/_emulator/clock").await.json(), b.get("/_emulator/clock").await.json());
    let advance = json!({"action": "advance", "ms": 60_000});
    assert_eq!(b.post("/_emulator/clock", advance).await.status, 200);
    assert_eq!(b.get(&format!("/v1/sandbox/{id}")).await.status, 404);
    assert_eq!(a.state(&id).await, "running");
}

async fn a_fork_goes_to_an_empty_organisation_only() {
    let server = Server::with().keys(&["a", "a2:a", "b"]).start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    a.a_running_sandbox().await;
    let kept = b.a_running_sandbox().await;
    let fork = async |body| a.post("/_emulator/world/fork", body).await;
    assert_eq!(fork(json!({})).await.fields(), ["to_key"]);
    assert_eq!(fork(json!({"to_key": "nobody's"})).await.fields(), ["to_key"]);
    for taken in ["a", "a2", "b"] {
        assert_eq!(fork(json!({ "to_key": taken })).await.status, 409, "{taken}");
    }
    assert_eq!(b.state(&kept).await, "running");
    b.delete(&format!("/v1/sandbox/{kept}")).await;
    assert_eq!(fork(json!({"to_key": "b"})).await.status, 204);
    assert_eq!(a.get("/_emulator/world/state").await.status, 501);
}
