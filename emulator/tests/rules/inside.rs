//! A running sandbox, and what trials ask inside it.

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{Answer, Client, Server};

/// A sandbox of a trial's own, on a server of its own.
pub(crate) struct Inside {
    server: Server,
    pub(crate) client: Client,
    pub(crate) id: String,
}

impl Inside {
    /// A sandbox with the default settings.
    pub(crate) async fn start() -> Self {
        Self::on(Server::start().await).await
    }

    /// A sandbox on a server with settings of one's own.
    pub(crate) async fn on(server: Server) -> Self {
        let client = server.client();
        let id = client.a_running_sandbox().await;
        Self { server, client, id }
    }

    /// The same server, looking at another of its sandboxes.
    pub(crate) fn in_sandbox(self, id: String) -> Self {
        Self { id, ..self }
    }

    /// The server.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// A path below the sandbox's own.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/sandbox/{}/{rest}", self.id)
    }

    /// A filesystem operation whose request is JSON.
    pub(crate) async fn fs(&self, operation: &str, body: Value) -> Answer {
        self.client.post(&self.path(&format!("filesystem/{operation}")), body).await
    }

    /// The same, which has to succeed without a body.
    pub(crate) async fn change(&self, operation: &str, body: Value) {
        assert_done(&self.fs(operation, body).await);
    }

    /// The same, which has to succeed with a JSON body.
    pub(crate) async fn ask(&self, operation: &str, body: Value) -> Value {
        let answer = self.fs(operation, body).await;
        assert_json(&answer);
        answer.json()
    }

    /// `write-file`, with its query as given.
    pub(crate) async fn write_file(&self, query: &str, body: impl Into<Bytes>) -> Answer {
        let path = self.path(&format!("filesystem/write-file?{query}"));
        let client = self.client.header("content-type", "application/octet-stream");
        client.send("POST", &path, body).await
    }

    /// Writes a file, which has to succeed.
    pub(crate) async fn write(&self, path: &str, body: impl Into<Bytes>) {
        assert_done(&self.write_file(&query(path), body).await);
    }

    /// Reads a file, which has to succeed.
    pub(crate) async fn read(&self, path: &str) -> Bytes {
        let answer = self.fs("read-file", json!({"path": path})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// `stat`, which has to succeed.
    pub(crate) async fn stat(&self, path: &str) -> Value {
        self.ask("stat", json!({"path": path})).await
    }

    /// `exists`
    pub(crate) async fn exists(&self, path: &str) -> bool {
        let answer = self.ask("exists", json!({"path": path})).await;
        answer["exists"].as_bool().expect("a boolean")
    }

    /// Waits until something in the sandbox has made `path`.
    pub(crate) async fn until_exists(&self, path: &str) {
        while !self.exists(path).await {}
    }

    /// Runs a command, which has to succeed, and gives its standard output.
    pub(crate) async fn sh(&self, command: &str) -> String {
        self.client.sh(&self.id, command).await
    }

    /// What is in the workdir after a while in which anything that still ran had its chance.
    pub(crate) async fn listed_after_a_while(&self) -> String {
        self.sh("i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; ls").await
    }

    /// `process/execute`
    pub(crate) async fn execute(&self, body: Value) -> Answer {
        self.client.post(&self.path("process/execute"), body).await
    }

    /// Starts a command without waiting for its end.
    pub(crate) fn start_command(&self, command: &str) -> JoinHandle<Answer> {
        let (client, path) = (self.client.clone(), self.path("process/execute"));
        let body = json!({"command": command, "timeout": PATIENCE_SECS});
        tokio::spawn(async move { client.post(&path, body).await })
    }
}

/// More than any command of a trial takes that is to end by itself.
const PATIENCE_SECS: u64 = 120;

/// The query of `write-file` for a path.
pub(crate) fn query(path: &str) -> String {
    format!("path={}", utf8_percent_encode(path, NON_ALPHANUMERIC))
}

/// 204 as it has to look: no body, no content type.
pub(crate) fn assert_done(answer: &Answer) {
    assert_eq!(answer.status, 204, "{answer:?}");
    assert!(answer.body.is_empty(), "{answer:?}");
    assert!(!answer.headers.contains_key("content-type"), "{answer:?}");
}

/// 200 with a JSON document.
pub(crate) fn assert_json(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
}
