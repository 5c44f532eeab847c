//! SB-TMO, LIM-04 and all else that happens as time passes.

use leap0_emulator_core::clock::ClockMode;
use leap0_emulator_core::service::TimeoutAction;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_timeout_deletes_a_sandbox_at_its_moment),
        trial!(a_timeout_pauses_a_sandbox_that_asked_for_it),
        trial!(a_timeout_stops_a_sandbox_where_the_switch_says_so),
        trial!(use_does_not_move_a_timeout),
        trial!(a_resume_and_a_start_begin_a_new_timeout),
        trial!(a_restored_sandbox_has_a_timeout_of_its_own),
        trial!(the_rate_limit_counts_requests_in_a_window_of_a_minute),
        trial!(every_timestamp_follows_the_clock),
        trial!(the_clock_of_one_organisation_is_not_that_of_another),
        trial!(a_clock_that_is_moved_lets_everything_happen_at_its_moment),
        trial!(a_malformed_clock_request_is_refused),
    ]
}

async fn frozen() -> Server {
    Server::with().settings(|settings| settings.clock = ClockMode::Frozen).start().await
}

async fn advance(client: &Client, ms: u64) {
    let answer = client.post("/_emulator/clock", json!({"action": "advance", "ms": ms})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// What the list shows of a sandbox.
async fn item(client: &Client, id: &str) -> Value {
    let list = client.get("/v1/sandboxes").await.json();
    let items = list["items"].as_array().expect("items").clone();
    items.into_iter().find(|item| item["id"] == id).expect("listed")
}

async fn exists(client: &Client, id: &str) -> bool {
    client.get(&format!("/v1/sandbox/{id}")).await.status == 200
}

async fn a_timeout_deletes_a_sandbox_at_its_moment() {
    let server = frozen().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"timeout": 60})).await;
    let created = item(&client, &id).await;
    let launch = created["launch_time"].as_str().expect("a launch time");
    let launch = leap0_emulator_core::clock::Timestamp::parse(launch).expect("RFC 3339");
    proves!("SB-TMO-01" => assert_eq!(created["timeout_at"], launch.as_secs() + 60));
    advance(&client, 59_999).await;
    assert_eq!(client.state(&id).await, "running");
    advance(&client, 1).await;
    proves!("SB-TMO-03" => assert!(!exists(&client, &id).await));
    for _ in 0..3 {
        client.a_running_sandbox().await;
    }
}

async fn a_timeout_pauses_a_sandbox_that_asked_for_it() {
    let server = frozen().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"timeout_min": 1, "auto_pause": true})).await;
    client.sh(&id, "echo disk > f; echo memory > /dev/shm/f").await;
    advance(&client, 60_000).await;
    proves!("SB-TMO-02", "SB-CREATE-09" => assert_eq!(client.state(&id).await, "paused"));
    let list = client.get("/v1/snapshots").await.json();
    proves!("SB-CREATE-09" => assert_eq!(list["total_items"], 0, "no named snapshot"));
    let paused = item(&client, &id).await;
    proves!("SB-TMO-05" => assert!(paused.get("timeout_at").is_none(), "{paused}"));
    advance(&client, 8 * 3_600_000).await;
    assert_eq!(client.state(&id).await, "paused");
    assert_eq!(client.sh(&id, "cat f /dev/shm/f").await, "disk\nmemory\n");
}

async fn a_timeout_stops_a_sandbox_where_the_switch_says_so() {
    let server = Server::with()
        .settings(|settings| {
            settings.clock = ClockMode::Frozen;
            settings.timeout_action = TimeoutAction::Stop;
        })
        .start()
        .await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"timeout": 60})).await;
    advance(&client, 60_000).await;
    assert_eq!(client.state(&id).await, "stopped");
    let stopped = item(&client, &id).await;
    proves!("SB-TMO-05" => assert!(stopped.get("timeout_at").is_none(), "{stopped}"));
}

