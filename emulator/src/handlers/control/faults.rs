//! `/_emulator/faults`: failures on demand, for the caller's organisation (CTL-08).

use std::time::Duration;

use hyper::StatusCode;
use leap0_emulator_core::service::FaultPoint;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::{Failure, Reply, operation};
use crate::tenant::{Calls, Dropped, Fault, Mishap, Tenant};
use crate::wire::Fields;

/// Most faults at a time.
const MAX_FAULTS: usize = 1000;
/// Longest delay, in milliseconds: a day.
const MAX_DELAY_MS: u64 = 24 * 3_600_000;

/// One fault, as it is shown.
#[derive(Serialize)]
struct FaultBody<'a> {
    operation: &'a str,
    calls: Value,
    mishap: Value,
    seen: u64,
    struck: u64,
}

/// Shows the faults, with how many calls each has seen and struck.
pub(super) fn show(tenant: &Tenant) -> Reply {
    let faults = tenant.faults();
    let faults: Vec<_> = faults
        .iter()
        .map(|fault| FaultBody {
            operation: &fault.operation,
            calls: match fault.calls {
                Calls::First(calls) => json!({ "first": calls }),
                Calls::Every(nth) => json!({ "every": nth }),
                Calls::All => json!("all"),
            },
            mishap: match &fault.mishap {
                Mishap::Answer { status, message, retry_after } => json!({"answer": {
                    "status": status.as_u16(), "message": message, "retry_after": retry_after,
                }}),
                Mishap::Delay(span) => json!({ "delay_ms": span.as_millis() }),
                Mishap::Drop(Dropped::Before) => json!({ "drop": "before" }),
                Mishap::Drop(Dropped::After) => json!({ "drop": "after" }),
                Mishap::CutBody(bytes) => json!({ "cut_body": bytes }),
                Mishap::Fail(point) => json!({ "fail": word(*point) }),
            },
            seen: fault.seen,
            struck: fault.struck,
        })
        .collect();
    Reply::ok(&json!({ "faults": faults }))
}

/// Replaces the faults by those of the request, or refuses all of it.
pub(super) fn replace(tenant: &Tenant, mut fields: Fields) -> Result<Reply, Failure> {
    let items = fields.objects("faults").unwrap_or_default();
    if items.len() > MAX_FAULTS {
        fields.refuse("faults", format!("must have at most {MAX_FAULTS} items"));
    }
    let mut faults = Vec::with_capacity(items.len());
    for mut item in items {
        let fault = read(&mut item);
        fields.refuse_all(item.into_errors());
        faults.extend(fault);
    }
    let faults = fields.finish(|| faults).map_err(Failure::invalid)?;
    tenant.faults().replace(faults);
    Ok(show(tenant))
}

/// Removes all faults.
pub(super) fn clear(tenant: &Tenant) -> Reply {
    tenant.faults().replace(Vec::new());
    Reply::no_content()
}

fn read(fields: &mut Fields) -> Option<Fault> {
    let operation = fields.required_text("operation").and_then(|name| {
        let known = operation::TABLE.iter().map(|row| row.name).find(|known| *known == name);
        if known.is_none() {
            fields.refuse("operation", format!("unknown operation: {name}"));
        }
        known
    });
    let calls = calls(fields);
    let mishap = mishap(fields, operation);
    Some(Fault {
        operation: operation?.to_owned(),
        calls: calls?,
        mishap: mishap?,
        seen: 0,
        struck: 0,
    })
}

/// `first` or `every`; all calls if neither is given.
fn calls(fields: &mut Fields) -> Option<Calls> {
    let first = fields.int("first", 1..=u64::MAX);
    let every = fields.int("every", 1..=u64::MAX);
    match (first, every) {
        (Some(_), Some(_)) => {
            fields.refuse("every", "must not be combined with first");
            None
        }
        (Some(calls), None) => Some(Calls::First(calls)),
        (None, Some(nth)) => Some(Calls::Every(nth)),
        (None, None) => Some(Calls::All),
    }
}

const MISHAPS: [&str; 5] = ["answer", "delay_ms", "drop", "cut_body", "fail"];

/// Exactly one of the five ways to go wrong.
fn mishap(fields: &mut Fields, operation: Option<&str>) -> Option<Mishap> {
    let given: Vec<_> = MISHAPS.into_iter().filter(|field| fields.value(field).is_some()).collect();
    let [field] = given[..] else {
        fields.refuse("operation", format!("needs exactly one of {}", MISHAPS.join(", ")));
        return None;
    };
    match field {
        "answer" => answer(fields),
        "delay_ms" => {
            let ms = fields.int(field, 0..=MAX_DELAY_MS)?;
            Some(Mishap::Delay(Duration::from_millis(ms)))
        }
        "drop" => match fields.text(field)?.as_str() {
            "before" => Some(Mishap::Drop(Dropped::Before)),
            "after" => Some(Mishap::Drop(Dropped::After)),
            _ => {
                fields.refuse(field, "must be before or after (the work)");
                None
            }
        },
        "cut_body" => {
            let bytes = fields.int(field, 0..=u64::MAX)?;
            Some(Mishap::CutBody(usize::try_from(bytes).unwrap_or(usize::MAX)))
        }
        _ => fail(fields, operation),
    }
}

fn answer(fields: &mut Fields) -> Option<Mishap> {
    let mut answer = fields.object("answer")?;
    let status = answer.int("status", 400..=599);
    if answer.value("status").is_none() {
        answer.refuse("status", "is required");
    }
    let message = answer.text("message").unwrap_or_else(|| "failure on demand".to_owned());
    let retry_after = answer.int("retry_after", 0..=86_400);
    fields.refuse_all(answer.into_errors());
    let status = StatusCode::from_u16(u16::try_from(status?).ok()?).ok()?;
    Some(Mishap::Answer { status, message, retry_after })
}

const POINTS: [FaultPoint; 3] =
    [FaultPoint::BeforeCopy, FaultPoint::BeforeCommit, FaultPoint::BeforeReady];

fn word(point: FaultPoint) -> &'static str {
    match point {
        FaultPoint::BeforeCopy => "before-copy",
        FaultPoint::BeforeCommit => "before-commit",
        FaultPoint::BeforeReady => "before-ready",
    }
}

/// The operations that a point is part of; a `*` stands for all of a family.
fn operations(point: FaultPoint) -> &'static [&'static str] {
    match point {
        FaultPoint::BeforeCopy => &["snapshot/create", "snapshot/pause", "sandbox/pause"],
        FaultPoint::BeforeCommit => &["snapshot/create", "snapshot/pause"],
        // The last three are uses, which resume a paused sandbox.
        FaultPoint::BeforeReady => &[
            "sandbox/create",
            "sandbox/start",
            "snapshot/resume",
            "snapshot/restore",
            "process/*",
            "filesystem/*",
            "system/*",
        ],
    }
}

fn fail(fields: &mut Fields, operation: Option<&str>) -> Option<Mishap> {
    let text = fields.text("fail")?;
    let Some(point) = POINTS.into_iter().find(|point| word(*point) == text) else {
        let words: Vec<_> = POINTS.into_iter().map(word).collect();
        fields.refuse("fail", format!("unknown phase; must be one of {}", words.join(", ")));
        return None;
    };
    let operation = operation?;
    let covers = |known: &str| match known.strip_suffix('*') {
        Some(family) => operation.starts_with(family),
        None => operation == known,
    };
    if !operations(point).iter().any(|known| covers(known)) {
        let rule = format!("{text} is a phase of {}", operations(point).join(", "));
        fields.refuse("fail", rule);
        return None;
    }
    Some(Mishap::Fail(point))
}
