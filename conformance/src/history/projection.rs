//! One sandbox alone, and one file of it: what can't be explained there can't be explained at all.
//!
//! A contradiction is found only when every order has been tried, and sandboxes that are joined by
//! no more than the names of snapshots multiply the orders. Most contradictions are about one of
//! them, and about one file. What the others and the names would ask for is left out, so that a
//! projection that can be explained says nothing.

use std::collections::{BTreeSet, HashSet};

use super::problem::Part;
use super::task::{ABSENT, Kind, Reply, Task};
use super::tidy::tidy;

/// The projections of a part, the smallest first.
pub(super) fn projections(part: &Part) -> Vec<Part> {
    let sandboxes: BTreeSet<u32> =
        part.tasks.iter().filter_map(|task| task.kind.sandbox()).collect();
    let files = u32::try_from(part.machine.files).unwrap_or(u32::MAX);
    let machine = part.machine;
    let as_part = |tasks| Part { machine, tasks: tidy(tasks, machine) };
    let mut found = Vec::new();
    let all: Vec<_> = sandboxes.into_iter().map(|sandbox| alone(part, sandbox)).collect();
    for tasks in &all {
        found.extend((0..files).map(|file| as_part(one_file(tasks, file))));
    }
    if all.len() > 1 {
        found.extend(all.into_iter().map(as_part));
    }
    found
}

/// With uses of other files no more than calls that may wake the sandbox.
fn one_file(tasks: &[Task], wanted: u32) -> Vec<Task> {
    let tasks = tasks.iter().map(|task| match task.kind {
        Kind::Write { sandbox, file, .. } | Kind::Read { sandbox, file, .. } if file != wanted => {
            Task { kind: Kind::Touch { sandbox }, reply: Reply::Open, ..task.clone() }
        }
        _ => task.clone(),
    });
    tasks.collect()
}

fn alone(part: &Part, sandbox: u32) -> Vec<Task> {
    let of =
        |task: &&Task| task.kind.sandbox() == Some(sandbox) || task.kind.made() == Some(sandbox);
    let written: HashSet<u32> = part
        .tasks
        .iter()
        .filter(of)
        .filter_map(|task| match task.kind {
            Kind::Write { value, .. } => Some(value),
            _ => None,
        })
        .collect();
    let mut names = 0;
    let tasks = part.tasks.iter().filter(of).filter_map(|task| {
        let mut task = Task { copy_of: None, ..task.clone() };
        match &mut task.kind {
            Kind::Capture { name, .. } => {
                // The name is always free here, and so may be why it was refused.
                names += 1;
                *name = names;
                if task.reply == Reply::Conflict {
                    return None;
                }
            }
            Kind::Restore { made, .. } => task.kind = Kind::Create { made: *made },
            // What a copy began with is one unknown value.
            Kind::Read { value, .. } if !written.contains(value) => *value = ABSENT,
            _ => {}
        }
        Some(task)
    });
    tasks.collect()
}
