//! A JSON object read field by field, collecting every rule that is broken.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Number, Value};

use super::FieldError;

/// The fields of a request. Unknown ones are ignored (WIRE-03), `null` is absent (WIRE-04).
#[derive(Debug)]
pub(crate) struct Fields {
    object: Map<String, Value>,
    errors: Vec<FieldError>,
    /// What the fields lie in, for their names in errors; empty at the top.
    prefix: String,
}

impl Fields {
    /// Reads a body whatever its content type (WIRE-01).
    pub(crate) fn of_body(body: &[u8]) -> Result<Self, Vec<FieldError>> {
        // WIRE-07
        let refused = |rule: String| vec![FieldError::new("body", rule)];
        let value = serde_json::from_slice(body)
            .map_err(|error| refused(format!("must be a JSON object: {error}")))?;
        match value {
            Value::Object(object) => Ok(Self { object, errors: Vec::new(), prefix: String::new() }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(refused("must be a JSON object".to_owned())),
        }
    }

    /// Reads a body that may be absent (WIRE-02).
    pub(crate) fn of_optional_body(body: &[u8]) -> Result<Self, Vec<FieldError>> {
        if body.is_empty() { Self::of_body(b"{}") } else { Self::of_body(body) }
    }

    /// An object inside another.
    pub(super) fn nested(prefix: String, object: Map<String, Value>) -> Self {
        Self { object, errors: Vec::new(), prefix }
    }

    /// Ends the reading with a value if no rule was broken, and with every broken one otherwise.
    pub(crate) fn finish<T>(self, value: impl FnOnce() -> T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(value()) } else { Err(self.errors) }
    }

    /// The rules broken so far.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// Notes a broken rule.
    pub(crate) fn refuse(&mut self, field: &str, rule: impl Into<String>) {
        let field = format!("{}{field}", self.prefix);
        self.errors.push(FieldError::new(field, rule));
    }

    /// Takes over the rules broken in a nested object.
    pub(crate) fn refuse_all(&mut self, errors: Vec<FieldError>) {
        self.errors.extend(errors);
    }

    /// The value, with `null` as absent.
    pub(crate) fn value(&self, field: &str) -> Option<&Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    /// An integer within bounds; neither a string nor a fraction nor a boolean (SB-CREATE-03).
    pub(crate) fn int(&mut self, field: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(field)?;
        let rule = match value {
            // 300.0 too; what is beyond 64 bits is parsed as one, and is out of bounds instead.
            Value::Number(number)
                if number.as_f64().is_some_and(|float| {
                    number.is_f64() && (float.fract() != 0.0 || float.abs() < BEYOND)
                }) =>
            {
                "must be an integer".to_owned()
            }
            Value::Number(number) => match number.as_u64().or_else(|| huge(number)) {
                Some(int) if bounds.contains(&int) => return Some(int),
                _ => between(&bounds),
            },
            _ => "must be an integer".to_owned(),
        };
        self.refuse(field, rule);
        None
    }

    /// A boolean.
    pub(crate) fn bool(&mut self, field: &str) -> Option<bool> {
        let value = self.value(field)?.as_bool();
        if value.is_none() {
            self.refuse(field, "must be true or false");
        }
        value
    }

    /// A string.
    pub(crate) fn text(&mut self, field: &str) -> Option<String> {
        let text = self.value(field)?.as_str().map(str::to_owned);
        if text.is_none() {
            self.refuse(field, "must be a string");
        }
        text
    }

    /// A string that has to be there.
    pub(crate) fn required_text(&mut self, field: &str) -> Option<String> {
        if self.value(field).is_none() {
            self.refuse(field, "is required");
            return None;
        }
        self.text(field)
    }

    /// A list of strings.
    pub(crate) fn texts(&mut self, field: &str) -> Option<Vec<String>> {
        let Value::Array(items) = self.value(field)? else {
            self.refuse(field, "must be a list of strings");
            return None;
        };
        let texts: Option<Vec<_>> =
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        if texts.is_none() {
            self.refuse(field, "must be a list of strings");
        }
        texts
    }

    /// An object that has to be there, with its own place in the names of errors.
    pub(crate) fn object(&mut self, field: &str) -> Option<Self> {
        match self.value(field).cloned() {
            Some(Value::Object(object)) => {
                Some(Self::nested(format!("{}{field}.", self.prefix), object))
            }
            Some(_) => {
                self.refuse(field, "must be an object");
                None
            }
            None => {
                self.refuse(field, "is required");
                None
            }
        }
    }

