//! Histories of a server that does nothing wrong, made up: calls with random lengths that overlap,
//! each done at random moments between its beginning and its end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::call::{Call, History, Operation, Told};
use super::dice::Dice;
use super::machine::{DONE, FRESH, Hold, Machine, Phase, State};
use super::task::{ABSENT, Found, Kind, Reply, Seen, Task};

/// What is to be made up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) seed: u64,
    pub(crate) clients: usize,
    /// Of each client.
    pub(crate) calls: usize,
    /// How many sandboxes there are at most at once.
    pub(crate) live: usize,
    /// How many of a hundred calls get no answer.
    pub(crate) open: usize,
    /// How many of a hundred calls read and write files.
    pub(crate) uses: usize,
    /// How many files there are in a sandbox, and how many names for snapshots.
    pub(crate) things: u32,
}

struct Simulation {
    dice: Dice,
    state: State,
    machine: Machine,
    calls: Vec<Flight>,
    queue: BinaryHeap<Reverse<(u64, usize)>>,
    /// Ids that clients know of.
    sandboxes: Vec<u32>,
    snapshots: Vec<(u32, u32)>,
    counter: u32,
}

/// A call under way.
struct Flight {
    client: usize,
    task: Task,
    point: u8,
    told: Told,
    /// Whether nobody waits for it any more.
    open: bool,
    settled: bool,
}

/// Makes up a history.
pub(crate) fn simulate(wish: Wish) -> History {
    let machine = Machine { files: wish.things as usize, keeps_used: true, first_untold: u32::MAX };
    let mut simulation = Simulation {
        dice: Dice::new(wish.seed),
        state: State::default(),
        machine,
        calls: Vec::new(),
        queue: BinaryHeap::new(),
        sandboxes: Vec::new(),
        snapshots: Vec::new(),
        counter: 0,
    };
    let mut clients: BinaryHeap<Reverse<(u64, usize, usize)>> =
        (0..wish.clients).map(|client| Reverse((client as u64 * 30, client, wish.calls))).collect();
    // Whatever happens next: a client that is free begins a call, or a call takes a step.
    loop {
        let begins = clients.peek().map(|Reverse((at, ..))| *at);
        let steps = simulation.queue.peek().map(|Reverse((at, _))| *at);
        match (begins, steps) {
            (None, None) => break,
            (Some(at), steps) if steps.is_none_or(|step| at <= step) => {
                let Some(Reverse((_, client, left))) = clients.pop() else { break };
                if left > 0 {
                    let free = simulation.begin(client, at, wish);
                    if let Some(free) = free {
                        clients.push(Reverse((free, client, left - 1)));
                    }
                }
            }
            _ => {
                let Some(Reverse((at, call))) = simulation.queue.pop() else { break };
                if let Some(end) = simulation.step(call, at) {
                    let gap = 1 + simulation.dice.below(40) as u64;
                    let client = simulation.calls[call].client;
                    let left = simulation.left(client, wish.calls);
                    clients.push(Reverse((end + gap, client, left)));
                }
            }
        }
    }
    simulation.history(wish)
}

impl Simulation {
    fn left(&self, client: usize, calls: usize) -> usize {
        calls - self.calls.iter().filter(|call| call.client == client).count().min(calls)
    }

    /// Begins a call. Gives when the client goes on, if that is known.
    fn begin(&mut self, client: usize, at: u64, wish: Wish) -> Option<u64> {
        let kind = self.choose(wish);
        let mut task = Task::new(kind, Reply::Done, at, u64::MAX);
        task.stepwise = self.dice.chance(50);
        let open = !matches!(kind, Kind::Create { .. } | Kind::Restore { .. })
            && self.dice.chance(wish.open);
        let told = Told::default();
        self.calls.push(Flight { client, task, point: FRESH, told, open, settled: false });
        let call = self.calls.len() - 1;
        if !open || self.dice.chance(70) {
            let first = at + 1 + self.dice.below(60) as u64;
            self.queue.push(Reverse((first, call)));
        }
        open.then(|| at + 1 + self.dice.below(50) as u64)
    }