async fn use_does_not_move_a_timeout() {
    let server = frozen().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"timeout": 60})).await;
    let before = item(&client, &id).await["timeout_at"].clone();
    advance(&client, 30_000).await;
    client.sh(&id, "true").await;
    client.get(&format!("/v1/sandbox/{id}")).await;
    let after = item(&client, &id).await["timeout_at"].clone();
    proves!("SB-TMO-01", "SB-GET-03" => assert_eq!(before, after));
    advance(&client, 30_000).await;
    assert!(!exists(&client, &id).await);
}

async fn a_resume_and_a_start_begin_a_new_timeout() {
    let server = frozen().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"timeout": 60, "env_vars": {"A": "b"}})).await;
    let created = client.get(&format!("/v1/sandbox/{id}")).await.json();
    advance(&client, 50_000).await;
    client.post_empty(&format!("/v1/sandbox/{id}/pause")).await;
    advance(&client, 1_000_000).await;
    client.sh(&id, "true").await;
    advance(&client, 59_999).await;
    proves!("SB-PAUSE-08" => assert_eq!(client.state(&id).await, "running"));
    client.post_empty(&format!("/v1/sandbox/{id}/stop")).await;
    advance(&client, 1_000_000).await;
    let before = item(&client, &id).await;
    let started = client.post_empty(&format!("/v1/sandbox/{id}/start")).await;
    let after = item(&client, &id).await;
    proves!("SB-START-04" => {
        assert_eq!(client.sh(&id, "echo $A").await, "b\n");
        assert_eq!(started.json()["created_at"], created["created_at"]);
        assert_ne!(after["launch_time"], before["launch_time"]);
        assert_eq!(started.json()["timeout"], 60);
    });
    advance(&client, 59_999).await;
    assert_eq!(client.state(&id).await, "running");
    advance(&client, 1).await;
    assert!(!exists(&client, &id).await);
}

async fn a_restored_sandbox_has_a_timeout_of_its_own() {
    let server = frozen().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"timeout": 3600, "auto_pause": true})).await;
    let path = format!("/v1/sandbox/{id}/snapshot/create");
    assert_eq!(client.post(&path, json!({"name": "s"})).await.status, 201);
    let copy = client.post("/v1/snapshot/restore", json!({"snapshot_name": "s"})).await;
    proves!("SNAP-REST-04" => assert_eq!(copy.json()["timeout"], 300));
    proves!("SNAP-REST-05" => assert_eq!(copy.json()["auto_pause"], false));
    let copy = copy.text("id");
    advance(&client, 300_000).await;
    proves!("SNAP-REST-04", "SNAP-REST-05" => assert!(!exists(&client, &copy).await));
    assert_eq!(client.state(&id).await, "running");
}

async fn the_rate_limit_counts_requests_in_a_window_of_a_minute() {
    let server = Server::with()
        .settings(|settings| {
            settings.clock = ClockMode::Frozen;
            settings.rate_limit = Some(5);
        })
        .start()
        .await;
    let client = server.client();
    for _ in 0..5 {
        assert_eq!(client.get("/v1/sandboxes").await.status, 200);
    }
    advance(&client, 15_000).await;
    let refused = client.get("/v1/sandboxes").await;
    proves!("LIM-04" => {
        assert_eq!(refused.status, 429);
        assert_eq!(refused.header("retry-after"), "45");
    });
    assert!(!refused.message().is_empty());
    assert_eq!(server.client_with_key("other").get("/v1/sandboxes").await.status, 200);
    advance(&client, 45_000).await;
    proves!("LIM-04" => assert_eq!(client.get("/v1/sandboxes").await.status, 200));

    let unlimited = Server::start().await;
    let client = unlimited.client();
    for _ in 0..1100 {
        assert_eq!(client.get("/v1/sandboxes").await.status, 200, "off by default");
    }
}

