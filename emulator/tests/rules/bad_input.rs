//! Requests that nobody should send: each is refused clearly, and changes nothing.

use std::collections::BTreeSet;
use std::sync::Mutex;

use hyper::body::Bytes;
use libtest_mimic::Trial;
use proptest::collection;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::operations::{BUILT, NOT_BUILT, Names};
use crate::support::{Answer, Client, Raw, Server, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(whatever_is_sent_is_answered_and_a_refusal_changes_nothing),
        trial!(broken_http_hurts_nobody_else),
    ]
}

/// How many mutated requests are sent, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 400;

/// One request: which operation, and what is done to it.
#[derive(Clone, Debug)]
struct Case {
    /// An index into the built operations, and after them into the others.
    operation: Index,
    changes: Vec<Change>,
}

/// One thing done to a request that would go well.
#[derive(Clone, Debug)]
enum Change {
    /// A field of the body gets another value; one that does not exist is added.
    Field(Index, Odd),
    /// A field of the body is left out.
    Drop(Index),
    /// The whole body is another value.
    Whole(Odd),
    /// The body ends early.
    Cut(Index),
    /// A byte of the body is another one.
    Flip(Index, u8),
    /// The body is noise.
    Noise(Vec<u8>),
    /// Another method.
    Method(&'static str),
    /// Another content type.
    Kind(&'static str),
    /// Another key, or the key in another form.
    Key(&'static str, &'static str),
    /// Something more on the path.
    Tail(&'static str),
    /// Something more in the query.
    Query(&'static str),
    /// Another sandbox and snapshot.
    Stranger(&'static str),
}

/// A JSON value that hardly any field takes.
#[derive(Clone, Debug)]
enum Odd {
    Json(&'static str),
    Text(String),
    Int(i64),
}

impl Odd {
    fn value(&self) -> Value {
        match self {
            Self::Json(text) => serde_json::from_str(text).expect("JSON"),
            Self::Text(text) => json!(text),
            Self::Int(int) => json!(int),
        }
    }
}

fn odd() -> impl Strategy<Value = Odd> {
    prop_oneof![
        4 => select(JSON).prop_map(Odd::Json),
        1 => select(&[63, 64, 65, 4096, 70_000]).prop_map(|length| Odd::Text("é".repeat(length))),
        1 => any::<String>().prop_map(Odd::Text),
        1 => any::<i64>().prop_map(Odd::Int),
        1 => (-2_i64..10_000).prop_map(Odd::Int),
    ]
}

const JSON: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e300",
    "18446744073709551616",
    "\"\"",
    "\" \"",
    "\"1\"",
    "\"x\"",
    "\"/\"",
    "\"..\"",
    "\"/../..\"",
    "\"relative\"",
    "\"/a\\u0000b\"",
    "\"a\\nb\"",
    "[]",
    "[1]",
    "[null]",
    "[[]]",
    "[{}]",
    "[\"\"]",
    "{}",
    "{\"\":null}",
    "{\"mode\":\"custom\"}",
    "{\"a=b\":\"c\"}",
    "{\"a\":1}",
];
const METHODS: &[&str] =
    &["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"];
const KINDS: &[&str] = &[
    "application/json",
    "text/plain;charset=UTF-8",
    "multipart/form-data",
    "application/octet-stream",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=b",
    "\"",
    "x",
];
const KEYS: &[(&str, &str)] = &[
    ("authorization", ""),
    ("authorization", "Bearer"),
    ("authorization", "Basic eDp5"),
    ("authorization", "key-of-the-trial"),
    ("leap0-authorization", ""),
    ("leap0-authorization", "Bearer key-of-the-trial"),
    ("leap0-authorization", "another"),
];
const TAILS: &[&str] = &["/", "//", "/x", "/%2e%2e", "/%00", ";x", "/%ff"];
const QUERIES: &[&str] = &[
    "page=0",
    "page=x",
    "page-size=1000",
    "sort=%00",
    "state=deleted",
    "path=",
    "path=relative",
    "path=/a%00b",
    "path=%ff",
    "permissions=999",
    "permissions=",
    "&&==&",
    "query=%E2%98",
    "%",
    "a=%zz",
];
const STRANGERS: &[&str] = &["sbx-none", "%00", "..", "x", "%2F", "0-1", "SBX"];

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        8 => (index(), odd()).prop_map(|(at, odd)| Change::Field(at, odd)),
        2 => index().prop_map(Change::Drop),
        1 => odd().prop_map(Change::Whole),
        2 => index().prop_map(Change::Cut),
        2 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        1 => collection::vec(any::<u8>(), 0..200).prop_map(Change::Noise),
        1 => select(METHODS).prop_map(Change::Method),
        1 => select(KINDS).prop_map(Change::Kind),
        1 => select(KEYS).prop_map(|(name, value)| Change::Key(name, value)),
        1 => select(TAILS).prop_map(Change::Tail),
        1 => select(QUERIES).prop_map(Change::Query),
        1 => select(STRANGERS).prop_map(Change::Stranger),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    (any::<Index>(), collection::vec(change(), 1..4))
        .prop_map(|(operation, changes)| Case { operation, changes })
}

/// A request, ready to be sent.
#[derive(Debug)]
struct Request {
    method: String,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Whether 501 is a legal answer: the operation is not built, or asks for mounts.
    may_be_not_built: bool,
}

impl Case {
    fn request(&self, names: &Names) -> Request {
        let index = self.operation.index(BUILT.len() + NOT_BUILT.len());
        let built = BUILT.get(index);
        let (method, path, query, kind, body) = if let Some(row) = built {
            (row.method, row.path, row.query, row.kind, row.body)
        } else {
            let (method, path, _) = NOT_BUILT[index - BUILT.len()];
            (method, path, "", "application/json", "{}")
        };
        let mut names = names.clone();
        let (mut method, mut kind, mut tail) = (method.to_owned(), kind.to_owned(), String::new());
        let mut query = names.fill(query);
        let mut body = names.fill(body).into_bytes();
        let mut headers = Vec::new();
        for change in &self.changes {
            match change {
                Change::Field(..) | Change::Drop(_) => body = with_field_changed(&body, change),
                Change::Whole(odd) => body = odd.value().to_string().into_bytes(),
                Change::Cut(at) => body.truncate(at.index(body.len() + 1)),
                Change::Flip(at, byte) => {
                    if !body.is_empty() {
                        let at = at.index(body.len());
                        body[at] = *byte;
                    }
                }
                Change::Noise(noise) => body.clone_from(noise),
                Change::Method(other) => (*other).clone_into(&mut method),
                Change::Kind(other) => (*other).clone_into(&mut kind),
                Change::Key(name, value) => headers.push((*name, (*value).to_owned())),
                Change::Tail(more) => tail.push_str(more),
                Change::Query(more) => query = format!("{query}&{more}"),
                Change::Stranger(id) => {
                    (*id).clone_into(&mut names.sandbox);
                    (*id).clone_into(&mut names.snapshot);
                }
            }
        }
        headers.push(("content-type", kind));
        let mark = if query.is_empty() { "" } else { "?" };
        let asks_for_mounts =
            serde_json::from_slice::<Value>(&body).is_ok_and(|body| body.get("mounts").is_some());
        // Another method or a longer path can lead to another operation.
        let elsewhere = !tail.is_empty() || built.is_some_and(|row| row.method != method);
        Request {
            may_be_not_built: built.is_none() || elsewhere || asks_for_mounts,
            path: format!("{}{tail}{mark}{query}", names.fill(path)),
            method,
            headers,
            body,
        }
    }
}

/// A JSON object with one of its fields, or one of its parts' fields, changed.
fn with_field_changed(body: &[u8], change: &Change) -> Vec<u8> {
    let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else { return body.to_vec() };
    let mut keys: Vec<String> = object.keys().cloned().collect();
    // Fields that no request has, or not this one.
    keys.extend(
        ["mounts", "memory_mib", "timeout_min", "snapshot_id", "head", "env"].map(str::to_owned),
    );
    match change {
        Change::Field(at, odd) => {
            object.insert(keys[at.index(keys.len())].clone(), odd.value());
        }
        Change::Drop(at) => {
            object.remove(&keys[at.index(keys.len())]);
        }
        _ => unreachable!("no change of a field: {change:?}"),
    }
    Value::Object(object).to_string().into_bytes()
}

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
