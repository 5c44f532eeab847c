//! Reading the fields of a JSON object, collecting everything that is wrong with them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Reply;

/// The fields of a request.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<(String, String)>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>) -> Self {
        Self { object, errors: Vec::new() }
    }

    pub(super) fn wrong(&mut self, field: &str, error: &str) {
        self.errors.push((field.to_owned(), error.to_owned()));
    }

    /// The answer if anything is wrong.
    pub(super) fn end(self) -> Result<(), Reply> {
        if self.errors.is_empty() { Ok(()) } else { Err(Reply::invalid(&self.errors)) }
    }

    pub(super) fn raw(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        let text = self.raw(field)?.as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong(field, "must be a string");
        }
        text
    }

    pub(super) fn needed(&mut self, field: &str) -> String {
        let text = self.text(field);
        if self.raw(field).is_none() {
            self.wrong(field, "is required");
        }
        text.unwrap_or_default()
    }

    pub(super) fn flag(&mut self, field: &str) -> bool {
        match self.raw(field) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.wrong(field, "must be true or false");
                false
            }
        }
    }

    pub(super) fn number(&mut self, field: &str, least: u64, most: u64) -> Option<u64> {
        let value = self.raw(field)?;
        let number = value.as_u64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.wrong(field, &format!("must be an integer between {least} and {most}"));
        }
        number
    }

    pub(super) fn texts(&mut self, field: &str) -> Vec<String> {
        let Some(value) = self.raw(field) else { return Vec::new() };
        let all: Option<Vec<String>> = value
            .as_array()
            .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        if all.is_none() {
            self.wrong(field, "must be a list of strings");
        }
        all.unwrap_or_default()
    }

    pub(super) fn map(&mut self, field: &str) -> BTreeMap<String, String> {
        let Some(value) = self.raw(field) else { return BTreeMap::new() };
        let pair = |(name, value): (&String, &Value)| {
            let value = value.as_str()?.to_owned();
            (!name.is_empty() && !name.contains(['=', '\0'])).then(|| (name.clone(), value))
        };
        let all = value.as_object().and_then(|object| object.iter().map(pair).collect());
        if all.is_none() {
            self.wrong(field, "must be an object of strings");
        }
        all.unwrap_or_default()
    }

    /// A path, which has to be absolute.
    pub(super) fn path(&mut self, field: &str, any: bool) -> String {
        let text = self.needed(field);
        if self.raw(field).is_some_and(Value::is_string) && !any && !is_path(&text) {
            self.wrong(field, "must be an absolute path");
        }
        text
    }
}

/// Whether a text is an absolute path.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains('\0')
}