    fn choose(&mut self, wish: Wish) -> Kind {
        let dice = &mut self.dice;
        let making = self.calls.iter().filter(|call| !call.settled);
        let making = making.filter(|call| call.task.kind.made().is_some()).count();
        let room = self.state.sandboxes.len() + making < wish.live;
        // The latest are used the most; one that is gone is used now and then.
        let latest = self.sandboxes.len().saturating_sub(wish.live);
        let from = if dice.chance(3) { 0 } else { latest };
        let sandbox = dice.pick(&self.sandboxes[from..]).copied();
        let (name, file) = (dice.number(wish.things), dice.number(wish.things));
        let snapshot =
            dice.pick(&self.snapshots[self.snapshots.len().saturating_sub(3)..]).copied();
        self.counter += 1;
        let fresh = self.counter;
        let find = Kind::Find { name, found: Found::Nothing };
        let Some(sandbox) = sandbox.filter(|_| !room || dice.chance(70)) else {
            let stored = matches!(self.state.hold(name), Some(Hold::Stored { .. }));
            return match room {
                true if stored && dice.chance(60) => Kind::Restore { name, made: fresh },
                true => Kind::Create { made: fresh },
                false => find,
            };
        };
        if dice.chance(wish.uses) {
            return if dice.chance(50) {
                Kind::Write { sandbox, file, value: fresh }
            } else {
                Kind::Read { sandbox, file, value: ABSENT }
            };
        }
        match dice.below(20) {
            0..4 => Kind::Get { sandbox, seen: Seen::Gone },
            4..7 => Kind::Pause { sandbox },
            7..9 => Kind::Stop { sandbox },
            9..12 => Kind::Start { sandbox },
            12..15 => Kind::Capture { sandbox, name, made: fresh },
            15..17 => find,
            17..19 => match snapshot {
                Some((snapshot, name)) => Kind::DeleteSnapshot { name, snapshot },
                None => Kind::Restore { name, made: fresh },
            },
            _ => Kind::Delete { sandbox },
        }
    }

    /// Takes a step of a call; gives when it is answered, if that was the last.
    fn step(&mut self, place: usize, at: u64) -> Option<u64> {
        let later = at + 1 + self.dice.below(60) as u64;
        let flight = &self.calls[place];
        if flight.settled {
            return None;
        }
        let (task, point) = (flight.task.clone(), flight.point);
        let status = if point == FRESH { self.look(&task, place) } else { None };
        if let Some(status) = status {
            return self.settle(place, status, later);
        }
        let mut next = Vec::new();
        self.machine.steps(&self.state, &task, point, &mut next);
        let Some((point, state)) = self.dice.pick(&next).cloned() else {
            // It waits.
            self.queue.push(Reverse((later, place)));
            return None;
        };
        self.state = state;
        self.calls[place].point = point;
        if point == DONE {
            let status = match task.kind {
                Kind::Stop { .. } | Kind::Start { .. } => 200,
                Kind::Delete { .. } | Kind::DeleteSnapshot { .. } | Kind::Write { .. } => 204,
                _ => 201,
            };
            return self.settle(place, status, later);
        }
        self.queue.push(Reverse((later, place)));
        None
    }

