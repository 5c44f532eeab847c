//! Rules that every exchange is a proof of, or a breach.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::operation;
use super::validate::{entries, entry, faults};
use crate::http::{Answer, Exchange};
use crate::moment;

/// How often a rule was seen to hold, and where it did not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    pub(crate) held: usize,
    /// What is wrong, with the exchange that shows it; the first few.
    pub(crate) broken: Vec<(String, Exchange)>,
}

/// Looks at every exchange.
#[derive(Debug, Default)]
pub(crate) struct Observer(Mutex<BTreeMap<String, Observed>>);

/// Breaches that are kept for one rule.
const KEPT: usize = 3;

impl Observer {
    /// The rules that are judged here.
    pub(crate) fn rules() -> Vec<&'static str> {
        let mut rules: Vec<&str> = entries().iter().map(|entry| &*entry.rule).collect();
        rules.extend(["WIRE-06", "WIRE-08", "WIRE-09", "RESP-06", "RESP-07", "SB-02"]);
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// Judges one exchange.
    pub(crate) fn look(&self, exchange: &Exchange) {
        let Ok(answer) = &exchange.answer else { return };
        let request = &exchange.request;
        let Some(operation) = operation(&request.method, &request.path) else { return };
        if !request.described {
            return;
        }
        self.note("WIRE-06", exchange, redirect(answer));
        self.note("WIRE-08", exchange, media_type(&operation, answer));
        if answer.status >= 400 {
            self.note("WIRE-09", exchange, error_shape(&operation, answer));
        }
        if let Some(entry) = entry(&operation, answer.status) {
            let faults = faults(&entry.schema, &answer.json);
            self.note(&entry.rule, exchange, faults.into_iter().next());
        }
        let mut times = Vec::new();
        if answer.ok() && answer.json.is_object() && !operation.starts_with("filesystem") {
            timestamps(&answer.json, &mut times);
        }
        if !times.is_empty() {
            let bad = times.iter().find(|(_, text)| !moment::is_rfc3339(text));
            let fault = bad.map(|(name, text)| format!("{name} is {text}, not of RFC 3339"));
            self.note("RESP-06", exchange, fault);
        }
        if let Some(id) = answer.json["id"].as_str().filter(|_| answer.ok()) {
            let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
            let fault = (!plain || id.is_empty())
                .then(|| format!("the id {id:?} can't stand in a path as it is"));
            self.note("SB-02", exchange, fault);
            if !operation.starts_with("snapshot/c") && operation != "snapshot/pause" {
                self.note("RESP-07", exchange, label(id));
            }
        }
    }

    fn note(&self, rule: &str, exchange: &Exchange, fault: Option<String>) {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let observed = rules.entry(rule.to_owned()).or_default();
        match fault {
            None => observed.held += 1,
            Some(fault) if observed.broken.len() < KEPT => {
                observed.broken.push((fault, exchange.clone()));
            }
            Some(_) => {}
        }
    }

    /// Everything that was seen.
    pub(crate) fn take(&self) -> BTreeMap<String, Observed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn redirect(answer: &Answer) -> Option<String> {
    (300..400).contains(&answer.status).then(|| {
        format!("the answer is a redirect ({}) to {:?}", answer.status, answer.header("location"))
    })
}

fn media_type(operation: &str, answer: &Answer) -> Option<String> {
    if answer.status == 204 {
        let kind = answer.header("content-type");
        return if !answer.body.is_empty() {
            Some("a 204 has a body".to_owned())
        } else if !kind.is_empty() {
            Some(format!("a 204 has the content type {kind}"))
        } else {
            None
        };
    }
    let wanted = match (operation, answer.status) {
        ("filesystem/read-file", 200) => "application/octet-stream",
        ("filesystem/read-files", 200) => "multipart/form-data",
        _ => "application/json",
    };
    let seen = answer.media_type();
    if seen != wanted {
        return Some(format!("the content type is {seen:?}, not {wanted}"));
    }
    (wanted == "application/json" && serde_json::from_slice::<Value>(&answer.body).is_err())
        .then(|| "the body is no JSON".to_owned())
}

fn error_shape(operation: &str, answer: &Answer) -> Option<String> {
    let list = matches!(operation, "sandbox/list" | "snapshot/list");
    if answer.status == 400 && list && answer.json.get("errors").is_some() {
        return Some("a list's 400 has `errors`, which its schema leaves out".to_owned());
    }
    let schema = if answer.status == 400 && !list { "ValidationError" } else { "Error" };
    faults(schema, &answer.json).into_iter().next()
}

/// Every text that is called a time.
fn timestamps(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let is_time = name.ends_with("_at") || name.ends_with("_time");
                match value {
                    Value::String(text) if is_time => found.push((name.clone(), text.clone())),
                    other => timestamps(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| timestamps(item, found)),
        _ => {}
    }
}

/// Whether an id can be a label of a host name, with a port after it.
fn label(id: &str) -> Option<String> {
    let fits = id.len() <= 57
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !id.starts_with('-')
        && !id.ends_with('-');
    (!fits).then(|| format!("the id {id:?} is no label of a host name with room for a port"))
}
