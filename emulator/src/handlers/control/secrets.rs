//! What is never shown of an exchange.
//!
//! Values are hidden by the names of their fields, and then wherever else they turn up: in the
//! output of a command that prints its environment, say.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tenant::{Excerpt, Journal};

const REDACTED: &str = "(redacted)";

/// Fields and query parameters whose values are never shown, at any depth.
const FIELDS: [&str; 16] = [
    "api_key",
    "authorization",
    "env_vars",
    "envs",
    "env",
    "inject_headers",
    "credentials",
    "password",
    "access_key_id",
    "secret_access_key",
    "aws_secret_access_key",
    "azure_client_secret",
    "gcp_service_account_json",
    "secret",
    "signature",
    "token",
];

/// Shortest value that is hidden wherever it turns up, in bytes: a shorter one turns up by chance.
const SHORTEST: usize = 6;

/// The values that an organisation's latest requests have had in such fields.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    values: BTreeSet<String>,
}

impl Secrets {
    /// Those of the requests that are still kept.
    pub(super) fn of(journal: &Journal) -> Self {
        let mut secrets = Self::default();
        for request in journal.exchanges().filter_map(|exchange| exchange.request.json()) {
            secrets.collect(&request, false);
        }
        secrets
    }

    fn collect(&mut self, value: &Value, secret: bool) {
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    self.collect(value, secret || is_secret(name));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, secret)),
            Value::String(text) if secret && text.len() >= SHORTEST => {
                self.values.insert(text.clone());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// A body without them; of one that is no JSON, the length.
    pub(super) fn body(&self, excerpt: &Excerpt) -> Option<Value> {
        if excerpt.len() == 0 {
            return None;
        }
        let mut value =
            excerpt.json().unwrap_or_else(|| Value::String(format!("({} bytes)", excerpt.len())));
        self.redact(&mut value);
        Some(value)
    }

    /// A path, with its query, without them.
    pub(super) fn path(&self, path: &str) -> String {
        let path = match path.split_once('?') {
            None => path.to_owned(),
            Some((path, query)) => {
                let shown = query.split('&').map(|pair| match pair.split_once('=') {
                    Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
                    _ => pair.to_owned(),
                });
                format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
            }
        };
        self.text(&path)
    }

    fn text(&self, text: &str) -> String {
        let found = self.values.iter().filter(|value| text.contains(*value));
        found.fold(text.to_owned(), |text, value| text.replace(value.as_str(), REDACTED))
    }

    fn redact(&self, value: &mut Value) {
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    if is_secret(name) {
                        hide(value);
                    } else {
                        self.redact(value);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact(item)),
            Value::String(text) => *text = self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn is_secret(name: &str) -> bool {
    FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name))
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
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_keep_their_names_and_lose_their_values() {
        let mut value = json!({
            "template_name": "t",
            "env_vars": {"KEY": "s3cret", "N": 1},
            "mounts": [{"bucket": "b", "secret_access_key": "s3cret"}],
            "network_policy": {"transforms": [{"domain": "a.b", "inject_headers": {"x": "s3cret"}}]},
        });
        let mut secrets = Secrets::default();
        secrets.collect(&value, false);
        secrets.redact(&mut value);
        assert!(!value.to_string().contains("s3cret"), "{value}");
        assert_eq!(value["env_vars"]["KEY"], REDACTED);
        assert_eq!(value["mounts"][0]["bucket"], "b");

        // What was once in such a field is hidden elsewhere too.
        let mut printed = json!({"stdout": "KEY=s3cret\nN=1\n", "exit_code": 0});
        secrets.redact(&mut printed);
        assert_eq!(printed, json!({"stdout": "KEY=(redacted)\nN=1\n", "exit_code": 0}));
        assert_eq!(
            secrets.path("/v1/s3cret?token=abc&page=1&Signature=x"),
            "/v1/(redacted)?token=(redacted)&page=1&Signature=(redacted)"
        );
    }
}
