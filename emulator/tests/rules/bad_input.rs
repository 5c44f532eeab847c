//! Requests that nobody should send: each is refused clearly, and changes nothing.

use std::collections::BTreeSet;
use std::sync::Mutex;

use hyper::body::Bytes;
use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::mutation::{Request, case};
use crate::operations::Names;
use crate::support::{Answer, Client, Raw, Server, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(whatever_is_sent_is_answered_and_a_refusal_changes_nothing),
        trial!(broken_http_hurts_nobody_else),
    ]
}

/// How many mutated requests are sent, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 400;

/// Asserts what holds for every answer.
fn judge(request: &Request, answer: &Answer) -> Result<(), TestCaseError> {
    let status = answer.status;
    prop_assert!((200..600).contains(&status) && !(300..400).contains(&status), "{answer:?}");
    prop_assert!(status < 500 || status == 501, "{answer:?}");
    prop_assert!(status != 501 || request.may_be_not_built, "{answer:?}");
    if status < 400 || request.method == "HEAD" {
        return Ok(());
    }
    prop_assert_eq!(answer.header("content-type"), "application/json");
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| TestCaseError::fail(format!("{answer:?}")))?;
    let object = body.as_object().ok_or_else(|| TestCaseError::fail(format!("{answer:?}")))?;
    let keys: BTreeSet<_> = object.keys().map(String::as_str).collect();
    prop_assert!(keys.iter().all(|key| ["message", "errors"].contains(key)), "{answer:?}");
    prop_assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{answer:?}");
    if let Some(errors) = object.get("errors") {
        prop_assert_eq!(status, 400);
        let errors = errors.as_array().ok_or_else(|| TestCaseError::fail(format!("{answer:?}")))?;
        prop_assert!(!errors.is_empty(), "{answer:?}");
        for error in errors {
            prop_assert!(error["field"].is_string() && error["error"].is_string(), "{answer:?}");
        }
    }
    Ok(())
}

/// What can be seen, and whether the sandbox's files are still as they were.
async fn everything(client: &Client, id: &str) -> Value {
    let picture = client.picture().await;
    if client.get(&format!("/v1/sandbox/{id}")).await.status != 200
        || client.state(id).await != "running"
    {
        return picture;
    }
    let path = format!("/v1/sandbox/{id}/filesystem/ls");
    let files = client.post(&path, json!({"path": "/workspace", "recursive": true})).await;
    json!([picture, files.json()])
}

/// A running sandbox with a file, a snapshot of it, and how all that looks.
async fn a_stage(client: &Client) -> (Names, Value) {
    let sandbox = client.a_running_sandbox().await;
    client.sh(&sandbox, "printf text > /workspace/f").await;
    let snapshot = client.a_snapshot(&sandbox, "base").await;
    let picture = everything(client, &sandbox).await;
    (Names { sandbox, snapshot, new: "new".to_owned() }, picture)
}

async fn whatever_is_sent_is_answered_and_a_refusal_changes_nothing() {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let regressions = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules/bad_input.regressions");
    let defaults = Config::default();
    let config = Config {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { defaults.cases } else { CASES },
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        ..defaults
    };
    // What a refused request has left as it was; what another has changed is set up anew.
    let stage: Mutex<Option<(Names, Value)>> = Mutex::default();
    let seen = Mutex::new(BTreeSet::new());
    tokio::task::block_in_place(|| {
        let judged = TestRunner::new(config).run(&case(), |case| {
            Handle::current().block_on(async {
                let client = server.client();
                let standing = stage.lock().expect("no panic").take();
                let (names, before) = match standing {
                    Some(stage) => stage,
                    None => a_stage(&client).await,
                };
                let request = case.request(&names);
                let sender = request
                    .headers
                    .iter()
                    .fold(client.clone(), |client, (name, value)| client.header(name, value));
                let answer = sender
                    .send(&request.method, &request.path, Bytes::from(request.body.clone()))
                    .await;
                seen.lock().expect("no panic").insert(answer.status);
                judge(&request, &answer)?;
                if answer.status >= 400 {
                    let after = everything(&client, &names.sandbox).await;
                    prop_assert_eq!(&before, &after, "{:?} was refused: {:?}", request, answer);
                    *stage.lock().expect("no panic") = Some((names, after));
                } else {
                    clear(&client).await;
                }
                Ok(())
            })
        });
        judged.unwrap_or_else(|failure| panic!("{failure}"));
    });
    let seen = seen.into_inner().expect("no panic");
    for status in [200, 201, 204, 400, 401, 404, 405, 501] {
        assert!(seen.contains(&status), "{status} was never answered: the requests are too alike");
    }
}

/// Deletes every sandbox and every snapshot.
async fn clear(client: &Client) {
    for id in client.listed("/v1/sandboxes?page-size=100", "id").await {
        client.remove(&id).await;
    }
    for id in client.listed("/v1/snapshots?page-size=100", "id").await {
        assert_eq!(client.delete(&format!("/v1/snapshot/{id}")).await.status, 204);
    }
}

async fn broken_http_hurts_nobody_else() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let before = client.picture().await;
    for bytes in [
        &b"\r\n\r\n"[..],
        b"nonsense\r\n\r\n",
        b"GET\r\n",
        b"GET /v1/sandboxes HTTP/9.9\r\n\r\n",
        b"POST /v1/sandbox HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST /v1/sandbox HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST /v1/sandbox HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/sandbox HTTP/1.1\r\nauthorization: k\r\ncontent-length: 100\r\n\r\n{",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0",
    ] {
        let mut raw = Raw::open(&server).await;
        raw.write(bytes).await;
        drop(raw);
        assert_eq!(client.state(&id).await, "running", "{bytes:?}");
    }
    assert_eq!(client.picture().await, before);
}
