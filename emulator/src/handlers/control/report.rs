//! `/_emulator/report`: what a client has and has not exercised.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::requests::era;
use crate::http::{Content, Reply, VOCABULARY, vocabulary};
use crate::tenant::{Tenant, Usage};

/// The report; its text form is [`Report::text`].
#[derive(Debug, Serialize)]
pub(super) struct Report {
    clients: Vec<ClientBody>,
    operations: Vec<OperationBody>,
    /// Built operations that nobody has called.
    not_exercised: Vec<&'static str>,
    /// Methods and paths that are no operation of the vendor's.
    unknown_paths: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ClientBody {
    client: String,
    era: Option<String>,
}

#[derive(Debug, Serialize)]
struct OperationBody {
    operation: &'static str,
    calls: u64,
    /// Answers by status; `dropped` for connections dropped on demand.
    statuses: BTreeMap<String, u64>,
    states_seen: Vec<String>,
    parameters_sent: Vec<String>,
    parameters_not_sent: Vec<&'static str>,
    /// Parameters that no dialect knows; they were ignored.
    parameters_unknown: Vec<String>,
    /// Documented errors that this client has never been answered.
    errors_not_seen: Vec<u16>,
    refusals: Vec<RefusalBody>,
}

#[derive(Debug, Serialize)]
struct RefusalBody {
    status: u16,
    /// The id of the rule that refused, where it was one; see `leap0-conformance rules`.
    rule: Option<&'static str>,
    /// What the answer said.
    message: String,
    times: u64,
}

impl Report {
    /// What the caller's organisation has done so far.
    pub(super) fn of(tenant: &Tenant) -> Self {
        let journal = tenant.journal();
        let usage = journal.usage();
        Self {
            clients: journal
                .sdks()
                .map(|sdk| ClientBody { client: sdk.to_string(), era: era(sdk) })
                .collect(),
            operations: usage.iter().map(|(name, usage)| OperationBody::of(name, usage)).collect(),
            not_exercised: VOCABULARY
                .iter()
                .map(|words| words.operation)
                .filter(|operation| !usage.contains_key(operation))
                .collect(),
            unknown_paths: journal.unknown_paths().map(str::to_owned).collect(),
        }
    }

    /// As JSON.
    pub(super) fn json(&self) -> Reply {
        Reply::ok(self)
    }

    /// For people.
    pub(super) fn text(&self) -> Reply {
        let mut text = String::new();
        self.write(&mut text).expect("a string takes any text");
        Reply { status: hyper::StatusCode::OK, content: Content::Text(text.into_bytes()) }
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "Clients")?;
        for ClientBody { client, era } in &self.clients {
            writeln!(text, "  {client} (era {})", era.as_deref().unwrap_or("unknown"))?;
        }
        for operation in &self.operations {
            let statuses: Vec<_> =
                operation.statuses.iter().map(|(status, n)| format!("{status} × {n}")).collect();
            writeln!(text, "\n{}: {}", operation.operation, statuses.join(", "))?;
            let errors: Vec<_> = operation.errors_not_seen.iter().map(u16::to_string).collect();
            for (label, words) in [
                ("states seen", operation.states_seen.clone()),
                ("sent", operation.parameters_sent.clone()),
                ("never sent", owned(&operation.parameters_not_sent)),
                ("unknown, ignored", operation.parameters_unknown.clone()),
                ("errors never seen", errors),
            ] {
                if !words.is_empty() {
                    writeln!(text, "  {label}: {}", words.join(", "))?;
                }
            }
            for RefusalBody { status, rule, message, times } in &operation.refusals {
                let rule = rule.map_or_else(String::new, |rule| format!(" by {rule}"));
                writeln!(text, "  refused {times} × with {status}{rule}: {message}")?;
            }
        }
        if !self.not_exercised.is_empty() {
            writeln!(text, "\nNever called: {}", self.not_exercised.join(", "))?;
        }
        if !self.unknown_paths.is_empty() {
            writeln!(text, "\nNo operation: {}", self.unknown_paths.join(", "))?;
        }
        Ok(())
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl OperationBody {
    fn of(operation: &'static str, usage: &Usage) -> Self {
        let words = vocabulary(operation);
        let known = words.map_or(&[][..], |words| words.parameters);
        let errors = words.map_or(&[][..], |words| words.errors);
        let (sent, unknown): (Vec<_>, Vec<_>) =
            usage.parameters.iter().cloned().partition(|name| known.contains(&name.as_str()));
        Self {
            operation,
            calls: usage.calls,
            statuses: usage
                .statuses
                .iter()
                .map(|(status, times)| {
                    let word = if *status == 0 { "dropped".to_owned() } else { status.to_string() };
                    (word, *times)
                })
                .collect(),
            states_seen: usage.states.iter().cloned().collect(),
            parameters_not_sent: known
                .iter()
                .copied()
                .filter(|name| !usage.parameters.contains(*name))
                .collect(),
            parameters_sent: sent,
            // An operation that is not built has no words to compare with.
            parameters_unknown: if words.is_some() { unknown } else { Vec::new() },
            errors_not_seen: errors
                .iter()
                .copied()
                .filter(|status| !usage.statuses.contains_key(status))
                .collect(),
            refusals: usage
                .refusals
                .iter()
                .map(|((status, rule, message), times)| RefusalBody {
                    status: *status,
                    rule: *rule,
                    message: message.clone(),
                    times: *times,
                })
                .collect(),
        }
    }
}
