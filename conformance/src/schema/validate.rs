//! JSON Schema, as far as `spec/schemas.json` uses it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The schemas, and which answers they are of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "$comment")]
    _comment: String,
    answers: Vec<Entry>,
    #[serde(rename = "$defs")]
    definitions: BTreeMap<String, Value>,
}

/// The schema of one answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) operation: String,
    pub(super) status: u16,
    pub(super) schema: String,
    pub(super) rule: String,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../spec/schemas.json")).expect("a test reads it")
});

/// The entry of an answer, if it has a schema.
pub(super) fn entry(operation: &str, status: u16) -> Option<&'static Entry> {
    FILE.answers.iter().find(|entry| entry.operation == operation && entry.status == status)
}

/// Every entry.
pub(super) fn entries() -> &'static [Entry] {
    &FILE.answers
}

/// What is wrong with a value, by the schema of this name.
pub(super) fn faults(schema: &str, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match FILE.definitions.get(schema) {
        Some(definition) => check(definition, value, "", &mut found),
        None => found.push(format!("there is no schema {schema}")),
    }
    found
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else { return };
    let here = if at.is_empty() { "the answer" } else { at };
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        if let Some(definition) = FILE.definitions.get(name) {
            check(definition, value, at, found);
        }
        return;
    }
    if let Some(wanted) = schema.get("type") {
        let one = |name: &Value| name.as_str().is_some_and(|name| is_a(value, name));
        let fits = wanted.as_array().map_or_else(|| one(wanted), |names| names.iter().any(one));
        if !fits {
            found.push(format!("{here} is {value}, not {wanted}"));
            return;
        }
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        found.push(format!("{here} is {value}, which is none of the choices"));
    }
    bounds(schema, value, here, found);
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        let fits = |option: &Value| {
            let mut faults = Vec::new();
            check(option, value, at, &mut faults);
            faults.is_empty()
        };
        if !options.iter().any(fits) {
            let names = options.iter().map(|option| option["required"].to_string());
            found.push(format!("{here} has not all of {}", names.collect::<Vec<_>>().join(" or ")));
        }
    }
    if let Some(object) = value.as_object() {
        members(schema, object, at, found);
    }
    if let (Some(schema), Some(items)) = (schema.get("items"), value.as_array()) {
        for (index, item) in items.iter().enumerate() {
            check(schema, item, &format!("{at}[{index}]"), found);
        }
    }
}

fn bounds(schema: &Map<String, Value>, value: &Value, here: &str, found: &mut Vec<String>) {
    let number = |keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    if let Some(seen) = value.as_i64() {
        if number("minimum").is_some_and(|least| seen < least)
            || number("maximum").is_some_and(|most| seen > most)
        {
            found.push(format!("{here} is {seen}, out of bounds"));
        }
    } else if let (Some(least), Some(text)) = (number("minLength"), value.as_str())
        && i64::try_from(text.chars().count()).is_ok_and(|length| length < least)
    {
        found.push(format!("{here} is empty"));
    }
}

fn members(
    schema: &Map<String, Value>,
    object: &Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            let place = if at.is_empty() { String::new() } else { format!(" in {at}") };
            found.push(format!("{name} is missing{place}"));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, schema) in properties.into_iter().flatten() {
        if let Some(value) = object.get(name) {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            check(schema, value, &at, found);
        }
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_answer_has_a_schema_and_a_rule() {
        for entry in entries() {
            assert!(FILE.definitions.contains_key(&entry.schema), "{}", entry.schema);
            assert!(crate::register().get(&entry.rule).is_some(), "{}", entry.rule);
        }
    }

    #[test]
    fn a_value_is_held_to_its_schema() {
        let good = json!({"items": [{"path": "/a", "line": 1, "content": ""}]});
        assert_eq!(faults("Matches", &good), [""; 0]);
        for (bad, fault) in [
            (json!([]), "the answer is [], not \"object\""),
            (json!({}), "items is missing"),
            (json!({"items": [{"path": "/a", "line": 1}]}), "content is missing in items[0]"),
            (
                json!({"items": [{"path": "/a", "line": -1, "content": ""}]}),
                "items[0].line is -1, out of bounds",
            ),
            (
                json!({"items": [{"path": 1, "line": 1, "content": ""}]}),
                "items[0].path is 1, not \"string\"",
            ),
        ] {
            assert_eq!(faults("Matches", &bad), [fault]);
        }
        let none = json!({"exit_code": 0, "stdout": ""});
        assert_eq!(faults("Execution", &none).len(), 1);
        let tree =
            json!({"items": [{"name": "a", "type": "directory", "children": [{"name": ""}]}]});
        assert_eq!(
            faults("Tree", &tree),
            ["type is missing in items[0].children[0]", "items[0].children[0].name is empty"]
        );
    }
}
