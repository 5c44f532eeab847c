//! A contradiction in words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::call::{Call, History, Operation, Told};
use super::machine::{Hold, Phase, State};
use super::problem::whole;
use super::shrink::Smallest;
use super::task::{ABSENT, Kind, UNREAD};

/// The calls that contradict each other, one a line, and why.
pub(super) fn explain(history: &History, smallest: &Smallest) -> String {
    let (few, all) = (smallest.calls.len(), history.calls.len());
    let mut text = match few {
        1 => format!("One of {all} calls can't be explained"),
        _ => format!("{few} of {all} calls contradict each other"),
    };
    let rest = all - few;
    text += if rest > 0 { ", whatever the others did:\n" } else { ":\n" };
    for place in &smallest.calls {
        let _ = writeln!(text, "  {}", line(&history.calls[*place]));
    }
    let last = &history.calls[smallest.last.origin];
    let _ = write!(
        text,
        "Nothing explains what client {} was told when it wanted to {}: at every moment at which \
         that can have been done, {}.",
        last.client,
        what(&last.operation),
        could(history, smallest)
    );
    text
}

/// A call, when it was under way, and what came of it.
fn line(call: &Call) -> String {
    let ms = |ns: u64| format!("{}.{:03}", ns / 1_000_000, ns / 1000 % 1000);
    let (until, told) = match &call.answer {
        Some(told) => (ms(told.end), answer(&call.operation, told)),
        None => ("…".to_owned(), "no answer".to_owned()),
    };
    let (client, begin) = (call.client, ms(call.begin));
    format!("client {client}, {begin} to {until} ms: {} → {told}", what(&call.operation))
}

pub(super) fn what(operation: &Operation) -> String {
    match operation {
        Operation::Create => "create a sandbox".to_owned(),
        Operation::Get { sandbox } => format!("look at {sandbox}"),
        Operation::Pause { sandbox } => format!("pause {sandbox}"),
        Operation::Stop { sandbox } => format!("stop {sandbox}"),
        Operation::Start { sandbox } => format!("start {sandbox}"),
        Operation::Delete { sandbox } => format!("delete {sandbox}"),
        Operation::Capture { sandbox, name } => {
            format!("take a snapshot of {sandbox} named {name}")
        }
        Operation::Restore { name } => format!("restore {name}"),
        Operation::DeleteSnapshot { snapshot } => format!("delete {snapshot}"),
        Operation::Find { name } => format!("list snapshots named {name}"),
        Operation::Write { sandbox, file, value } => {
            format!("write {value:?} to {file} in {sandbox}")
        }
        Operation::Read { sandbox, file } => format!("read {file} in {sandbox}"),
        Operation::Execute { sandbox, file, value } => {
            format!("run a command that writes {value:?} to {file} in {sandbox}")
        }
    }
}

fn answer(operation: &Operation, told: &Told) -> String {
    let mut text = told.status.to_string();
    for seen in [&told.made, &told.state].into_iter().flatten() {
        let _ = write!(text, " {seen}");
    }
    if let Some(value) = &told.value {
        let _ = write!(text, " {value:?}");
    }
    if let (Operation::Find { .. }, 200) = (operation, told.status) {
        let found = if told.found.is_empty() { "nothing".to_owned() } else { told.found.join(" ") };
        let _ = write!(text, " {found}");
    }
    if let Some(code) = told.exit_code.filter(|code| *code != 0) {
        let _ = write!(text, " exit code {code}");
    }
    text
}

/// What could be there at that moment.
fn could(history: &History, smallest: &Smallest) -> String {
    let kind = &smallest.last.kind;
    let mut ways = BTreeSet::new();
    for state in &smallest.could {
        ways.insert(match *kind {
            Kind::Read { sandbox, file, .. } => held(history, state, sandbox, file),
            Kind::Capture { sandbox, name, .. } => {
                format!("{} and {}", phase(state, sandbox), hold(state, name))
            }
            Kind::Restore { name, .. } | Kind::Find { name, .. } => hold(state, name),
            Kind::DeleteSnapshot { name, .. } => match state.hold(name) {
                Some(Hold::Stored { snapshot, .. })
                    if state.sandboxes.iter().any(|copy| copy.from == Some(*snapshot)) =>
                {
                    "it was stored and copies of it were there".to_owned()
                }
                Some(Hold::Stored { .. }) => "it was stored and no copy was there".to_owned(),
                _ => "it was not there".to_owned(),
            },
            _ => phase(state, kind.sandbox().unwrap_or_default()),
        });
    }
    let nothing = |way: &String| way.contains("sandbox was not there");
    if !ways.iter().all(nothing) {
        // That nothing could be done before the sandbox was made goes without saying.
        ways.retain(|way| !nothing(way));
    }
    let ways: Vec<String> = ways.into_iter().collect();
    ways.join(", or ")
}

fn held(history: &History, state: &State, sandbox: u32, file: u32) -> String {
    match state.sandbox(sandbox) {
        Some(there) if there.phase.serves() => match there.files[file as usize] {
            ABSENT => "the file was not there".to_owned(),
            UNREAD => "the file held something that nobody read".to_owned(),
            value => {
                let values = whole(history).1;
                format!("the file held {:?}", values.get(&value).map_or("", String::as_str))
            }
        },
        _ => phase(state, sandbox),
    }
}

fn phase(state: &State, sandbox: u32) -> String {
    let word = match state.sandbox(sandbox).map(|there| there.phase) {
        None => "not there",
        Some(Phase::Running) => "running",
        Some(Phase::Paused) => "paused",
        Some(Phase::Stopped) => "stopped",
        Some(Phase::Starting) => "starting",
        Some(Phase::Capturing) => "being captured",
        Some(Phase::Pausing) => "being paused",
        Some(Phase::Unpausing) => "being resumed",
        Some(Phase::Stopping) => "stopping",
        Some(Phase::Deleting) => "being deleted",
    };
    format!("the sandbox was {word}")
}

fn hold(state: &State, name: u32) -> String {
    let word = match state.hold(name) {
        None => "free",
        Some(Hold::Making { .. }) => "that of a snapshot being made",
        Some(Hold::Stored { .. }) => "that of a stored snapshot",
        Some(Hold::Removing { .. }) => "that of a snapshot being deleted",
    };
    format!("the name was {word}")
}
