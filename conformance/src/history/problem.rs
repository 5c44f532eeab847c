//! From a history to parts that are judged each by itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::call::{Call, History, Operation, Told};
use super::machine::Machine;
use super::task::{ABSENT, Found, Kind, Reply, Seen, Task};
use super::tidy::tidy;

/// Calls that have nothing to do with those of other parts.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) machine: Machine,
    /// By the time at which they were sent.
    pub(super) tasks: Vec<Task>,
}

/// Numbers for names.
#[derive(Default)]
struct Numbers {
    sandboxes: HashMap<String, u32>,
    names: HashMap<String, u32>,
    files: HashMap<String, u32>,
    values: HashMap<String, u32>,
    snapshots: HashMap<String, u32>,
    /// The name of each snapshot.
    named: HashMap<u32, u32>,
    fresh: u32,
}

/// Open calls make things that nobody has a name for; these get numbers from here on.
const UNTOLD: u32 = 1 << 30;

fn number(map: &mut HashMap<String, u32>, text: &str, base: u32) -> u32 {
    let next = base + u32::try_from(map.len()).expect("fewer than 2^30 names");
    *map.entry(text.to_owned()).or_insert(next)
}

impl Numbers {
    fn of(history: &History) -> Self {
        let mut numbers = Self::default();
        for call in &history.calls {
            if let (Operation::Capture { name, .. }, Some(made)) = (&call.operation, made(call)) {
                let snapshot = number(&mut numbers.snapshots, made, 0);
                let name = number(&mut numbers.names, name, 0);
                numbers.named.insert(snapshot, name);
            }
        }
        // What nobody was told of when it was made may turn up in a list.
        for call in &history.calls {
            let (Operation::Find { name }, Some(told)) = (&call.operation, &call.answer) else {
                continue;
            };
            for id in &told.found {
                let snapshot = number(&mut numbers.snapshots, id, UNTOLD);
                let name = number(&mut numbers.names, name, 0);
                numbers.named.entry(snapshot).or_insert(name);
            }
        }
        numbers
    }

    fn sandbox(&mut self, id: &str) -> u32 {
        number(&mut self.sandboxes, id, 0)
    }

    fn untold(&mut self) -> u32 {
        self.fresh += 1;
        2 * UNTOLD + self.fresh
    }

    /// What a call made, under its own number or one that nobody knows.
    fn made(&mut self, call: &Call, sandboxes: bool) -> u32 {
        match made(call) {
            Some(id) if sandboxes => number(&mut self.sandboxes, id, 0),
            Some(id) => number(&mut self.snapshots, id, 0),
            None => self.untold(),
        }
    }
}

/// The id of what a call made, if it did and says so.
fn made(call: &Call) -> Option<&str> {
    let told = call.answer.as_ref().filter(|told| (200..300).contains(&told.status))?;
    told.made.as_deref()
}

/// A history in parts.
pub(super) fn parts(history: &History) -> Vec<Part> {
    let (Part { machine, tasks }, _) = whole(history);
    divide(tasks).into_iter().map(|tasks| Part { machine, tasks: tidy(tasks, machine) }).collect()
}

/// A history in one part, as it stands, and the values by their numbers.
pub(super) fn whole(history: &History) -> (Part, BTreeMap<u32, String>) {
    let mut numbers = Numbers::of(history);
    let values: HashSet<&str> =
        history.calls.iter().filter_map(|call| call.operation.value()).collect();
    let mut tasks = Vec::new();
    for (origin, call) in history.calls.iter().enumerate() {
        if is_torn(history, &values, call) {
            continue;
        }
        tasks_of(origin, call, &mut numbers, &mut tasks);
    }
    tasks.sort_by_key(|task| task.begin);
    note_copies(&mut tasks);
    let keeps_used = history.keeps_used;
    let files = numbers.files.len();
    let machine = Machine { files, keeps_used, first_untold: UNTOLD };
    let values = numbers.values.into_iter().map(|(value, number)| (number, value)).collect();
    (Part { machine, tasks }, values)
}

