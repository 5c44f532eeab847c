//! Stable numbers in place of what is another in every run: ids, names, times, and the port.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::moment;
use crate::schema::operation;

/// The numbers that were given so far.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// What is replaced wherever it stands, and by what.
    texts: Vec<(String, String)>,
    /// Times by whose they are, the field, and the value. Two fields never share a number: whether
    /// two moments fall into one millisecond is chance.
    times: BTreeMap<(String, String, String), usize>,
    last: BTreeMap<String, usize>,
}

/// Times that are told as numbers.
const SECONDS: [&str; 2] = ["timeout_at", "mtime"];

impl Numbers {
    /// Gives a text the next number of its kind, unless it has one.
    pub(super) fn give(&mut self, kind: &str, text: &str) {
        if text.is_empty() || self.texts.iter().any(|(known, _)| known == text) {
            return;
        }
        let number = self.next(kind);
        self.texts.push((text.to_owned(), format!("{kind}-{number}")));
        // An id that another one begins with must not be found in it.
        self.texts.sort_by_key(|(known, _)| std::cmp::Reverse(known.len()));
    }

    fn next(&mut self, kind: &str) -> usize {
        let last = self.last.entry(kind.to_owned()).or_default();
        *last += 1;
        *last
    }

    /// A text with numbers in it. What was put in is not looked through again.
    pub(super) fn in_text(&self, text: &str) -> String {
        let (mut done, mut rest) = (String::new(), text);
        while let Some(first) = rest.chars().next() {
            if let Some((from, to)) = self.texts.iter().find(|(from, _)| rest.starts_with(from)) {
                done.push_str(to);
                rest = &rest[from.len()..];
            } else {
                done.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        done
    }

    /// The JSON body of an answer with numbers in it; new ids get theirs.
    pub(super) fn in_answer(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let id = match operation(method, path).as_deref() {
            Some("snapshot/create" | "snapshot/pause" | "snapshot/list") => "snap",
            Some("snapshot/resume" | "snapshot/restore") => "sbx",
            Some(other) if other.starts_with("sandbox/") => "sbx",
            _ => "id",
        };
        self.in_value(id, "", body)
    }

    fn in_value(&mut self, id: &str, owner: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let own = fields.get("id").and_then(Value::as_str).unwrap_or(owner).to_owned();
                let field = |(name, value): (&String, &Value)| {
                    (name.clone(), self.in_field(id, &own, name, value))
                };
                Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
            }
            Value::Array(items) => {
                items.iter().map(|item| self.in_value(id, owner, item)).collect()
            }
            Value::String(text) => self.in_text(text).into(),
            other => other.clone(),
        }
    }

    fn in_field(&mut self, id: &str, owner: &str, name: &str, value: &Value) -> Value {
        let kind = match name {
            "id" => id,
            "sandbox_id" => "sbx",
            "snapshot_id" => "snap",
            "template_id" => "tpl",
            "pod_id" => "pod",
            _ => "",
        };
        match value {
            Value::String(text) if !kind.is_empty() => {
                self.give(kind, text);
                self.in_text(text).into()
            }
            Value::String(text) if moment::is_rfc3339(text) => self.in_time(owner, name, text),
            Value::Number(seconds) if SECONDS.contains(&name) => {
                self.in_time(owner, name, &seconds.to_string())
            }
            other => self.in_value(id, owner, other),
        }
    }

    fn in_time(&mut self, owner: &str, name: &str, time: &str) -> Value {
        let key = (owner.to_owned(), name.to_owned(), time.to_owned());
        let number = match self.times.get(&key) {
            Some(number) => *number,
            None => self.next("time"),
        };
        self.times.insert(key, number);
        json!(format!("time-{number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_in_every_run_gets_a_number() {
        let mut numbers = Numbers::default();
        numbers.give("name", "lc-7");
        let (first, later) = ("2026-04-22T10:00:00Z", "2026-04-22T10:00:01Z");
        let one = json!({"id": "sbx-ab", "created_at": first, "name": "lc-7-b"});
        let seen = numbers.in_answer("POST", "/v1/sandbox", &one);
        assert_eq!(seen, json!({"id": "sbx-1", "created_at": "time-1", "name": "name-1-b"}));
        // Another sandbox that was made in the same moment, with an id that begins alike.
        let two = json!({"id": "sbx-abc", "created_at": first, "timeout_at": 1_776_852_000});
        let seen = numbers.in_answer("POST", "/v1/snapshot/restore", &two);
        assert_eq!(seen, json!({"id": "sbx-2", "created_at": "time-2", "timeout_at": "time-3"}));
        let again =
            json!({"items": [{"id": "sbx-ab", "created_at": first}, {"created_at": later}]});
        let seen = numbers.in_answer("GET", "/v1/sandboxes", &again);
        assert_eq!(seen["items"][0], json!({"id": "sbx-1", "created_at": "time-1"}));
        assert_eq!(seen["items"][1], json!({"created_at": "time-4"}));
        assert_eq!(numbers.in_text("GET /v1/sandbox/sbx-abc"), "GET /v1/sandbox/sbx-2");
    }
}
