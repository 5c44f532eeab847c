//! Histories as JSON documents.

use serde::{Deserialize, Serialize};

use super::call::{Call, History, Operation, Told};

/// A text that is no history.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadHistory {
    /// Not JSON, or not the fields that there are.
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    #[error("format is {0}, and only 1 is known")]
    Format(u32),
    /// A field of a call that is missing or wrong.
    #[error("calls[{place}].{field}: {why}")]
    Call { place: usize, field: &'static str, why: String },
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    #[serde(default)]
    target: String,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    keeps_used: bool,
    calls: Vec<Line>,
}

/// A call as it is written. Which fields there are depends on the operation and on the answer.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Line {
    client: usize,
    operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    begin: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i64>,
}

/// The document of a history, a call a line.
pub(crate) fn write(history: &History) -> String {
    let head = Document {
        format: 1,
        target: history.target.clone(),
        seed: history.seed,
        keeps_used: history.keeps_used,
        calls: Vec::new(),
    };
    let json = |value: &dyn Fn() -> serde_json::Result<String>| {
        value().expect("texts and numbers can always be written")
    };
    let head = json(&|| serde_json::to_string_pretty(&head));
    let lines: Vec<String> =
        history.calls.iter().map(|call| json(&|| serde_json::to_string(&line(call)))).collect();
    let calls = format!("\"calls\": [\n    {}\n  ]", lines.join(",\n    "));
    head.replace("\"calls\": []", &calls) + "\n"
}

/// The history of a document.
pub(crate) fn read(text: &str) -> Result<History, BadHistory> {
    let document: Document = serde_json::from_str(text)?;
    if document.format != 1 {
        return Err(BadHistory::Format(document.format));
    }
    let calls = document.calls.into_iter().enumerate();
    let calls: Vec<Call> =
        calls.map(|(place, line)| call(place, line)).collect::<Result<_, _>>()?;
    known(&calls)?;
    let Document { target, seed, keeps_used, .. } = document;
    Ok(History { target, seed, keeps_used, calls })
}

/// A history begins with nothing: whatever it names was made or found in it.
fn known(calls: &[Call]) -> Result<(), BadHistory> {
    let told: std::collections::HashSet<&str> = calls
        .iter()
        .filter_map(|call| call.answer.as_ref())
        .flat_map(|told| told.found.iter().chain(&told.made))
        .map(String::as_str)
        .collect();
    for (place, call) in calls.iter().enumerate() {
        let (field, id) = match &call.operation {
            Operation::DeleteSnapshot { snapshot } => ("snapshot", snapshot.as_str()),
            other => ("sandbox", other.sandbox().unwrap_or_default()),
        };
        if !id.is_empty() && !told.contains(id) {
            let why = format!("no call made or found {id}");
            return Err(BadHistory::Call { place, field, why });
        }
    }
    Ok(())
}

fn call(place: usize, mut line: Line) -> Result<Call, BadHistory> {
    let bad = |field, why: &str| BadHistory::Call { place, field, why: why.to_owned() };
    let begin = line.begin.ok_or_else(|| bad("begin", "is missing"))?;
    let operation = operation(place, &mut line)?;
    let answer = match (line.end, line.status) {
        (None, None) => None,
        (Some(_), None) => return Err(bad("status", "is missing, and there is an end")),
        (None, Some(_)) => return Err(bad("end", "is missing, and there is a status")),
        (Some(end), Some(_)) if end < begin => return Err(bad("end", "is before begin")),
        (Some(_), Some(status)) if !(100..600).contains(&status) => {
            return Err(bad("status", "is no status of HTTP"));
        }
        (Some(end), Some(status)) => Some(Told {
            end,
            status,
            state: line.state.take(),
            made: line.made.take(),
            found: line.found.take().unwrap_or_default(),
            value: line.seen.take(),
            exit_code: line.exit_code.take(),
        }),
    };
    let done = answer.as_ref().is_some_and(|told| (200..300).contains(&told.status));
    let told = answer.as_ref();
    let needed = match &operation {
        Operation::Create | Operation::Restore { .. } | Operation::Capture { .. } => {
            ("made", told.is_some_and(|told| told.made.is_some()))
        }
        Operation::Get { .. } => ("state", told.is_some_and(|told| told.state.is_some())),
        Operation::Read { .. } => ("seen", told.is_some_and(|told| told.value.is_some())),
        Operation::Execute { .. } => {
            ("exit_code", told.is_some_and(|told| told.exit_code.is_some()))
        }
        _ => ("", true),
    };
    if done && !needed.1 {
        return Err(bad(needed.0, "is missing, and the call was done"));
    }
    Ok(Call { client: line.client, operation, begin, answer })
}

