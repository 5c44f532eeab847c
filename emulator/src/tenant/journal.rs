//! What an organisation's clients have sent and been answered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use hyper::Method;
use leap0_emulator_core::clock::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::http::Sdk;

/// Most exchanges kept; older ones are forgotten, but count in the usage.
const MAX_EXCHANGES: usize = 1000;
/// Most bytes kept of a body.
const MAX_BODY: usize = 16 << 10;

/// A request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) at: Timestamp,
    pub(crate) sdk: Sdk,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The operation's name, where the path is one.
    pub(crate) operation: Option<&'static str>,
    pub(crate) request: Excerpt,
    /// `None` when the connection was dropped on demand.
    pub(crate) status: Option<u16>,
    /// The id of the rule that refused it, where it was one.
    pub(crate) refused_by: Option<&'static str>,
    pub(crate) answer: Excerpt,
}

/// The beginning of a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Excerpt {
    bytes: Bytes,
    /// How long the body was.
    whole: usize,
}

impl Excerpt {
    /// Keeps what is small as it is, and the beginning of what is not.
    pub(crate) fn of(body: &Bytes) -> Self {
        let bytes = if body.len() <= MAX_BODY {
            body.clone()
        } else {
            Bytes::copy_from_slice(&body[..MAX_BODY])
        };
        Self { bytes, whole: body.len() }
    }

    /// The body as JSON, if it was that and short enough.
    pub(crate) fn json(&self) -> Option<Value> {
        if self.bytes.len() < self.whole {
            return None;
        }
        serde_json::from_slice(&self.bytes).ok()
    }

    /// The `state` that the body shows. All else is skipped and not built: this is asked of most
    /// answers.
    fn state(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Shown {
            state: Option<String>,
        }
        if self.bytes.len() < self.whole {
            return None;
        }
        serde_json::from_slice::<Shown>(&self.bytes).ok()?.state
    }

    /// How long the body was, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.whole
    }
}

/// The latest exchanges, and what all of them amount to.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    exchanges: VecDeque<Exchange>,
    usage: BTreeMap<&'static str, Usage>,
    sdks: BTreeSet<Sdk>,
    unknown_paths: BTreeSet<String>,
}

/// What a client has done with one operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) calls: u64,
    /// Answers by status; 0 stands for a dropped connection.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Parameters that were sent, in the body or the query.
    pub(crate) parameters: BTreeSet<String>,
    /// Sandbox states that answers have shown.
    pub(crate) states: BTreeSet<String>,
    /// Refusals: status, rule and message, with their number.
    pub(crate) refusals: BTreeMap<(u16, Option<&'static str>, String), u64>,
}

/// Most unknown paths and refusals told apart.
const MAX_KINDS: usize = 100;

impl Journal {
    /// Writes an exchange down.
    pub(crate) fn record(&mut self, exchange: Exchange) {
        self.sdks.insert(exchange.sdk.clone());
        match exchange.operation {
            Some(operation) => self.usage.entry(operation).or_default().count(&exchange),
            None if self.unknown_paths.len() < MAX_KINDS => {
                let path = exchange.path.split('?').next().unwrap_or_default();
                self.unknown_paths.insert(format!("{} {path}", exchange.method));
            }
            None => {}
        }
        if self.exchanges.len() == MAX_EXCHANGES {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
    }

    /// The latest exchanges, the newest last.
    pub(crate) fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter()
    }

    /// What each operation was used for.
    pub(crate) fn usage(&self) -> &BTreeMap<&'static str, Usage> {
        &self.usage
    }

    /// The clients that were seen.
    pub(crate) fn sdks(&self) -> impl Iterator<Item = &Sdk> {
        self.sdks.iter()
    }

    /// Methods and paths that are no operation.
    pub(crate) fn unknown_paths(&self) -> impl Iterator<Item = &str> {
        self.unknown_paths.iter().map(String::as_str)
    }
}

impl Usage {
    fn count(&mut self, exchange: &Exchange) {
        self.calls += 1;
        let status = exchange.status.unwrap_or(0);
        *self.statuses.entry(status).or_default() += 1;
        let query = exchange.path.split_once('?').map_or("", |(_, query)| query);
        let names = query.split('&').filter_map(|pair| pair.split('=').next());
        self.parameters.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
        // The body of these is files, whatever is in them.
        let takes_files =
            exchange.operation.is_some_and(|name| name.starts_with("filesystem/write-file"));
        if exchange.request.len() > 0
            && !takes_files
            && let Some(Value::Object(body)) = exchange.request.json()
        {
            self.parameters.extend(body.into_iter().map(|(name, _)| name));
        }
        // Only these answer with a state; the others' bodies are not worth reading.
        let shows_state = exchange.operation.is_some_and(|operation| {
            let one = operation.starts_with("sandbox/") || operation.starts_with("snapshot/");
            one && !operation.ends_with("/list")
        });
        if shows_state && self.states.len() < 9 {
            self.states.extend(exchange.answer.state());
        }
        if status >= 400 && self.refusals.len() < MAX_KINDS {
            let message = exchange.answer.json().and_then(|body| {
                let fields = body["errors"].as_array().map(|errors| {
                    let one = |error: &Value| {
                        let text = |name: &str| error[name].as_str().unwrap_or("?").to_owned();
                        format!("{} {}", text("field"), text("error"))
                    };
                    errors.iter().map(one).collect::<Vec<_>>().join("; ")
                });
                fields.or_else(|| body["message"].as_str().map(str::to_owned))
            });
            let refusal = (status, exchange.refused_by, message.unwrap_or_default());
            *self.refusals.entry(refusal).or_default() += 1;
        }
    }
}