    /// A list of objects that has to be there, each with its own place in the names of errors.
    pub(crate) fn objects(&mut self, field: &str) -> Option<Vec<Self>> {
        let Some(value) = self.value(field) else {
            self.refuse(field, "is required");
            return None;
        };
        let Value::Array(items) = value.clone() else {
            self.refuse(field, "must be a list of objects");
            return None;
        };
        let mut objects = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            if let Value::Object(object) = item {
                let prefix = format!("{}{field}[{index}].", self.prefix);
                objects.push(Self::nested(prefix, object));
            } else {
                self.refuse(&format!("{field}[{index}]"), "must be an object");
            }
        }
        Some(objects)
    }

    /// A map from strings to strings; of a refused one, the good entries.
    pub(crate) fn text_map(&mut self, field: &str) -> Option<BTreeMap<String, String>> {
        let Value::Object(map) = self.value(field)?.clone() else {
            self.refuse(field, "must be an object with string values");
            return None;
        };
        let mut texts = BTreeMap::new();
        for (name, value) in map {
            if let Value::String(text) = value {
                texts.insert(name, text);
            } else {
                self.refuse(&format!("{field}.{name}"), "must be a string");
            }
        }
        Some(texts)
    }
}

/// 2 to the power of 64.
const BEYOND: f64 = 18_446_744_073_709_551_616.0;

/// The largest integer there is, for one that is larger still. Where there is no upper bound it
/// means the same (PROC-06); where there is one, both are beyond it.
fn huge(number: &Number) -> Option<u64> {
    number.as_f64().filter(|float| *float >= BEYOND).map(|_| u64::MAX)
}

/// The words for a bound.
fn between(bounds: &RangeInclusive<u64>) -> String {
    if *bounds.end() == u64::MAX {
        format!("must be an integer of at least {}", bounds.start())
    } else {
        format!("must be between {} and {}", bounds.start(), bounds.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(json: &str) -> Result<Option<u64>, Vec<FieldError>> {
        let mut fields = Fields::of_body(json.as_bytes())?;
        let value = fields.int("n", 1..=8);
        fields.finish(|| value)
    }

    #[test]
    fn an_integer_is_an_integer_within_its_bounds() {
        assert_eq!(int(r#"{"n":8}"#), Ok(Some(8)));
        assert_eq!(int(r#"{"n":null}"#), Ok(None));
        assert_eq!(int("{}"), Ok(None));
        for bad in [r#"{"n":0}"#, r#"{"n":9}"#, r#"{"n":-1}"#] {
            assert_eq!(int(bad), Err(vec![FieldError::new("n", "must be between 1 and 8")]));
        }
        for bad in [r#"{"n":"3"}"#, r#"{"n":1.5}"#, r#"{"n":3.0}"#, r#"{"n":true}"#, r#"{"n":[1]}"#]
        {
            assert_eq!(int(bad), Err(vec![FieldError::new("n", "must be an integer")]), "{bad}");
        }
    }

    #[test]
    fn an_integer_without_an_upper_bound_may_be_of_any_size() {
        for (text, expected) in [
            ("18446744073709551615", Some(u64::MAX)),
            ("100000000000000000000", Some(u64::MAX)),
            ("-100000000000000000000", None),
        ] {
            let body = format!(r#"{{"n":{text}}}"#);
            let mut fields = Fields::of_body(body.as_bytes()).expect("an object");
            assert_eq!(fields.int("n", 1..=u64::MAX), expected, "{text}");
            assert_eq!(fields.int("n", 1..=8), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused_as_the_body() {
        for bad in ["", "{", "[]", "null", "3", "{} {}", "\"x\""] {
            let errors = Fields::of_body(bad.as_bytes()).expect_err(bad);
            assert_eq!(errors.len(), 1);
        }
        assert!(Fields::of_optional_body(b"").is_ok());
        assert!(Fields::of_optional_body(b"[]").is_err());
    }

    #[test]
    fn every_broken_rule_is_collected() {
        let mut fields = Fields::of_body(br#"{"a":1,"b":"x","m":{"k":1,"l":"ok"}}"#).unwrap();
        fields.text("a");
        fields.bool("b");
        fields.text_map("m");
        fields.required_text("c");
        let errors = fields.into_errors();
        assert_eq!(
            errors,
            [
                FieldError::new("a", "must be a string"),
                FieldError::new("b", "must be true or false"),
                FieldError::new("m.k", "must be a string"),
                FieldError::new("c", "is required"),
            ]
        );
    }
}
