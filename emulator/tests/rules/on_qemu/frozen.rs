//! PROC-11 where a command can be frozen with its machine, and what machines can't do.

use leap0_emulator_core::clock::{Clock as _, SystemClock};
use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::Inside;
use crate::support::{Server, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_pause_freezes_a_command_which_runs_on_after_the_resume),
        trial!(an_automatic_pause_freezes_a_command_too),
        trial!(a_snapshot_holds_a_command_which_runs_on_in_every_copy),
        trial!(copies_have_the_time_and_differ_in_name_id_and_randomness),
        trial!(a_machine_has_the_size_that_was_asked_for),
        trial!(what_machines_cannot_do_is_answered_501_and_told),
    ]
}

/// Counts in memory until `go` exists, and then says how far it came.
const COUNTING: &str = "i=0; touch started; while [ ! -e go ]; do i=$((i + 1)); done; \
                        echo $i > /dev/shm/end; touch done";

async fn a_pause_freezes_a_command_which_runs_on_after_the_resume() {
    let inside = Inside::start().await;
    let command = inside.start_command(COUNTING);
    inside.until_exists("/workspace/started").await;
    assert_eq!(inside.client.post_empty(&inside.path("pause")).await.status, 201);
    let answer = command.await.expect("no panic");
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.message().contains("paused"), "{answer:?}");
    inside.write("/workspace/go", "").await;
    inside.until_exists("/workspace/done").await;
    let counted = inside.sh("cat /dev/shm/end").await;
    assert!(counted.trim().parse::<u64>().is_ok_and(|count| count > 0), "{counted}");
}

async fn an_automatic_pause_freezes_a_command_too() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_sandbox_with(json!({"timeout": 3, "auto_pause": true})).await;
    let inside = Inside::on(server).await.in_sandbox(id);
    let answer = inside.start_command(COUNTING).await.expect("no panic");
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.message().contains("paused"), "{answer:?}");
    inside.write("/workspace/go", "").await;
    inside.until_exists("/workspace/done").await;
}

async fn a_snapshot_holds_a_command_which_runs_on_in_every_copy() {
    let inside = Inside::start().await;
    let command = inside.start_command(COUNTING);
    inside.until_exists("/workspace/started").await;
    let taken = inside.client.post(&inside.path("snapshot/create"), json!({"name": "s"})).await;
    assert_eq!(taken.status, 201, "{taken:?}");
    let restored = inside.client.post("/v1/snapshot/restore", json!({"snapshot_name": "s"})).await;
    assert_eq!(restored.status, 201, "{restored:?}");
    let source = inside.id.clone();
    let copy = inside.in_sandbox(restored.text("id"));
    copy.write("/workspace/go", "").await;
    copy.until_exists("/workspace/done").await;
    let inside = copy.in_sandbox(source);
    assert!(!inside.exists("/workspace/done").await, "the source still waits");
    inside.write("/workspace/go", "").await;
    let answer = command.await.expect("no panic");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["exit_code"], 0, "{answer:?}");
}

async fn copies_have_the_time_and_differ_in_name_id_and_randomness() {
    let inside = Inside::start().await;
    let taken = inside.client.post(&inside.path("snapshot/create"), json!({"name": "s"})).await;
    assert_eq!(taken.status, 201, "{taken:?}");
    let mut said = Vec::new();
    let mut inside = inside;
    for _ in 0..2 {
        let request = json!({"snapshot_name": "s"});
        let restored = inside.client.post("/v1/snapshot/restore", request).await;
        assert_eq!(restored.status, 201, "{restored:?}");
        let id = restored.text("id");
        inside = inside.in_sandbox(id.clone());
        let script = "hostname; cat /etc/machine-id; head -c 16 /dev/urandom | od -An -tx1; \
                      cat /proc/sys/kernel/random/uuid; date +%s";
        let lines: Vec<String> = inside.sh(script).await.lines().map(str::to_owned).collect();
        assert_eq!(lines[0], id);
        let time: i64 = lines[4].parse().expect("seconds");
        let now = SystemClock.now().as_secs();
        assert!(time.abs_diff(now) < 60, "{time} in the machine, {now} here");
        said.push(lines);
    }
    for (first, second) in said[0].iter().zip(&said[1]).take(4) {
        assert_ne!(first, second);
    }
}

async fn a_machine_has_the_size_that_was_asked_for() {
    let server = Server::start().await;
    let id = server.client().a_sandbox_with(json!({"vcpu": 2, "memory_mib": 640})).await;
    let inside = Inside::on(server).await.in_sandbox(id);
    assert_eq!(inside.sh("nproc").await, "2\n");
    let memory = inside.sh("sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo").await;
    let mib: u64 = memory.trim().parse::<u64>().expect("KiB") / 1024;
    assert!((560..=640).contains(&mib), "the kernel keeps some of the 640 MiB: {mib}");
    let disk = inside.sh("df -P -m / | awk 'NR == 2 {print $2}'").await;
    let mib: u64 = disk.trim().parse().expect("MiB");
    assert!((9_700..=10_240).contains(&mib), "of 10 GiB: {mib}");
}

async fn what_machines_cannot_do_is_answered_501_and_told() {
    let inside = Inside::start().await;
    let backend = &inside.client.get("/_emulator/capabilities").await.json()["backend"];
    assert_eq!(backend["process-survival"], true);
    assert_eq!((&backend["fork"], &backend["export"]), (&json!(false), &json!(false)));
    assert_eq!(backend["accelerator"], "tcg");
    let fork = inside.client.post("/_emulator/world/fork", json!({"to_key": "other"})).await;
    assert_eq!(fork.status, 501, "{fork:?}");
    let export = inside.client.get("/_emulator/world/state").await;
    assert_eq!(export.status, 501, "{export:?}");
}
