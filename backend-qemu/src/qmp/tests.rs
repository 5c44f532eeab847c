//! The protocol's bad days, played by a peer without any QEMU.

use std::time::Duration;

use qapi::qmp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};

use super::*;

const GREETING: &str = r#"{"QMP": {"version": {}, "capabilities": ["oob", "from-the-future"]}}"#;

/// QEMU's end, played by the test.
struct Peer(BufReader<DuplexStream>);

impl Peer {
    async fn says(&mut self, line: &str) {
        self.0.write_all(line.as_bytes()).await.expect("written");
        self.0.write_all(b"\r\n").await.expect("written");
    }

    /// The name of the next command, and its id.
    async fn hears(&mut self) -> (String, Value) {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("read");
        let mut message: Value = serde_json::from_str(&line).expect("a line of JSON");
        let name = message["execute"].as_str().expect("a command").to_owned();
        (name, message["id"].take())
    }

    async fn hears_only(&mut self, expected: &str) -> Value {
        let (name, id) = self.hears().await;
        assert_eq!(name, expected);
        id
    }

    async fn answers(&mut self, id: &Value, value: Value) {
        self.says(&json!({ "return": value, "id": id }).to_string()).await;
    }

    async fn refuses(&mut self, id: &Value, text: &str) {
        let error = json!({ "class": "GenericError", "desc": text });
        self.says(&json!({ "error": error, "id": id }).to_string()).await;
    }

    async fn tells(&mut self, job: &str, status: &str) {
        let data = json!({ "id": job, "status": status });
        let timestamp = json!({ "seconds": 0, "microseconds": 0 });
        let event = json!({ "event": "JOB_STATUS_CHANGE", "data": data, "timestamp": timestamp });
        self.says(&event.to_string()).await;
    }

    async fn lists(&mut self, job: &str, error: Option<&str>) {
        let id = self.hears_only("query-jobs").await;
        let mut info = json!({ "id": job, "type": "snapshot-save", "status": "concluded",
            "current-progress": 1, "total-progress": 1 });
        if let Some(error) = error {
            info["error"] = error.into();
        }
        self.answers(&id, json!([info])).await;
        let id = self.hears_only("job-dismiss").await;
        self.answers(&id, json!({})).await;
    }
}

fn pair() -> (DuplexStream, Peer) {
    let (ours, theirs) = duplex(1 << 16);
    (ours, Peer(BufReader::new(theirs)))
}

async fn opened() -> (Monitor, Peer) {
    let (ours, mut peer) = pair();
    let (monitor, ()) = tokio::join!(Monitor::open(ours), async {
        peer.says(GREETING).await;
        let id = peer.hears_only("qmp_capabilities").await;
        peer.answers(&id, json!({})).await;
    });
    (monitor.expect("opened"), peer)
}

fn save() -> qmp::snapshot_save {
    let node = String::from("node");
    qmp::snapshot_save {
        job_id: "save".into(),
        tag: "t".into(),
        vmstate: node.clone(),
        devices: vec![node],
    }
}

#[tokio::test]
async fn a_job_ends_well() {
    let (monitor, mut peer) = opened().await;
    let (outcome, ()) = tokio::join!(monitor.run_job("save", save()), async {
        let id = peer.hears_only("snapshot-save").await;
        peer.answers(&id, json!({})).await;
        for status in ["created", "running", "waiting", "pending", "concluded"] {
            peer.tells("save", status).await;
        }
        peer.lists("save", None).await;
    });
    outcome.expect("saved");
}