async fn every_timestamp_follows_the_clock() {
    let server = frozen().await;
    let client = server.client();
    let moment = "2001-09-09T01:46:40.123Z";
    let set = client.post("/_emulator/clock", json!({"action": "set", "to": moment})).await;
    assert_eq!(set.json(), json!({"now": moment, "mode": "frozen"}));
    let answer =
        client.post("/v1/sandbox", json!({"template_name": "system/debian:bookworm"})).await;
    assert_eq!(answer.text("created_at"), moment);
    assert_eq!(answer.header("date"), "Sun, 09 Sep 2001 01:46:40 GMT");
    let id = answer.text("id");
    assert_eq!(
        client.sh(&id, "touch f; date -u +%s; stat -c %Y f").await,
        "1000000000\n1000000000\n"
    );
    let listed = item(&client, &id).await;
    for field in ["created_at", "launch_time", "state_change_time"] {
        assert_eq!(listed[field], moment, "{field}");
    }
    assert_eq!(listed["timeout_at"], 1_000_000_300);
    let resumed = client.post("/_emulator/clock", json!({"action": "resume"})).await;
    assert_eq!(resumed.text("mode"), "system");
    assert!(resumed.text("now").starts_with("2001-09-09T01:4"));
}

async fn the_clock_of_one_organisation_is_not_that_of_another() {
    let server = Server::start().await;
    let (a, b) = (server.client_with_key("a"), server.client_with_key("b"));
    let id = b.a_sandbox_with(json!({"timeout": 60})).await;
    a.post("/_emulator/clock", json!({"action": "freeze"})).await;
    advance(&a, 100 * 3_600_000).await;
    assert_eq!(b.state(&id).await, "running");
    assert_eq!(b.get("/_emulator/clock").await.text("mode"), "system");
}

async fn a_clock_that_is_moved_lets_everything_happen_at_its_moment() {
    let server = frozen().await;
    let client = server.client();
    let tell = async |body| client.post("/_emulator/clock", body).await.text("now");
    let begun = "2030-01-01T00:00:00.000Z";
    tell(json!({"action": "set", "to": begun})).await;
    let mut ids = Vec::new();
    for timeout in [120, 60] {
        ids.push(client.a_sandbox_with(json!({"timeout": timeout, "auto_pause": true})).await);
    }
    let moved = tell(json!({"action": "advance", "ms": 90_500})).await;
    proves!("CTL-01" => assert_eq!(moved, "2030-01-01T00:01:30.500Z"));
    let changed = async |at: usize| {
        let item = item(&client, &ids[at]).await;
        (item["state"].clone(), item["state_change_time"].clone())
    };
    proves!("CTL-02" => {
        assert_eq!(changed(1).await, (json!("paused"), json!("2030-01-01T00:01:00.000Z")));
        assert_eq!(changed(0).await, (json!("running"), json!(begun)));
    });
    tell(json!({"action": "set", "to": "2030-01-02T00:00:00Z"})).await;
    proves!("CTL-02" => assert_eq!(
        changed(0).await,
        (json!("paused"), json!("2030-01-01T00:02:00.000Z"))
    ));
    let set = tell(json!({"action": "set", "to": begun})).await;
    proves!("CTL-01" => {
        assert_eq!(set, begun);
        let dated = client.get("/v1/sandboxes").await;
        assert_eq!(dated.header("date"), "Tue, 01 Jan 2030 00:00:00 GMT");
    });
    proves!("CTL-02" => assert_eq!(changed(1).await.0, "paused"));
}

async fn a_malformed_clock_request_is_refused() {
    let server = frozen().await;
    let client = server.client();
    let before = client.get("/_emulator/clock").await.json();
    for (body, field) in [
        (json!({}), "action"),
        (json!({"action": "stop"}), "action"),
        (json!({"action": "advance"}), "ms"),
        (json!({"action": "advance", "ms": -1}), "ms"),
        (json!({"action": "advance", "ms": "1"}), "ms"),
        (json!({"action": "set"}), "to"),
        (json!({"action": "set", "to": "tomorrow"}), "to"),
    ] {
        let answer = client.post("/_emulator/clock", body.clone()).await;
        assert_eq!(answer.fields(), [field], "{body}");
    }
    assert_eq!(client.get("/_emulator/clock").await.json(), before);
    assert_eq!(server.anonymous().get("/_emulator/clock").await.status, 401);
    assert_eq!(client.delete("/_emulator/clock").await.status, 405);
}