    /// The status of a call that changes nothing in this state.
    fn look(&mut self, task: &Task, place: usize) -> Option<u16> {
        let as_reply = |reply| Task { reply, ..task.clone() };
        let phase = task.kind.sandbox().and_then(|id| self.state.sandbox(id));
        let phase = phase.map(|sandbox| sandbox.phase);
        let told = &mut self.calls[place].told;
        match task.kind {
            Kind::Get { .. } => {
                let Some(phase) = phase else { return Some(404) };
                told.state = Some(format!("{phase:?}").to_lowercase());
                return Some(200);
            }
            Kind::Find { name, .. } => {
                if let Some(Hold::Stored { snapshot, .. }) = self.state.hold(name) {
                    told.found = vec![format!("snap-{snapshot}")];
                }
                return Some(200);
            }
            Kind::Read { sandbox, file, .. } if phase == Some(Phase::Running) => {
                let held = self.state.sandbox(sandbox)?.files[file as usize];
                if held == ABSENT {
                    return Some(404);
                }
                told.value = Some(format!("v{held}"));
                return Some(200);
            }
            _ => {}
        }
        let mut next = Vec::new();
        self.machine.steps(&self.state, task, FRESH, &mut next);
        if !next.is_empty() {
            return None;
        }
        // A use waits while a sandbox is on its way to run, or is refused at once.
        let waits = task.kind.is_use()
            && self.dice.chance(70)
            && matches!(
                phase,
                Some(Phase::Starting | Phase::Capturing | Phase::Pausing | Phase::Unpausing)
            );
        if self.machine.explains(&self.state, &as_reply(Reply::Missing)) {
            Some(404)
        } else if !waits && self.machine.explains(&self.state, &as_reply(Reply::Conflict)) {
            Some(409)
        } else {
            None
        }
    }

    fn settle(&mut self, place: usize, status: u16, end: u64) -> Option<u64> {
        let flight = &mut self.calls[place];
        flight.settled = true;
        if flight.open {
            return None;
        }
        (flight.told.status, flight.told.end, flight.task.end) = (status, end, end);
        if status == 201 {
            match flight.task.kind {
                Kind::Create { made } | Kind::Restore { made, .. } => {
                    flight.told.made = Some(format!("sbx-{made}"));
                    self.sandboxes.push(made);
                }
                Kind::Capture { made, name, .. } => {
                    flight.told.made = Some(format!("snap-{made}"));
                    self.snapshots.push((made, name));
                }
                _ => {}
            }
        }
        Some(end)
    }

    fn history(self, wish: Wish) -> History {
        let calls = self.calls.into_iter().map(|flight| Call {
            client: flight.client,
            operation: operation(&flight.task.kind),
            begin: flight.task.begin,
            answer: (flight.told.status > 0).then_some(flight.told),
        });
        History {
            target: "made up".to_owned(),
            seed: wish.seed,
            keeps_used: true,
            calls: calls.collect(),
        }
    }
}

/// An operation with words for numbers.
fn operation(kind: &Kind) -> Operation {
    let id = |sandbox: u32| format!("sbx-{sandbox}");
    let (name, file) = (|name: u32| format!("name-{name}"), |file: u32| format!("/tmp/{file}"));
    match *kind {
        Kind::Create { .. } => Operation::Create,
        Kind::Get { sandbox, .. } | Kind::Touch { sandbox } => {
            Operation::Get { sandbox: id(sandbox) }
        }
        Kind::Pause { sandbox } => Operation::Pause { sandbox: id(sandbox) },
        Kind::Stop { sandbox } => Operation::Stop { sandbox: id(sandbox) },
        Kind::Start { sandbox } => Operation::Start { sandbox: id(sandbox) },
        Kind::Delete { sandbox } => Operation::Delete { sandbox: id(sandbox) },
        Kind::Capture { sandbox, name: of, .. } => {
            Operation::Capture { sandbox: id(sandbox), name: name(of) }
        }
        Kind::Restore { name: of, .. } => Operation::Restore { name: name(of) },
        Kind::DeleteSnapshot { snapshot, .. } => {
            Operation::DeleteSnapshot { snapshot: format!("snap-{snapshot}") }
        }
        Kind::Find { name: of, .. } => Operation::Find { name: name(of) },
        Kind::Write { sandbox, file: of, value } => {
            Operation::Write { sandbox: id(sandbox), file: file(of), value: format!("v{value}") }
        }
        Kind::Read { sandbox, file: of, .. } => {
            Operation::Read { sandbox: id(sandbox), file: file(of) }
        }
    }
}
