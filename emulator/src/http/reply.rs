//! Answers before they are HTTP.

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::{RefusedBy, ReplyBody};
use crate::wire::{ErrorBody, FieldError};

/// The body of an answer that went well.
#[derive(Debug)]
pub(crate) enum Content {
    /// 204: no body and no content type (WIRE-08).
    Empty,
    /// A JSON document.
    Json(Vec<u8>),
    /// A file's bytes.
    Bytes(Vec<u8>),
    /// Text for people.
    Text(Vec<u8>),
    /// Several files, with their media type.
    Multipart(String, Vec<u8>),
}

impl Content {
    /// Serialises an answer.
    pub(crate) fn json(answer: &impl Serialize) -> Self {
        let mut text = Vec::with_capacity(512);
        serde_json::to_writer(&mut text, answer).expect("an answer has string keys only");
        Self::Json(text)
    }
}

/// An answer that went well.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
}

impl Reply {
    pub(crate) fn ok(answer: &impl Serialize) -> Self {
        Self { status: StatusCode::OK, content: Content::json(answer) }
    }

    pub(crate) fn created(answer: &impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, content: Content::json(answer) }
    }

    pub(crate) fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, content: Content::Empty }
    }

    pub(crate) fn into_http(self) -> Response<ReplyBody> {
        let (kind, body) = match self.content {
            Content::Empty => (None, Vec::new()),
            Content::Json(text) => (Some(HeaderValue::from_static("application/json")), text),
            Content::Bytes(bytes) => {
                (Some(HeaderValue::from_static("application/octet-stream")), bytes)
            }
            Content::Text(text) => {
                (Some(HeaderValue::from_static("text/plain; charset=utf-8")), text)
            }
            Content::Multipart(kind, bytes) => (HeaderValue::try_from(kind).ok(), bytes),
        };
        let mut response = Response::new(ReplyBody::from(body));
        *response.status_mut() = self.status;
        if let Some(kind) = kind {
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        response
    }
}

/// An answer that refuses, in the vendor's shape.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// Present in the validation shape only.
    pub(crate) errors: Option<Vec<FieldError>>,
    /// Seconds for `retry-after`.
    pub(crate) retry_after: Option<u64>,
    /// Methods for `allow`.
    pub(crate) allow: Option<String>,
    /// The id of the rule behind it, where it is one.
    pub(crate) rule: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message, errors: None, retry_after: None, allow: None, rule: None }
    }

    /// Names the rule behind it.
    pub(crate) fn by(self, rule: &'static str) -> Self {
        Self { rule: Some(rule), ..self }
    }

    /// 400 in the validation shape.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors: Some(errors), ..Self::new(StatusCode::BAD_REQUEST, "invalid request") }
    }

    pub(crate) fn into_http(self) -> Response<ReplyBody> {
        let body = ErrorBody { message: &self.message, errors: self.errors.as_deref() };
        let mut response = Reply { status: self.status, content: Content::json(&body) }.into_http();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            response.headers_mut().insert(ALLOW, allow);
        }
        if let Some(rule) = self.rule {
            response.extensions_mut().insert(RefusedBy(rule));
        }
        response
    }
}
