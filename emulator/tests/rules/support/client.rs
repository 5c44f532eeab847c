//! A client that sends what it is told and shows what came back.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A client of one server, with one key.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    authority: String,
    headers: HeaderMap,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(super) fn new(authority: &str, key: Option<&str>) -> Self {
        let client = Self { authority: authority.to_owned(), headers: HeaderMap::new() };
        match key {
            Some(key) => client.header("authorization", &format!("Bearer {key}")),
            None => client,
        }
    }

    /// The same client with one more header on every request, replacing one of the same name.
    pub(crate) fn header(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.insert(
            HeaderName::try_from(name).expect("a header name"),
            HeaderValue::try_from(value).expect("a header value"),
        );
        Self { authority: self.authority.clone(), headers }
    }

    /// The same client, calling the server by another name.
    pub(crate) fn under_name(&self, host: &str) -> Self {
        self.header("host", host)
    }

    /// Sends anything, on a connection of its own.
    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        let stream = TcpStream::connect(&self.authority).await.expect("the server listens");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("a method");
        *request.uri_mut() = path.parse().expect("a path");
        *request.headers_mut() = self.headers.clone();
        let host = HeaderValue::try_from(&self.authority).expect("a header value");
        request.headers_mut().entry("host").or_insert(host);
        let response = sender.send_request(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole answer").to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// GET
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Bytes::new()).await
    }

    /// DELETE
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, Bytes::new()).await
    }

    /// POST without a body.
    pub(crate) async fn post_empty(&self, path: &str) -> Answer {
        self.send("POST", path, Bytes::new()).await
    }

    /// POST of a JSON document.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.header("content-type", "application/json").send("POST", path, body.to_string()).await
    }

    /// Creates a sandbox with default settings and gives its id.
    pub(crate) async fn a_running_sandbox(&self) -> String {
        self.a_sandbox_with(serde_json::json!({})).await
    }

    /// Creates a sandbox with these fields besides its template, and gives its id.
    pub(crate) async fn a_sandbox_with(&self, fields: Value) -> String {
        let mut body = serde_json::json!({"template_name": "system/debian:bookworm"});
        let object = body.as_object_mut().expect("an object");
        object.extend(fields.as_object().expect("an object").clone());
        let answer = self.post("/v1/sandbox", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("id")
    }

    /// Runs a command in a sandbox and gives its standard output; it has to succeed.
    pub(crate) async fn sh(&self, sandbox: &str, command: &str) -> String {
        let answer = self.exec(sandbox, command).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["exit_code"], 0, "{answer:?}");
        answer.text("stdout")
    }

    /// Runs a command in a sandbox.
    pub(crate) async fn exec(&self, sandbox: &str, command: &str) -> Answer {
        let path = format!("/v1/sandbox/{sandbox}/process/execute");
        self.post(&path, serde_json::json!({ "command": command })).await
    }

    /// The state that GET shows.
    pub(crate) async fn state(&self, sandbox: &str) -> String {
        let answer = self.get(&format!("/v1/sandbox/{sandbox}/")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("state")
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// A string in the body's JSON object.
    pub(crate) fn text(&self, field: &str) -> String {
        match &self.json()[field] {
            Value::String(text) => text.clone(),
            other => panic!("{field} is {other}, not a string: {self:?}"),
        }
    }

    /// A header, or the empty string.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The `message` of an error in the vendor's shape, with nothing else but `errors` beside it.
    pub(crate) fn message(&self) -> String {
        let json = self.json();
        let object = json.as_object().expect("an object");
        assert!(object.keys().all(|key| key == "message" || key == "errors"), "{self:?}");
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        self.text("message")
    }

    /// The fields that a validation error names, in its order.
    pub(crate) fn fields(&self) -> Vec<String> {
        assert_eq!(self.status, 400, "{self:?}");
        assert!(!self.message().is_empty(), "{self:?}");
        let json = self.json();
        let errors = json["errors"].as_array().unwrap_or_else(|| panic!("no errors: {self:?}"));
        let field = |error: &Value| {
            assert!(error["error"].as_str().is_some_and(|text| !text.is_empty()), "{self:?}");
            error["field"].as_str().unwrap_or_else(|| panic!("no field: {self:?}")).to_owned()
        };
        errors.iter().map(field).collect()
    }
}
