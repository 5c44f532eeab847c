//! `/_emulator/openapi.json`: the project's own description of what is built, which
//! `tests/schemathesis.rs` holds the server to.

use crate::http::{Content, Reply};

const DOCUMENT: &str = include_str!("../../../openapi.json");

pub(super) fn show() -> Reply {
    Reply { status: hyper::StatusCode::OK, content: Content::Json(DOCUMENT.into()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value};

    use super::*;
    use crate::http::{Operation, operation, vocabulary};

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).expect("the document is JSON")
    }

    /// What a `$ref` leads to, or the value itself.
    fn followed<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    fn object(value: &Value) -> &Map<String, Value> {
        value.as_object().unwrap_or_else(|| panic!("{value} is no object"))
    }

    /// The description of a row of the table.
    fn described<'d>(document: &'d Value, row: &operation::Row) -> &'d Value {
        &document["paths"][row.path][row.method.as_str().to_lowercase()]
    }

    fn built() -> impl Iterator<Item = &'static operation::Row> {
        operation::TABLE.iter().filter(|row| row.operation != Operation::NotBuilt)
    }

    /// The names of an operation's parameters, in its query and its JSON body.
    fn parameters<'d>(document: &'d Value, operation: &'d Value) -> BTreeSet<&'d str> {
        let mut names = BTreeSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = followed(document, parameter);
            assert_eq!(parameter["in"], "query", "{parameter}");
            names.extend(parameter["name"].as_str());
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            let body = followed(document, body);
            names.extend(object(&body["properties"]).keys().map(String::as_str));
        }
        names
    }

    fn every_reference<'d>(value: &'d Value, found: &mut Vec<&'d Value>) {
        match value {
            Value::Object(members) => {
                if members.contains_key("$ref") {
                    found.push(value);
                }
                members.values().for_each(|member| every_reference(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| every_reference(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn the_document_describes_what_is_built_and_nothing_else() {
        let document = document();
        let mut described = BTreeSet::new();
        for (path, item) in object(&document["paths"]) {
            let methods = object(item).keys().filter(|key| *key != "parameters");
            described.extend(methods.map(|method| (method.to_uppercase(), path.as_str())));
        }
        let built: BTreeSet<_> =
            built().map(|row| (row.method.as_str().to_owned(), row.path)).collect();
        assert_eq!(described, built);
    }

    #[test]
    fn every_operation_has_the_words_of_the_vocabulary_and_no_other() {
        let document = document();
        for row in built() {
            let words = vocabulary(row.name).expect("a built operation has words");
            let operation = described(&document, row);
            let known: BTreeSet<_> = words.parameters.iter().copied().collect();
            assert_eq!(parameters(&document, operation), known, "{}", row.name);
        }
    }

    #[test]
    fn every_operation_is_called_by_its_name_and_has_its_errors() {
        let document = document();
        for row in built() {
            let operation = described(&document, row);
            let id = operation["operationId"].as_str().expect("an id");
            assert!(id.starts_with(row.name), "{id} for {}", row.name);
            let answers = object(&operation["responses"]);
            let words = vocabulary(row.name).expect("a built operation has words");
            for status in words.errors.iter().chain(&[401, 403, 413, 429]) {
                assert!(answers.contains_key(&status.to_string()), "{id} lacks {status}");
            }
        }
    }

    #[test]
    fn every_reference_and_every_link_leads_somewhere() {
        let document = document();
        let mut references = Vec::new();
        every_reference(&document, &mut references);
        assert!(references.len() > 100, "{}", references.len());
        for reference in references {
            followed(&document, reference);
        }
        let ids: BTreeSet<_> = built()
            .map(|row| described(&document, row)["operationId"].as_str().expect("an id"))
            .collect();
        assert_eq!(ids.len(), built().count(), "ids are unique");
        for (name, link) in object(&document["components"]["links"]) {
            let target = link["operationId"].as_str().expect("a link names an operation");
            assert!(ids.contains(target), "{name} leads to {target}");
        }
    }

    #[test]
    fn the_document_is_of_this_version() {
        assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}
