//! PROC-11: commands that run while their sandbox changes its state.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::inside::Inside;
use crate::support::{Answer, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_pause_interrupts_a_command_and_says_so),
        trial!(a_stop_interrupts_a_command_and_says_so),
        trial!(a_deletion_interrupts_a_command),
        trial!(a_snapshot_that_ends_its_source_interrupts_a_command),
        trial!(a_timeout_interrupts_a_command),
        trial!(a_command_runs_on_through_a_snapshot),
        trial!(a_snapshot_lets_a_command_end_that_soon_does),
        trial!(a_snapshot_never_holds_half_a_command),
    ]
}

/// Starts a command and returns once it runs. It ends when `go` exists.
async fn a_waiting_command(inside: &Inside) -> JoinHandle<Answer> {
    let script = "echo 1 > before; touch started; while [ ! -e go ]; do :; done; echo 2 > after; \
                  cat before after";
    let command = inside.start_command(script);
    inside.until_exists("/workspace/started").await;
    command
}

async fn a_pause_interrupts_a_command_and_says_so() {
    let inside = Inside::start().await;
    let command = a_waiting_command(&inside).await;
    assert_eq!(inside.client.post_empty(&inside.path("pause")).await.status, 201);
    let answer = command.await.expect("no panic");
    proves!("PROC-11" => assert_eq!(answer.status, 409, "{answer:?}"));
    proves!("PROC-11" => assert!(answer.message().contains("paused"), "{answer:?}"));
    proves!("PROC-11" => assert_eq!(inside.client.state(&inside.id).await, "paused"));
    // What it had done is there after the resume.
    proves!("PROC-11", "SB-PAUSE-09" => assert_eq!(inside.read("/workspace/before").await, "1\n"));
    // This server ends what it can't freeze, and says so.
    inside.write("/workspace/go", "").await;
    proves!("PROC-11" =>
        assert_eq!(inside.listed_after_a_while().await, "before\ngo\nstarted\n"));
    let capabilities = inside.client.get("/_emulator/capabilities").await.json();
    proves!("PROC-11" => assert_eq!(capabilities["backend"]["process-survival"], false));
}

async fn a_stop_interrupts_a_command_and_says_so() {
    let inside = Inside::start().await;
    let command = a_waiting_command(&inside).await;
    assert_eq!(inside.client.post_empty(&inside.path("stop")).await.status, 200);
    let answer = command.await.expect("no panic");
    proves!("PROC-11" => assert_eq!(answer.status, 409, "{answer:?}"));
    proves!("PROC-11" => assert!(answer.message().contains("stopped"), "{answer:?}"));
    assert_eq!(inside.client.post_empty(&inside.path("start")).await.status, 200);
    assert_eq!(inside.read("/workspace/before").await, "1\n");
    inside.write("/workspace/go", "").await;
    proves!("PROC-11" =>
        assert_eq!(inside.listed_after_a_while().await, "before\ngo\nstarted\n"));
}

async fn a_deletion_interrupts_a_command() {
    let inside = Inside::start().await;
    let command = a_waiting_command(&inside).await;
    assert_eq!(inside.client.delete(&inside.path("")).await.status, 204);
    let answer = command.await.expect("no panic");
    proves!("PROC-11" => assert_eq!(answer.status, 404, "{answer:?}"));
    proves!("PROC-11" => assert!(answer.message().contains("not found"), "{answer:?}"));
}

async fn a_snapshot_that_ends_its_source_interrupts_a_command() {
    for (path, request) in
        [("snapshot/create", json!({"kill_sandbox_after": true})), ("snapshot/pause", json!({}))]
    {
        let inside = Inside::start().await;
        let command = a_waiting_command(&inside).await;
        assert_eq!(inside.client.post(&inside.path(path), request).await.status, 201);
        let answer = command.await.expect("no panic");
        proves!("PROC-11" => assert_eq!(answer.status, 404, "{path}: {answer:?}"));
    }
}

