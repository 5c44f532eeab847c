//! A request, before a key and a host are put on it.

use bytes::Bytes;
use serde_json::Value;

/// A request that can be sent to any target.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, from `/v1` on.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) auth: Auth,
    /// Whether the answer is one that the API's schema describes.
    pub(crate) described: bool,
    /// Whether a 429 is the answer that was asked for, and not a reason to wait.
    pub(crate) final_429: bool,
}

/// Whose key goes with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Auth {
    /// The key that the suite was given, as `Authorization: Bearer`.
    Own,
    /// The key of another organisation.
    Other,
    /// None, or what the headers say.
    Bare,
}

impl Request {
    /// A request without a body.
    pub(crate) fn new(method: &str, path: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            path: path.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            auth: Auth::Own,
            described: true,
            final_429: false,
        }
    }

    /// GET
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    /// POST of a JSON document.
    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new("POST", path).json(body)
    }

    /// DELETE
    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new("DELETE", path)
    }

    /// The same with a JSON body.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// The same with this body.
    pub(crate) fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The same with one more header, in place of one of the same name.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with another key.
    pub(crate) fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// The same, where the schema says nothing of the answer.
    pub(crate) fn undescribed(mut self) -> Self {
        self.described = false;
        self
    }

    /// The same, where a 429 is not waited out.
    pub(crate) fn final_429(mut self) -> Self {
        self.final_429 = true;
        self
    }
}
