//! What came back.

use bytes::Bytes;
use serde_json::Value;

use super::Request;

/// An answer, whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The body as JSON, or `null` if it is none.
    pub(crate) json: Value,
}

/// A request and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Request,
    /// The answer, or why there was none.
    pub(crate) answer: Result<Answer, String>,
    /// When it was sent, in milliseconds since the epoch.
    pub(crate) sent_ms: u64,
    pub(crate) took_ms: u64,
}

impl Exchange {
    /// Whether an organisation had no place for a sandbox that an operation was to make or start.
    pub(crate) fn is_full(&self, operation: Option<&str>) -> bool {
        let Ok(answer) = &self.answer else { return false };
        let full = match operation {
            Some("sandbox/create") => answer.status == 409 || answer.status == 429,
            Some("snapshot/restore" | "snapshot/resume" | "sandbox/start") => answer.status == 429,
            _ => false,
        };
        full && !self.request.final_429
    }

    /// A request that was not sent.
    pub(crate) fn failed(request: Request, why: &str) -> Self {
        let sent_ms = crate::moment::now_ms();
        Self { request, answer: Err(why.to_owned()), sent_ms, took_ms: 0 }
    }
}

impl Answer {
    pub(crate) fn new(status: u16, headers: Vec<(String, String)>, body: Bytes) -> Self {
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Self { status, headers, body, json }
    }

    /// A header, or the empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The media type without its parameters.
    pub(crate) fn media_type(&self) -> &str {
        self.header("content-type").split(';').next().unwrap_or("").trim()
    }

    /// A text in the JSON object, or the empty text.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.json[field].as_str().unwrap_or("")
    }

    /// The `message` of an error.
    pub(crate) fn message(&self) -> &str {
        self.text("message")
    }

    /// The fields that a validation error names.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }

    /// What a command printed, in the words of any era.
    pub(crate) fn printed(&self) -> &str {
        let text = self.json.get("stdout").or_else(|| self.json.get("result"));
        text.and_then(Value::as_str).unwrap_or("")
    }

    /// Whether the request was done.
    pub(crate) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Status and the beginning of the body, for people.
    pub(crate) fn brief(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let short: String = body.chars().take(200).collect();
        let dots = if short.len() < body.len() { "…" } else { "" };
        if short.is_empty() {
            self.status.to_string()
        } else {
            format!("{} {short}{dots}", self.status)
        }
    }
}
