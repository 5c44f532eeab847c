//! Leaving out what makes no difference to whether tasks can be explained.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::footprint::{Footprint, Thing};
use super::machine::Machine;
use super::task::{Kind, Reply, Seen, Task, UNREAD};

/// The same question in fewer words: the tasks can be explained if and only if those given can.
pub(super) fn tidy(mut tasks: Vec<Task>, machine: Machine) -> Vec<Task> {
    forget_unread(&mut tasks);
    tidy_values(tasks, machine)
}

/// The same, with every value that is written.
pub(super) fn tidy_values(mut tasks: Vec<Task>, machine: Machine) -> Vec<Task> {
    let pausable: HashSet<u32> = tasks
        .iter()
        .filter(|task| matches!(task.reply, Reply::Done | Reply::Open))
        .filter_map(|task| match task.kind {
            Kind::Pause { sandbox } => Some(sandbox),
            _ => None,
        })
        .collect();
    let mut touched = HashSet::new();
    tasks.retain_mut(|task| {
        if task.reply != Reply::Open {
            return true;
        }
        match task.kind {
            Kind::Get { .. } | Kind::Find { .. } => false,
            // One that may wake a sandbox at any time is as good as many that may later.
            Kind::Touch { sandbox } => {
                pausable.contains(&sandbox) && (task.end < u64::MAX || touched.insert(sandbox))
            }
            _ => true,
        }
    });
    leave_out_useless(&mut tasks);
    find_stepwise(&mut tasks, machine);
    find_wakeful(&mut tasks);
    tasks
}

/// Values that nobody reads are all alike; an open call that writes one does no more than to wake
/// its sandbox.
fn forget_unread(tasks: &mut [Task]) {
    let read: HashSet<u32> = tasks
        .iter()
        .filter(|task| task.reply == Reply::Done)
        .filter_map(|task| match task.kind {
            Kind::Read { value, .. } => Some(value),
            _ => None,
        })
        .collect();
    for task in tasks {
        if let Kind::Write { sandbox, value, .. } = &mut task.kind
            && !read.contains(value)
        {
            *value = UNREAD;
            if task.reply == Reply::Open {
                task.kind = Kind::Touch { sandbox: *sandbox };
            }
        }
    }
}

/// An open call is left out if nothing depends on what it would change.
fn leave_out_useless(tasks: &mut Vec<Task>) {
    if tasks.iter().all(|task| task.reply != Reply::Open) {
        return;
    }
    let mut things: BTreeSet<Thing> = BTreeSet::new();
    let mut kept: Vec<bool> = tasks.iter().map(|task| task.reply != Reply::Open).collect();
    for (task, _) in tasks.iter().zip(&kept).filter(|(_, kept)| **kept) {
        things.extend(Footprint::of(task).all());
    }
    loop {
        let mut grown = false;
        for (task, kept) in tasks.iter().zip(&mut kept).filter(|(_, kept)| !**kept) {
            let footprint = Footprint::of(task);
            if footprint.changes_any(&things) {
                *kept = true;
                grown = true;
                things.extend(footprint.all());
            }
        }
        if !grown {
            break;
        }
    }
    let mut kept = kept.into_iter();
    tasks.retain(|_| kept.next().unwrap_or(true));
}

/// Marks the tasks that somebody may have seen half done. All others can be taken as done in one
/// moment: nobody tells the difference.
fn find_stepwise(tasks: &mut [Task], machine: Machine) {
    // When somebody saw something between two states, by what it was seen of.
    let mut sights: BTreeMap<Thing, Stretches> = BTreeMap::new();
    for task in tasks.iter() {
        let busy = task.reply == Reply::Conflict
            || matches!(task.kind, Kind::Get { seen: Seen::Passing, .. });
        // That a snapshot is not stored yet shows when its source is seen to go on.
        let waits = matches!(
            (task.kind, task.reply),
            (Kind::Find { .. }, _)
                | (Kind::Restore { .. } | Kind::DeleteSnapshot { .. }, Reply::Missing)
        );
        let deletes = machine.keeps_used
            && task.reply != Reply::Missing
            && matches!(task.kind, Kind::DeleteSnapshot { .. });
        let sandbox = task.kind.sandbox().map(Thing::Sandbox).filter(|_| busy);
        let name = task.kind.name().map(Thing::Name).filter(|_| busy || waits);
        let copies = task.kind.name().map(Thing::Copies).filter(|_| deletes);
        for thing in sandbox.into_iter().chain(name).chain(copies) {
            sights.entry(thing).or_default().0.push((task.begin, task.end));
        }
    }
    sights.values_mut().for_each(Stretches::sort);
    for task in tasks {
        let until = if task.early { u64::MAX } else { task.end };
        let sandbox = task.kind.sandbox();
        let things = [
            sandbox.map(Thing::Sandbox),
            task.kind.name().map(Thing::Name),
            task.copy_of.map(Thing::Copies),
        ];
        task.stepwise = task.early
            || things
                .into_iter()
                .flatten()
                .filter_map(|thing| sights.get(&thing))
                .any(|sights| sights.overlap(task.begin, until));
    }
}

/// Marks the looks that may still have to wake their sandbox.
fn find_wakeful(tasks: &mut [Task]) {
    let mut pauses: BTreeMap<u32, Stretches> = BTreeMap::new();
    for task in tasks.iter().filter(|task| !task.is_look()) {
        if let Kind::Pause { sandbox } = task.kind {
            let until = if task.early { u64::MAX } else { task.end };
            pauses.entry(sandbox).or_default().0.push((task.begin, until));
        }
    }
    pauses.values_mut().for_each(Stretches::sort);
    for task in tasks.iter_mut().filter(|task| task.kind.is_use() && task.is_look()) {
        let pauses = task.kind.sandbox().and_then(|sandbox| pauses.get(&sandbox));
        task.wakeful = pauses.is_some_and(|pauses| pauses.overlap(task.begin, task.end));
    }
}

/// Stretches of time.
#[derive(Default)]
struct Stretches(Vec<(u64, u64)>);

impl Stretches {
    /// By their beginnings; the second of each is then the latest end so far.
    fn sort(&mut self) {
        self.0.sort_unstable();
        let mut latest = 0;
        for (_, end) in &mut self.0 {
            latest = latest.max(*end);
            *end = latest;
        }
    }

    /// Whether one of them has something in common with another stretch.
    fn overlap(&self, begin: u64, end: u64) -> bool {
        let before = self.0.partition_point(|(other, _)| *other <= end);
        before > 0 && self.0[before - 1].1 >= begin
    }
}
