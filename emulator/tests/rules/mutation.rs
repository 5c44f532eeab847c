//! Requests that go well, and what may be done to them.

use proptest::collection;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::operations::{BUILT, NOT_BUILT, Names};

/// One request: which operation, and what is done to it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
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

/// Any request that was changed in a few ways.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    (any::<Index>(), collection::vec(change(), 1..4))
        .prop_map(|(operation, changes)| Case { operation, changes })
}

/// A request, ready to be sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether 501 is a legal answer: the operation is not built, or asks for mounts.
    pub(crate) may_be_not_built: bool,
}

impl Case {
    /// The request, about these names.
    pub(crate) fn request(&self, names: &Names) -> Request {
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
