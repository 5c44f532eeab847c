//! Exchanges without keys, and not longer than people read.

use serde::{Deserialize, Serialize};

use crate::http::{Auth, Exchange};
use crate::run::Session;

/// An exchange as reports show it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Shown {
    pub(crate) at: String,
    pub(crate) took_ms: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    /// `own`, `other` or `bare`: whose key was sent.
    pub(crate) key: String,
    pub(crate) request_headers: Vec<(String, String)>,
    pub(crate) request_body: String,
    /// The status, or none if there was no answer.
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, String)>,
    /// The body, or why there was no answer.
    pub(crate) body: String,
}

/// The longest body that is shown, in characters.
const MOST: usize = 4000;

/// An exchange with its secrets blotted out.
pub(crate) fn shown(exchange: &Exchange, session: &Session) -> Shown {
    let request = &exchange.request;
    let headers = |all: &[(String, String)]| {
        all.iter().map(|(name, value)| (name.clone(), session.redact(value))).collect()
    };
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MOST)]).into_owned();
        session.redact(&text.chars().take(MOST).collect::<String>())
    };
    let (status, answered, body) = match &exchange.answer {
        Ok(answer) => (Some(answer.status), headers(&answer.headers), text(&answer.body)),
        Err(why) => (None, Vec::new(), why.clone()),
    };
    Shown {
        at: crate::moment::rfc3339(exchange.sent_ms),
        took_ms: exchange.took_ms,
        method: request.method.clone(),
        path: session.redact(&request.path),
        key: match request.auth {
            Auth::Own => "own",
            Auth::Other => "other",
            Auth::Bare => "bare",
        }
        .to_owned(),
        request_headers: headers(&request.headers),
        request_body: text(&request.body),
        status,
        headers: answered,
        body,
    }
}
