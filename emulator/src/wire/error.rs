//! Errors in the vendor's two shapes.

use std::borrow::Cow;

use serde::Serialize;

use crate::http::Failure;

/// `ErrorResponse`, and with `errors` `ValidationErrorResponse`.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorBody<'a> {
    pub(crate) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<&'a [FieldError]>,
}

/// One field and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    field: Cow<'static, str>,
    error: String,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<Cow<'static, str>>, error: impl Into<String>) -> Self {
        Self { field: field.into(), error: error.into() }
    }

    pub(crate) fn field(&self) -> &str {
        &self.field
    }
}

impl Failure {
    /// 400 in the plain shape, where the schema's `oneOf` rules the other out (WIRE-09).
    pub(crate) fn plain_invalid(errors: &[FieldError]) -> Self {
        let rules: Vec<_> =
            errors.iter().map(|error| format!("{} {}", error.field, error.error)).collect();
        // Only lists are refused in this shape.
        let of_query = errors.first().is_some_and(|error| error.field == "query");
        Self::new(hyper::StatusCode::BAD_REQUEST, format!("invalid request: {}", rules.join("; ")))
            .by(if of_query { "SNAP-LIST-02" } else { "SB-LIST-03" })
    }
}
