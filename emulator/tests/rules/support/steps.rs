//! Steps that many trials take, and looks at what they left behind.

use std::future::Future;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::{Answer, Client};
use crate::operations::{Built, Names};

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a condition that the trial can only look at.
pub(crate) async fn until<F>(what: &str, mut holds: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let wait = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("never came true: {what}"));
}

impl Client {
    /// Asks for a sandbox of the smallest template with these fields.
    pub(crate) async fn create(&self, fields: Value) -> Answer {
        let mut body = json!({"template_name": "system/debian:bookworm"});
        let object = body.as_object_mut().expect("an object");
        object.extend(fields.as_object().expect("an object").clone());
        self.post("/v1/sandbox", body).await
    }

    /// Asks for something of a sandbox, without a body: `pause`, `stop`, `start`.
    pub(crate) async fn ask(&self, sandbox: &str, what: &str) -> Answer {
        self.post_empty(&format!("/v1/sandbox/{sandbox}/{what}")).await
    }

    /// Pauses, stops, or starts a sandbox, which has to succeed.
    pub(crate) async fn change(&self, sandbox: &str, what: &str) -> Value {
        let answer = self.ask(sandbox, what).await;
        assert!(answer.status == 200 || answer.status == 201, "{what}: {answer:?}");
        answer.json()
    }

    /// Brings back a sandbox that was paused or stopped.
    pub(crate) async fn change_back(&self, sandbox: &str, what: &str) {
        if what == "stop" {
            self.change(sandbox, "start").await;
        } else {
            self.sh(sandbox, "true").await;
        }
    }

    /// Deletes a sandbox, which has to succeed.
    pub(crate) async fn remove(&self, sandbox: &str) {
        let answer = self.delete(&format!("/v1/sandbox/{sandbox}")).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// Asks for a snapshot.
    pub(crate) async fn snapshot(&self, sandbox: &str, fields: Value) -> Answer {
        self.post(&format!("/v1/sandbox/{sandbox}/snapshot/create"), fields).await
    }

    /// Takes a snapshot under a name and gives its id.
    pub(crate) async fn a_snapshot(&self, sandbox: &str, name: &str) -> String {
        let answer = self.snapshot(sandbox, json!({ "name": name })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("id")
    }

    /// Asks for a sandbox made from a snapshot.
    pub(crate) async fn restore(&self, name: &str) -> Answer {
        self.post("/v1/snapshot/restore", json!({ "snapshot_name": name })).await
    }

    /// Makes a sandbox from a snapshot and gives its id.
    pub(crate) async fn a_copy(&self, name: &str) -> String {
        let answer = self.restore(name).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("id")
    }

    /// A list, which has to be there.
    pub(crate) async fn list(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// The items of a list by one of their fields, in the list's order.
    pub(crate) async fn listed(&self, path: &str, field: &str) -> Vec<String> {
        let list = self.list(path).await;
        let items = list["items"].as_array().expect("items");
        items.iter().map(|item| item[field].as_str().expect("text").to_owned()).collect()
    }

    /// One sandbox as the list shows it.
    pub(crate) async fn item(&self, sandbox: &str) -> Value {
        let list = self.list("/v1/sandboxes?page-size=100").await;
        let items = list["items"].as_array().expect("items");
        items.iter().find(|item| item["id"] == sandbox).expect("it is listed").clone()
    }

    /// Everything that can be seen of an organisation without using any of it.
    pub(crate) async fn picture(&self) -> Value {
        let sandboxes = self.list("/v1/sandboxes?page-size=100&sort=created_at").await;
        let snapshots = self.list("/v1/snapshots?page-size=100").await;
        let mut details = Vec::new();
        for item in sandboxes["items"].as_array().expect("items") {
            let id = item["id"].as_str().expect("an id");
            details.push(self.get(&format!("/v1/sandbox/{id}")).await.json());
        }
        json!([sandboxes, snapshots, details])
    }
}

impl Built {
    /// Sends the request that goes well, with `slash` at the end of its path.
    pub(crate) async fn send(&self, client: &Client, names: &Names, slash: &str) -> Answer {
        let mark = if self.query.is_empty() { "" } else { "?" };
        let target = names.fill(&format!("{}{slash}{mark}{}", self.path, self.query));
        let body = Bytes::from(names.fill(self.body));
        client.header("content-type", self.kind).send(self.method, &target, body).await
    }
}
