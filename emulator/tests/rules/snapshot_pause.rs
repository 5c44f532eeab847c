//! SNAP-PAUSE: a snapshot that ends its source.

use libtest_mimic::Trial;
use serde_json::json;

use leap0_emulator_core::service::PauseSource;

use crate::shape::{Kind, SNAPSHOT, assert_shape};
use crate::support::{Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(the_answer_is_a_paused_snapshot_and_the_source_is_gone),
        trial!(the_rules_of_names_and_conflicts_are_those_of_create),
        trial!(the_source_stays_paused_where_the_switch_says_so),
    ]
}

async fn the_answer_is_a_paused_snapshot_and_the_source_is_gone() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = Some(1)).start().await;
    let client = server.client();
    for slash in ["", "/"] {
        let id = client.a_running_sandbox().await;
        client.sh(&id, "echo disk > /workspace/d; echo memory > /dev/shm/m").await;
        let path = format!("/v1/sandbox/{id}/snapshot/pause{slash}");
        let name = format!("paused{}", slash.len());
        let answer = client.post(&path, json!({ "name": name })).await;
        proves!("SNAP-PAUSE-01" => assert_eq!(answer.status, 201, "{answer:?}"));
        proves!("SNAP-PAUSE-02" => assert_eq!(answer.text("state"), "paused"));
        assert_shape(&answer.json(), SNAPSHOT, &[("state", Kind::Text)]);
        assert_eq!(answer.text("name"), name);
        let source = client.get(&format!("/v1/sandbox/{id}")).await;
        proves!("SNAP-PAUSE-01", "SNAP-PAUSE-03" => assert_eq!(source.status, 404, "{source:?}"));
        // Its place is free.
        let copy = client.restore(&name).await;
        proves!("SNAP-PAUSE-03" => assert_eq!(copy.status, 201, "{copy:?}"));
        let seen = client.sh(&copy.text("id"), "cat /workspace/d /dev/shm/m").await;
        proves!("SNAP-PAUSE-01" => assert_eq!(seen, "disk\nmemory\n"));
        client.remove(&copy.text("id")).await;
    }
    // The list does not say so.
    let list = client.list("/v1/snapshots").await;
    proves!("SNAP-PAUSE-02" => assert!(list["items"][0].get("state").is_none(), "{list}"));
}

async fn the_rules_of_names_and_conflicts_are_those_of_create() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let path = format!("/v1/sandbox/{id}/snapshot/pause");
    client.a_snapshot(&id, "taken").await;
    let refused = [
        (json!({"name": "taken"}), 409),
        (json!({"name": " taken "}), 409),
        (json!({"name": ""}), 400),
        (json!({"name": "x".repeat(65)}), 400),
        (json!({"name": "a\nb"}), 400),
        (json!({"name": 1}), 400),
    ];
    for (body, status) in refused {
        let answer = client.post(&path, body).await;
        proves!("SNAP-PAUSE-04" => assert_eq!(answer.status, status, "{answer:?}"));
        proves!("SNAP-PAUSE-04" => assert_eq!(client.state(&id).await, "running"));
    }
    client.change(&id, "stop").await;
    let stopped = client.post(&path, json!({"name": "free"})).await;
    proves!("SNAP-PAUSE-04" => assert_eq!(stopped.status, 409, "{stopped:?}"));
    client.change(&id, "start").await;
    let answer = client.post(&path, json!({"name": null, "kill_sandbox_after": false})).await;
    proves!("SNAP-PAUSE-04" =>
        assert!(answer.text("name").starts_with("debian-bookworm-"), "{answer:?}"));
    assert_eq!(client.get(&format!("/v1/sandbox/{id}")).await.status, 404);
}

async fn the_source_stays_paused_where_the_switch_says_so() {
    let settings = |settings: &mut leap0_emulator_core::service::Settings| {
        settings.pause_source = PauseSource::Paused;
        settings.max_sandboxes = Some(2);
    };
    let server = Server::with().settings(settings).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.sh(&id, "echo memory > /dev/shm/m").await;
    let answer =
        client.post(&format!("/v1/sandbox/{id}/snapshot/pause"), json!({"name": "p"})).await;
    proves!("SNAP-PAUSE-02" => assert_eq!(answer.text("state"), "paused"));
    proves!("SNAP-PAUSE-03" => assert_eq!(client.state(&id).await, "paused"));
    let copy = client.a_copy("p").await;
    client.sh(&copy, "echo changed > /dev/shm/m").await;
    // A use resumes it, with its own memory.
    proves!("SNAP-PAUSE-03" => assert_eq!(client.sh(&id, "cat /dev/shm/m").await, "memory\n"));
    assert_eq!(client.state(&id).await, "running");
    // It never stopped counting.
    assert_eq!(client.create(json!({})).await.status, 409);
    // `kill_sandbox_after` is not a matter of the switch.
    let answer = client.snapshot(&id, json!({"kill_sandbox_after": true})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    proves!("SNAP-KILL-02" =>
        assert_eq!(client.get(&format!("/v1/sandbox/{id}")).await.status, 404));
}
