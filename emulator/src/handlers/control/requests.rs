//! `/_emulator/requests`: the latest exchanges of the caller's organisation, secrets redacted.

use leap0_emulator_core::clock::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::secrets::Secrets;
use crate::http::{Reply, Sdk};
use crate::tenant::{Exchange, Tenant};
use crate::wire::rfc3339;

#[derive(Serialize)]
struct ExchangeBody<'a> {
    #[serde(serialize_with = "rfc3339")]
    at: Timestamp,
    client: String,
    era: Option<String>,
    method: &'a str,
    path: String,
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
    fn of(exchange: &'a Exchange, secrets: &Secrets) -> Self {
        Self {
            at: exchange.at,
            client: exchange.sdk.to_string(),
            era: era(&exchange.sdk),
            method: exchange.method.as_str(),
            path: secrets.path(&exchange.path),
            operation: exchange.operation,
            request: secrets.body(&exchange.request),
            status: exchange.status,
            refused_by: exchange.refused_by,
            answer: secrets.body(&exchange.answer),
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
    let secrets = Secrets::of(&journal);
    let exchanges = journal.exchanges().map(|exchange| ExchangeBody::of(exchange, &secrets));
    let requests: Vec<_> = exchanges.collect();
    Reply::ok(&json!({ "requests": requests }))
}
