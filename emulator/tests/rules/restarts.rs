//! `--data-dir`: what a server has when it is started again. The test `persistence` does it to the
//! program, and kills it too.

use leap0_storage::DataFolder;
use libtest_mimic::Trial;
use serde_json::json;

use crate::support::{Server, proves, trial, until};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial!(everything_outlives_an_orderly_restart)]
}

async fn everything_outlives_an_orderly_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::with().data_dir(folder.path()).start().await;
    let client = server.client();
    let ran = client.a_running_sandbox().await;
    client.sh(&ran, "echo disk > f; echo memory > /dev/shm/f").await;
    client.a_snapshot(&ran, "s").await;
    let stopped = client.a_running_sandbox().await;
    client.sh(&stopped, "echo stopped > f").await;
    client.change(&stopped, "stop").await;
    let gone = client.a_running_sandbox().await;
    client.remove(&gone).await;
    let counted = json!({"sandboxes": 2, "snapshots": 1, "kept": true});
    assert_eq!(client.get("/_emulator/world").await.json(), counted);
    server.end().await;
    // What kept its time goes after it.
    let free = async || DataFolder::open(folder.path(), "memory").is_ok();
    until("the folder is free", free).await;

    let server = Server::with().data_dir(folder.path()).start().await;
    let client = server.client();
    proves!("CTL-09" => {
        assert_eq!(client.get("/_emulator/world").await.json(), counted);
        assert_eq!(client.state(&ran).await, "paused");
        assert_eq!(client.sh(&ran, "cat f /dev/shm/f").await, "disk\nmemory\n");
        assert_eq!(client.state(&stopped).await, "stopped");
        client.change(&stopped, "start").await;
        assert_eq!(client.sh(&stopped, "cat f").await, "stopped\n");
        let copy = client.a_copy("s").await;
        assert_eq!(client.sh(&copy, "cat f /dev/shm/f").await, "disk\nmemory\n");
        assert_eq!(client.get(&format!("/v1/sandbox/{gone}")).await.status, 404);
    });
    server.end().await;
}
