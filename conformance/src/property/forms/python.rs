//! A sequence as a program for the vendor's Python client.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::step::FILES;
use super::super::{Action, Contradiction, Expected, Step};
use super::request::{names, on};
use super::words;

/// What every program begins with.
const HEAD: &str = r#"# pip install leap0==0.8.0; LEAP0_API_KEY and LEAP0_BASE_URL are read from the environment.
import os
import sys

from leap0 import Leap0Client, Leap0Error

client = Leap0Client()
prefix = f"case-{os.getpid()}"
made = []


def attempt(call):
    """What a call gives, or how it was refused."""
    try:
        return call()
    except Leap0Error as refusal:
        return refusal


def keep(thing, delete):
    """Remembers to delete what was made, the latest first: a snapshot goes after its copies."""
    if not isinstance(thing, Leap0Error):
        made.insert(0, lambda: delete(thing))
    return thing


def contradiction(seen):
    print("wanted:", wanted)
    print("seen:", seen)
    sys.exit(1)


def change(sandbox, what):
    """Stops or starts, for which this release has no methods."""
    return client._transport.request("POST", f"/v1/sandbox/{sandbox.id}/{what}")

"#;

/// The program. It ends with 1 where it sees the contradiction, and with 0 where all is as wanted.
pub(crate) fn python(steps: &[Step], found: &Contradiction) -> String {
    let names = names(steps);
    let told = words(steps, found).replace('\n', " ");
    let mut out = format!("# {told}\n{HEAD}\nwanted = {:?}\ntry:\n", found.wanted);
    for step in steps {
        let name = names.get(&step.label).map_or("seen", String::as_str);
        let judged = step.label == found.label;
        if step.action == Action::Look {
            look(&mut out, &on(step, &names), found, judged);
            continue;
        }
        let mut call = format!("attempt(lambda: {})", call(step, &names));
        if step.makes_sandbox() {
            call = format!("keep({call}, client.sandboxes.delete)");
        } else if step.makes_snapshot() {
            call = format!("keep({call}, client.snapshots.delete)");
        }
        let _ = writeln!(out, "    {name} = {call}");
        if judged {
            judge(&mut out, name, &found.expect);
        }
    }
    out.push_str("    print(\"as wanted:\", wanted)\nfinally:\n    for delete in made:\n");
    out.push_str("        attempt(delete)\n");
    out
}

/// The call of a step.
fn call(step: &Step, names: &BTreeMap<usize, String>) -> String {
    let (it, own) = (on(step, names), names.get(&step.label).cloned().unwrap_or_default());
    match step.action {
        Action::Create => "client.sandboxes.create(timeout=240)".to_owned(),
        Action::Restore => {
            format!("client.snapshots.restore(snapshot_name=f\"{{prefix}}-{it}\", timeout=240)")
        }
        Action::Snapshot { kill } => {
            let kill = if kill { ", kill_sandbox_after=True" } else { "" };
            format!("{it}.create_snapshot(name=f\"{{prefix}}-{own}\"{kill})")
        }
        Action::SnapshotAgain { name_of } => {
            let name = names.get(&name_of).cloned().unwrap_or_default();
            format!("{it}.create_snapshot(name=f\"{{prefix}}-{name}\")")
        }
        Action::Write(file) => format!(
            "{it}.filesystem.write_file(path=\"{}\", content={:?})",
            FILES[file],
            step.value()
        ),
        Action::Look => String::new(),
        Action::Pause => format!("{it}.pause()"),
        Action::Stop => format!("change({it}, \"stop\")"),
        Action::Start => format!("change({it}, \"start\")"),
        Action::Delete => format!("{it}.delete()"),
        Action::DeleteSnapshot => format!("client.snapshots.delete({it})"),
    }
}

/// Reads the state, and every file.
fn look(out: &mut String, it: &str, found: &Contradiction, judged: bool) {
    let _ = writeln!(out, "    seen = attempt(lambda: client.sandboxes.get({it}.id).state)");
    if judged && found.request == "GET " {
        judge(out, "seen", &found.expect);
    }
    for file in FILES {
        let read = format!("{it}.filesystem.read_file(path=\"{file}\")");
        let _ = writeln!(out, "    seen = attempt(lambda: {read})");
        if judged && found.request == file {
            judge(out, "seen", &found.expect);
        }
    }
}

fn judge(out: &mut String, name: &str, expected: &Expected) {
    let wrong = match expected {
        Expected::Status(_) => format!("isinstance({name}, Leap0Error)"),
        Expected::Refused => format!("not isinstance({name}, Leap0Error)"),
        Expected::State(state) => format!("getattr({name}, \"value\", {name}) != {state:?}"),
        Expected::Contents(text) => format!("{name} != {text:?}"),
    };
    let _ = writeln!(out, "    if {wrong}:\n        contradiction({name})");
}