fn operation(place: usize, line: &mut Line) -> Result<Operation, BadHistory> {
    let bad = |field, why: String| BadHistory::Call { place, field, why };
    let text = |field: &'static str, of: &mut Option<String>| {
        of.take().ok_or_else(|| bad(field, "is missing".to_owned()))
    };
    let (sandbox, name, file) = ("sandbox", "name", "file");
    let operation = match &*line.operation {
        "sandbox/create" => Operation::Create,
        "sandbox/get" => Operation::Get { sandbox: text(sandbox, &mut line.sandbox)? },
        "sandbox/pause" => Operation::Pause { sandbox: text(sandbox, &mut line.sandbox)? },
        "sandbox/stop" => Operation::Stop { sandbox: text(sandbox, &mut line.sandbox)? },
        "sandbox/start" => Operation::Start { sandbox: text(sandbox, &mut line.sandbox)? },
        "sandbox/delete" => Operation::Delete { sandbox: text(sandbox, &mut line.sandbox)? },
        "snapshot/create" => Operation::Capture {
            sandbox: text(sandbox, &mut line.sandbox)?,
            name: text(name, &mut line.name)?,
        },
        "snapshot/restore" => Operation::Restore { name: text(name, &mut line.name)? },
        "snapshot/delete" => {
            Operation::DeleteSnapshot { snapshot: text("snapshot", &mut line.snapshot)? }
        }
        "snapshot/list" => Operation::Find { name: text(name, &mut line.name)? },
        "filesystem/write-file" => Operation::Write {
            sandbox: text(sandbox, &mut line.sandbox)?,
            file: text(file, &mut line.file)?,
            value: text("value", &mut line.value)?,
        },
        "filesystem/read-file" => Operation::Read {
            sandbox: text(sandbox, &mut line.sandbox)?,
            file: text(file, &mut line.file)?,
        },
        "process/execute" => Operation::Execute {
            sandbox: text(sandbox, &mut line.sandbox)?,
            file: text(file, &mut line.file)?,
            value: text("value", &mut line.value)?,
        },
        "" => return Err(bad("operation", "is missing".to_owned())),
        other => return Err(bad("operation", format!("{other} is none that is judged"))),
    };
    let left = [
        (sandbox, line.sandbox.is_some()),
        (name, line.name.is_some()),
        ("snapshot", line.snapshot.is_some()),
        (file, line.file.is_some()),
        ("value", line.value.is_some()),
    ];
    match left.into_iter().find(|(_, there)| *there) {
        Some((field, _)) => Err(bad(field, format!("is no field of {}", line.operation))),
        None => Ok(operation),
    }
}

fn line(call: &Call) -> Line {
    let mut line = Line {
        client: call.client,
        operation: call.operation.word().to_owned(),
        sandbox: call.operation.sandbox().map(str::to_owned),
        begin: Some(call.begin),
        ..Line::default()
    };
    match &call.operation {
        Operation::Capture { name, .. }
        | Operation::Restore { name }
        | Operation::Find { name } => line.name = Some(name.clone()),
        Operation::DeleteSnapshot { snapshot } => line.snapshot = Some(snapshot.clone()),
        Operation::Write { file, value, .. } | Operation::Execute { file, value, .. } => {
            (line.file, line.value) = (Some(file.clone()), Some(value.clone()));
        }
        Operation::Read { file, .. } => line.file = Some(file.clone()),
        Operation::Create
        | Operation::Get { .. }
        | Operation::Pause { .. }
        | Operation::Stop { .. }
        | Operation::Start { .. }
        | Operation::Delete { .. } => {}
    }
    if let Some(told) = call.answer.clone() {
        (line.end, line.status) = (Some(told.end), Some(told.status));
        (line.made, line.state, line.seen) = (told.made, told.state, told.value);
        line.exit_code = told.exit_code;
        line.found = matches!(call.operation, Operation::Find { .. }).then_some(told.found);
    }
    line
}