/// Whether a read shows a part of what somebody else was just writing: that a file is written in
/// one moment is nobody's promise. A copy may hold what was being written when it was captured.
fn is_torn(history: &History, values: &HashSet<&str>, call: &Call) -> bool {
    let Operation::Read { sandbox, file } = &call.operation else { return false };
    let Some(told) = &call.answer else { return false };
    let Some(seen) = told.value.as_deref().filter(|seen| !values.contains(seen)) else {
        return false;
    };
    let is_copy = history.calls.iter().any(|other| {
        matches!(other.operation, Operation::Restore { .. }) && made(other) == Some(sandbox)
    });
    history.calls.iter().any(|other| match &other.operation {
        Operation::Write { sandbox: at, file: of, value }
        | Operation::Execute { sandbox: at, file: of, value } => {
            let done = other.answer.as_ref().filter(|told| told.status < 300);
            let until = done.map_or(u64::MAX, |told| told.end);
            let meets = other.begin <= told.end && until >= call.begin && at == sandbox;
            of == file && value.starts_with(seen) && (is_copy || meets)
        }
        _ => false,
    })
}

/// The tasks of a call; none if nothing can be said of its answer.
fn tasks_of(origin: usize, call: &Call, numbers: &mut Numbers, tasks: &mut Vec<Task>) {
    let (begin, end) = (call.begin, call.answer.as_ref().map_or(u64::MAX, |told| told.end));
    let status = call.status();
    let creates = matches!(call.operation, Operation::Create);
    let reply = match status {
        None | Some(0..200 | 500..) => Reply::Open,
        Some(200..300) => Reply::Done,
        Some(404) => Reply::Missing,
        // SB-CREATE-05: a limit, which is not looked at here.
        Some(409) if !creates => Reply::Conflict,
        // Refused for reasons that have nothing to do with other calls.
        Some(_) => return,
    };
    let end = if reply == Reply::Open { u64::MAX } else { end };
    let mut add = |kind, reply, end| {
        let early = reply == Reply::Done
            && matches!(
                kind,
                Kind::Create { .. }
                    | Kind::Restore { .. }
                    | Kind::Pause { .. }
                    | Kind::Stop { .. }
                    | Kind::Start { .. }
            )
            && call
                .answer
                .as_ref()
                .is_some_and(|told| told.state.is_some() && seen(told) == Seen::Passing);
        tasks.push(Task { early, origin, ..Task::new(kind, reply, begin, end) });
    };
    let sandbox = call.operation.sandbox().map(|id| numbers.sandbox(id)).unwrap_or_default();
    let kind = match &call.operation {
        Operation::Create => Kind::Create { made: numbers.made(call, true) },
        Operation::Get { .. } => {
            let Some(told) = call.answer.as_ref().filter(|_| reply != Reply::Open) else { return };
            if reply == Reply::Conflict {
                return add(Kind::Get { sandbox, seen: Seen::Passing }, reply, end);
            }
            return add(Kind::Get { sandbox, seen: seen(told) }, Reply::Done, end);
        }
        Operation::Pause { .. } => Kind::Pause { sandbox },
        Operation::Stop { .. } => Kind::Stop { sandbox },
        Operation::Start { .. } => Kind::Start { sandbox },
        Operation::Delete { .. } => Kind::Delete { sandbox },
        Operation::Capture { name, .. } => {
            let name = number(&mut numbers.names, name, 0);
            Kind::Capture { sandbox, name, made: numbers.made(call, false) }
        }
        Operation::Restore { name } => {
            let name = number(&mut numbers.names, name, 0);
            Kind::Restore { name, made: numbers.made(call, true) }
        }
        Operation::DeleteSnapshot { snapshot } => {
            let snapshot = number(&mut numbers.snapshots, snapshot, UNTOLD);
            // One of which nobody ever told has a name of its own.
            let name = numbers.named.get(&snapshot).copied();
            Kind::DeleteSnapshot { name: name.unwrap_or_else(|| numbers.untold()), snapshot }
        }
        Operation::Find { name } => {
            let Some(told) = call.answer.as_ref().filter(|_| reply == Reply::Done) else { return };
            let name = number(&mut numbers.names, name, 0);
            let found = match &*told.found {
                [] => Found::Nothing,
                [id] => Found::One(number(&mut numbers.snapshots, id, UNTOLD)),
                _ => Found::Several,
            };
            Kind::Find { name, found }
        }
        Operation::Write { file, value, .. } => {
            let file = number(&mut numbers.files, file, 0);
            let value = number(&mut numbers.values, value, 0);
            let write = Kind::Write { sandbox, file, value };
            if reply == Reply::Conflict {
                return refused_use(sandbox, write, end, &mut add);
            }
            write
        }
        Operation::Read { file, .. } => {
            let file = number(&mut numbers.files, file, 0);
            let value = call.answer.as_ref().and_then(|told| told.value.as_ref());
            let value = value.map_or(ABSENT, |value| number(&mut numbers.values, value, 0));
            if reply == Reply::Open {
                return add(Kind::Touch { sandbox }, reply, end);
            }
            Kind::Read { sandbox, file, value }
        }
        Operation::Execute { file, value, .. } => {
            let file = number(&mut numbers.files, file, 0);
            let value = number(&mut numbers.values, value, 0);
            let write = Kind::Write { sandbox, file, value };
            let failed = call.answer.as_ref().is_some_and(|told| told.exit_code != Some(0));
            match reply {
                Reply::Conflict => return refused_use(sandbox, write, end, &mut add),
                Reply::Missing => return add(Kind::Touch { sandbox }, reply, end),
                Reply::Done if failed => return add(write, Reply::Open, u64::MAX),
                Reply::Done | Reply::Open => write,
            }
        }
    };
    add(kind, reply, end);
}

