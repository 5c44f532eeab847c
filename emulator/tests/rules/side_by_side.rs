//! Two hundred tests at once on one emulator, each in a world of its own.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial!(two_hundred_worlds_side_by_side_behave_as_one_alone)]
}

const WORLDS: usize = 200;

/// What a client sees of a lifecycle, with names for what differs from run to run.
struct Transcript {
    ids: Vec<String>,
    lines: Vec<String>,
}

impl Transcript {
    fn note(&mut self, what: &str, answer: &Answer) {
        let mut text = String::from_utf8_lossy(&answer.body).into_owned();
        if let Ok(json) = serde_json::from_str::<Value>(&text)
            && let Some(id) = json["id"].as_str()
            && !self.ids.iter().any(|known| known == id)
        {
            self.ids.push(id.to_owned());
        }
        for (number, id) in self.ids.iter().enumerate() {
            text = text.replace(id, &format!("id-{number}"));
        }
        self.lines.push(format!("{what}: {} {text}", answer.status));
    }
}

/// Snapshots, copies, changes, collisions, limits and time, on a frozen clock.
async fn live(client: Client) -> Vec<String> {
    let mut seen = Transcript { ids: Vec::new(), lines: Vec::new() };
    let set = json!({"action": "set", "to": "2026-01-01T00:00:00Z"});
    client.post("/_emulator/clock", json!({"action": "freeze"})).await;
    client.post("/_emulator/clock", set).await;
    let create = json!({"template_name": "system/debian:bookworm", "timeout": 60});
    let source = client.post("/v1/sandbox", create.clone()).await;
    seen.note("create", &source);
    let source = format!("/v1/sandbox/{}", source.text("id"));
    let run = async |sandbox: &str, command: &str| {
        client.post(&format!("{sandbox}/process/execute"), json!({"command": command})).await
    };
    seen.note("write", &run(&source, "echo one > f; echo two > /dev/shm/f; ls").await);
    let snapshot = client.post(&format!("{source}/snapshot/create"), json!({"name": "s"})).await;
    seen.note("snapshot", &snapshot);
    let again = client.post(&format!("{source}/snapshot/create"), json!({"name": "s"})).await;
    seen.note("the same name", &again);
    seen.note("change", &run(&source, "echo three > f; rm /dev/shm/f").await);
    let restore = json!({"snapshot_name": "s", "auto_pause": true, "timeout": 30});
    let copy = client.post("/v1/snapshot/restore", restore).await;
    seen.note("restore", &copy);
    let copy = format!("/v1/sandbox/{}", copy.text("id"));
    seen.note("read the copy", &run(&copy, "cat f /dev/shm/f; hostname").await);
    seen.note("read the source", &run(&source, "cat f").await);
    seen.note("third", &client.post("/v1/sandbox", create.clone()).await);
    seen.note("fourth", &client.post("/v1/sandbox", create).await);
    let advance = json!({"action": "advance", "ms": 45_000});
    seen.note("advance", &client.post("/_emulator/clock", advance).await);
    seen.note("the copy", &client.get(&copy).await);
    seen.note("use the copy", &run(&copy, "cat f").await);
    let delete = format!("/v1/snapshot/{}", snapshot.text("id"));
    seen.note("delete in use", &client.delete(&delete).await);
    seen.note("stop", &client.post_empty(&format!("{copy}/stop")).await);
    seen.note("delete", &client.delete(&delete).await);
    seen.note("delete the source", &client.delete(&source).await);
    seen.note("sandboxes", &client.get("/v1/sandboxes?sort=state&order-by=asc").await);
    seen.note("snapshots", &client.get("/v1/snapshots").await);
    seen.lines
}

async fn two_hundred_worlds_side_by_side_behave_as_one_alone() {
    let alone = live(Server::start().await.client()).await;
    assert!(alone.iter().any(|line| line.contains(r#""stdout":"one\ntwo\nid-"#)), "{alone:#?}");
    let server = Server::start().await;
    let lives: Vec<_> = (0..WORLDS)
        .map(|number| tokio::spawn(live(server.client_with_key(&format!("world-{number}")))))
        .collect();
    for (number, life) in lives.into_iter().enumerate() {
        assert_eq!(life.await.expect("no panic"), alone, "world {number}");
    }
}
