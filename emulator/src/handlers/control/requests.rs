//! `/_emulator/requests`: the latest exchanges of the caller's organisation, secrets redacted.

use leap0_emulator_core::clock::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::{Reply, Sdk};
use crate::tenant::{Excerpt, Exchange, Tenant};
use crate::wire::rfc3339;

const REDACTED: &str = "(redacted)";

/// Fields whose values are never shown, at any depth.
const SECRETS: [&str; 9] = [
    "env_vars",
    "envs",
    "env",
    "inject_headers",
    "credentials",
    "password",
    "access_key_id",
    "secret_access_key",
    "token",
];

#[derive(Serialize)]
struct ExchangeBody<'a> {
    #[serde(serialize_with = "rfc3339")]
    at: Timestamp,
    client: String,
    era: Option<String>,
    method: &'a str,
    path: &'a str,
    operation: Option<&'a str>,
    request: Option<Value>,
    /// Absent when the connection was dropped on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// The id of the rule that refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_by: Option<&'a str>,
    answer: Option<Value>,
}

impl<'a> ExchangeBody<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        Self {
            at: exchange.at,
            client: exchange.sdk.to_string(),
            era: era(&exchange.sdk),
            method: exchange.method.as_str(),
            path: &exchange.path,
            operation: exchange.operation,
            request: shown(&exchange.request),
            status: exchange.status,
            refused_by: exchange.refused_by,
            answer: shown(&exchange.answer),
        }
    }
}

/// The letter of a client's era.
pub(super) fn era(sdk: &Sdk) -> Option<String> {
    sdk.era().map(|era| format!("{era:?}"))
}

/// The latest exchanges, the newest last.
pub(super) fn show(tenant: &Tenant) -> Reply {
    let journal = tenant.journal();
    let requests: Vec<_> = journal.exchanges().map(ExchangeBody::of).collect();
    Reply::ok(&json!({ "requests": requests }))
}

/// A body without its secrets; of one that is no JSON, the length.
fn shown(excerpt: &Excerpt) -> Option<Value> {
    if excerpt.len() == 0 {
        return None;
    }
    let mut value =
        excerpt.json().unwrap_or_else(|| Value::String(format!("({} bytes)", excerpt.len())));
    redact(&mut value);
    Some(value)
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if SECRETS.contains(&name.as_str()) {
                    hide(value);
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Keeps names and shapes, which a reader needs, and no value.
fn hide(value: &mut Value) {
    match value {
        Value::Object(object) => object.values_mut().for_each(hide),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            *value = Value::String(REDACTED.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_keep_their_names_and_lose_their_values() {
        let mut value = json!({
            "template_name": "t",
            "env_vars": {"KEY": "s3cret", "N": 1},
            "mounts": [{"bucket": "b", "secret_access_key": "s3cret"}],
            "network_policy": {"transforms": [{"domain": "a.b", "inject_headers": {"x": "s3cret"}}]},
        });
        redact(&mut value);
        assert!(!value.to_string().contains("s3cret"), "{value}");
        assert_eq!(value["env_vars"]["KEY"], REDACTED);
        assert_eq!(value["mounts"][0]["bucket"], "b");
    }
}