/// PROC-11: a use that was refused because its sandbox changed its state may have begun, and may go
/// on when that is over.
fn refused_use(sandbox: u32, write: Kind, end: u64, add: &mut impl FnMut(Kind, Reply, u64)) {
    add(Kind::Touch { sandbox }, Reply::Conflict, end);
    add(write, Reply::Open, u64::MAX);
}

fn note_copies(tasks: &mut [Task]) {
    let restores = tasks.iter().filter_map(|task| match task.kind {
        Kind::Restore { name, made } => Some((made, name)),
        _ => None,
    });
    let copies: HashMap<u32, u32> = restores.collect();
    for task in tasks {
        task.copy_of = task.kind.sandbox().and_then(|sandbox| copies.get(&sandbox)).copied();
    }
}

fn seen(told: &Told) -> Seen {
    match (told.status, told.state.as_deref()) {
        (404, _) | (_, Some("deleted")) => Seen::Gone,
        (_, Some("running")) => Seen::Running,
        (_, Some("paused")) => Seen::Paused,
        (_, Some("stopped")) => Seen::Stopped,
        (_, _) => Seen::Passing,
    }
}

/// A sandbox or a name, which calls have in common.
type Joint = (bool, u32);

fn joints(task: &Task) -> BTreeSet<Joint> {
    let sandboxes = task.kind.sandbox().into_iter().chain(task.kind.made());
    let names = task.kind.name().map(|name| (true, name));
    sandboxes.map(|sandbox| (false, sandbox)).chain(names).collect()
}

/// Tasks that are joined by no sandbox and no name, apart.
fn divide(tasks: Vec<Task>) -> Vec<Vec<Task>> {
    let mut roots: BTreeMap<Joint, Joint> = BTreeMap::new();
    let root = |roots: &BTreeMap<Joint, Joint>, mut of: Joint| {
        while let Some(up) = roots.get(&of).filter(|up| **up != of) {
            of = *up;
        }
        of
    };
    for task in &tasks {
        let all: Vec<_> = joints(task).into_iter().map(|joint| root(&roots, joint)).collect();
        for joint in &all {
            roots.insert(*joint, all[0]);
        }
    }
    let mut parts: BTreeMap<Joint, Vec<Task>> = BTreeMap::new();
    for task in tasks {
        let first = joints(&task).into_iter().next();
        let first = first.expect("every task is about a sandbox or a name");
        parts.entry(root(&roots, first)).or_default().push(task);
    }
    parts.into_values().collect()
}