#[tokio::test]
async fn a_job_that_ends_before_its_command_is_answered_has_ended() {
    let (monitor, mut peer) = opened().await;
    let (outcome, ()) = tokio::join!(monitor.run_job("save", save()), async {
        let id = peer.hears_only("snapshot-save").await;
        peer.tells("another", "concluded").await;
        peer.tells("save", "concluded").await;
        peer.says(r#"{"event": "INVENTED_LATER", "data": [1], "timestamp": "soon"}"#).await;
        peer.answers(&id, json!({})).await;
        peer.lists("save", None).await;
    });
    outcome.expect("saved");
}

#[tokio::test]
async fn a_job_that_fails_says_why_and_is_cleared_away() {
    let (monitor, mut peer) = opened().await;
    let (outcome, ()) = tokio::join!(monitor.run_job("save", save()), async {
        let id = peer.hears_only("snapshot-save").await;
        peer.answers(&id, json!({})).await;
        peer.tells("save", "aborting").await;
        peer.tells("save", "concluded").await;
        peer.lists("save", Some("No space left on device")).await;
    });
    let error = outcome.expect_err("the disk is full");
    assert_eq!(error.to_string(), "job save: No space left on device");
}

#[tokio::test]
async fn a_job_that_is_refused_does_not_wait_for_its_end() {
    let (monitor, mut peer) = opened().await;
    for _ in 0..2 {
        let (outcome, ()) = tokio::join!(monitor.run_job("save", save()), async {
            let id = peer.hears_only("snapshot-save").await;
            peer.refuses(&id, "Device 'node' is in use").await;
        });
        let error = outcome.expect_err("refused");
        assert_eq!(error.to_string(), "snapshot-save: Device 'node' is in use");
    }
}

#[tokio::test]
async fn the_end_of_the_connection_in_the_middle_of_a_job_ends_it() {
    let (monitor, mut peer) = opened().await;
    let (outcome, ()) = tokio::join!(monitor.run_job("save", save()), async {
        let id = peer.hears_only("snapshot-save").await;
        peer.answers(&id, json!({})).await;
        peer.tells("save", "running").await;
        drop(peer);
    });
    assert!(matches!(outcome, Err(QmpError::Closed { .. })), "{outcome:?}");
    let later = monitor.execute(qmp::stop {}).await;
    assert!(matches!(later, Err(QmpError::Closed { command: "stop" })), "{later:?}");
}

#[tokio::test]
async fn answers_in_another_order_find_their_calls() {
    let (monitor, mut peer) = opened().await;
    let (stop, cont, ()) =
        tokio::join!(monitor.execute(qmp::stop {}), monitor.execute(qmp::cont {}), async {
            let (first, first_id) = peer.hears().await;
            let (second, second_id) = peer.hears().await;
            assert_eq!((first.as_str(), second.as_str()), ("stop", "cont"));
            peer.refuses(&second_id, "no").await;
            peer.answers(&first_id, json!({})).await;
        });
    stop.expect("the first was answered");
    assert!(matches!(cont, Err(QmpError::Refused { command: "cont", .. })), "{cont:?}");
}

#[tokio::test]
async fn a_call_that_is_given_up_harms_no_other() {
    let (monitor, mut peer) = opened().await;
    let given_up = tokio::time::timeout(Duration::ZERO, monitor.execute(qmp::stop {}));
    given_up.await.expect_err("nobody answered");
    let (outcome, ()) = tokio::join!(monitor.execute(qmp::cont {}), async {
        let stop = peer.hears_only("stop").await;
        let cont = peer.hears_only("cont").await;
        peer.answers(&stop, json!({})).await;
        peer.answers(&cont, json!({})).await;
    });
    outcome.expect("answered");
}

#[tokio::test]
async fn another_protocol_and_an_empty_one_are_refused() {
    for (greeting, expected) in [
        ("HTTP/1.1 400 Bad Request", "greeting: not QMP: HTTP/1.1 400 Bad Request"),
        (r#"{"return": {}}"#, r#"greeting: not QMP: {"return": {}}"#),
    ] {
        let (ours, mut peer) = pair();
        let (outcome, ()) = tokio::join!(Monitor::open(ours), peer.says(greeting));
        assert_eq!(outcome.expect_err("refused").to_string(), expected);
    }
    let (ours, peer) = pair();
    drop(peer);
    let error = Monitor::open(ours).await.expect_err("nobody there");
    assert_eq!(error.to_string(), "greeting: the connection ended");
}

#[tokio::test]
async fn the_agents_leftovers_are_passed_over() {
    let (ours, mut peer) = pair();
    let (agent, ()) = tokio::join!(Agent::open(ours, 42), async {
        let mut heard = Vec::new();
        peer.0.read_until(b'\n', &mut heard).await.expect("read");
        let text = String::from_utf8_lossy(&heard[1..]);
        assert_eq!((heard[0], text.contains("\"id\":42")), (0xFF, true), "{text}");
        // What the source of a snapshot was saying, and half an answer of it.
        peer.says(r#"{"return": 7}"#).await;
        peer.0.write_all(b"{\"retu").await.expect("written");
        peer.0.write_all(&[0xFF]).await.expect("written");
        peer.says(r#"{"return": 41}"#).await;
        peer.0.write_all(&[0xFF]).await.expect("written");
        peer.says(r#"{"return": 42}"#).await;
    });
    let agent = agent.expect("opened");
    let (outcome, ()) = tokio::join!(agent.freeze_filesystems(), async {
        let id = peer.hears_only("guest-fsfreeze-freeze").await;
        peer.answers(&id, json!(1)).await;
    });
    outcome.expect("frozen");
}