async fn a_timeout_interrupts_a_command() {
    let server = Server::start().await;
    let client = server.client();
    let execute = async |fields: Value| {
        let id = client.a_sandbox_with(fields).await;
        let answer = client.exec(&id, "while :; do :; done").await;
        (id, answer)
    };
    let (id, answer) = execute(json!({"timeout": 1, "auto_pause": true})).await;
    proves!("PROC-11" => assert_eq!(answer.status, 409, "{answer:?}"));
    proves!("PROC-11" => assert!(answer.message().contains("paused"), "{answer:?}"));
    while client.state(&id).await != "paused" {}
    let (id, answer) = execute(json!({"timeout": 1})).await;
    proves!("PROC-11" => assert_eq!(answer.status, 404, "{answer:?}"));
    while client.get(&format!("/v1/sandbox/{id}")).await.status != 404 {}
}

/// Restores a snapshot and gives the copy's id.
async fn a_copy_of(inside: &Inside, snapshot: &str) -> String {
    let request = json!({"snapshot_name": snapshot});
    let answer = inside.client.post("/v1/snapshot/restore", request).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.text("id")
}

async fn a_command_runs_on_through_a_snapshot() {
    let inside = Inside::start().await;
    let command = a_waiting_command(&inside).await;
    let request = json!({"name": "s"});
    let answer = inside.client.post(&inside.path("snapshot/create"), request).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(!command.is_finished());
    assert_eq!(inside.client.state(&inside.id).await, "running");
    let copy = a_copy_of(&inside, "s").await;
    // In the source it ends as if nothing had been.
    inside.write("/workspace/go", "").await;
    let answer = command.await.expect("no panic");
    proves!("PROC-11" => assert_eq!(answer.status, 200, "{answer:?}"));
    proves!("PROC-11" => assert_eq!(answer.text("stdout"), "1\n2\n"));
    // The copy is what there was when the snapshot was taken.
    let copy = inside.in_sandbox(copy);
    proves!("PROC-11", "SNAP-REST-10" => assert_eq!(copy.read("/workspace/before").await, "1\n"));
    proves!("PROC-11" => assert!(!copy.exists("/workspace/after").await));
}

async fn a_snapshot_lets_a_command_end_that_soon_does() {
    let server = Server::with().grace(Duration::from_mins(1)).start().await;
    let inside = Inside::on(server).await;
    let script = "touch started; i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; echo $i > end";
    let command = inside.start_command(script);
    inside.until_exists("/workspace/started").await;
    let request = json!({"name": "s"});
    assert_eq!(inside.client.post(&inside.path("snapshot/create"), request).await.status, 201);
    assert_eq!(command.await.expect("no panic").json()["exit_code"], 0);
    let id = a_copy_of(&inside, "s").await;
    let copy = inside.in_sandbox(id);
    proves!("PROC-11" => assert_eq!(copy.read("/workspace/end").await, "2000\n"));
}

async fn a_snapshot_never_holds_half_a_command() {
    let inside = Inside::start().await;
    let script = "i=0; while [ ! -e go ]; do i=$((i + 1)); seq $i 99 > f; done";
    let script = script.replace("seq $i 99", "printf '%s first\\n%s last\\n' $i $i");
    let command = inside.start_command(&script);
    inside.until_exists("/workspace/f").await;
    let source = inside.id.clone();
    let mut inside = inside;
    for round in 0..5 {
        let name = format!("s{round}");
        let path = inside.path("snapshot/create");
        assert_eq!(inside.client.post(&path, json!({"name": name})).await.status, 201);
        let id = a_copy_of(&inside, &name).await;
        let copy = inside.in_sandbox(id);
        let text = copy.sh("cat f").await;
        let number = text.split(' ').next().expect("a number");
        let whole = format!("{number} first\n{number} last\n");
        proves!("PROC-11" => assert_eq!(text, whole));
        assert_eq!(copy.client.delete(&copy.path("")).await.status, 204);
        inside = copy.in_sandbox(source.clone());
    }
    inside.write("/workspace/go", "").await;
    assert_eq!(command.await.expect("no panic").json()["exit_code"], 0);
}
