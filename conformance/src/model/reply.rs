//! Requests and answers as the model has them.

use bytes::Bytes;
use serde_json::{Value, json};

/// A request, with its key read already.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Path without the query.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What an answer holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Bytes(String, Bytes),
}

impl Call {
    /// The first value of a query parameter; an empty one counts as none.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let alias = name.replace('-', "_");
        let mut found = self.query.iter().filter(|(known, _)| known == name || *known == alias);
        found.next().map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Body::Json(body), headers: Vec::new() }
    }

    pub(crate) fn done() -> Self {
        Self { status: 204, body: Body::Empty, headers: Vec::new() }
    }

    pub(crate) fn bytes(kind: &str, body: impl Into<Bytes>) -> Self {
        Self { status: 200, body: Body::Bytes(kind.to_owned(), body.into()), headers: Vec::new() }
    }

    /// An error that is not about fields.
    pub(crate) fn problem(status: u16, message: impl Into<String>) -> Self {
        Self::json(status, json!({ "message": message.into() }))
    }

    /// An error about fields.
    pub(crate) fn invalid(errors: &[(String, String)]) -> Self {
        let errors: Vec<_> =
            errors.iter().map(|(field, error)| json!({"field": field, "error": error})).collect();
        Self::json(400, json!({"message": "invalid request", "errors": errors}))
    }

    /// An error about one field.
    pub(crate) fn field(field: &str, error: &str) -> Self {
        Self::invalid(&[(field.to_owned(), error.to_owned())])
    }

    /// The state that an answer shows.
    pub(crate) fn state(&self) -> &str {
        match &self.body {
            Body::Json(value) => value["state"].as_str().unwrap_or(""),
            Body::Empty | Body::Bytes(..) => "",
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}
