//! What clients do at once, chosen by a seed.

use super::dice::Dice;

/// What a history is mostly about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Uses,
    Pauses,
    Stops,
    Deletes,
    Snapshots,
}

/// What one client does next. Sandboxes, files and names go by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Get(usize),
    Write(usize, usize),
    Read(usize, usize),
    Execute(usize, usize),
    Pause(usize),
    Stop(usize),
    Start(usize),
    Delete(usize),
    Capture(usize, usize),
    Restore(usize),
    DeleteSnapshot(usize),
    Find(usize),
    /// Makes another sandbox in the place of one that is gone.
    Renew(usize),
    /// Deletes what was restored.
    DropCopies,
    Rest,
}

/// One step of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub(crate) act: Act,
    /// How long to wait before, in microseconds.
    pub(crate) after: usize,
    /// Whether the client hangs up before it is answered, and after how many microseconds.
    pub(crate) hangs_up: Option<usize>,
}

/// A history to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) sandboxes: usize,
    pub(crate) names: usize,
    /// In each wave every client makes one move, all at once.
    pub(crate) waves: Vec<Vec<Move>>,
}

/// How many clients there are.
pub(crate) const CLIENTS: usize = 4;

/// How often clients get into each other's way in one history.
const BOUTS: usize = 3;

/// How many ways of getting there a theme has.
const KINDS: usize = 6;

/// What is done first, one after another, and what is then done at once.
struct Bout {
    before: Vec<Act>,
    at_once: Vec<Act>,
    /// Whether each begins a little after the one before it.
    in_turn: bool,
}

fn bout(before: &[Act], at_once: &[Act]) -> Bout {
    Bout { before: before.to_vec(), at_once: at_once.to_vec(), in_turn: false }
}

fn in_turn(before: &[Act], at_once: &[Act]) -> Bout {
    Bout { in_turn: true, ..bout(before, at_once) }
}

/// How much later the next one begins, in microseconds.
const TURN: usize = 1500;

impl Theme {
    /// The plan of a history, of which there are several: in two of them everything comes up that
    /// there is. Some targets can't stop.
    pub(crate) fn plan(self, round: usize, dice: &mut Dice, stops: bool) -> Plan {
        let sandboxes = if matches!(self, Self::Deletes | Self::Snapshots) { 2 } else { 1 };
        let names = 1 + dice.below(2);
        let mut waves = Vec::new();
        for bout in 0..BOUTS {
            let turn = round * BOUTS + bout;
            let Bout { before, at_once, in_turn } = self.bout(turn % KINDS, dice, names, stops);
            for act in before {
                let mut acts = vec![Act::Rest; CLIENTS];
                acts[dice.below(CLIENTS)] = act;
                waves.push(acts.into_iter().map(plain).collect());
            }
            // A use may wake what is paused, and with that explain what else would be a contradiction.
            let quiet = (turn / KINDS).is_multiple_of(2);
            let mut moves = wave(&at_once, quiet, dice, sandboxes, names);
            for one in moves.iter_mut().filter(|_| in_turn) {
                let turn = at_once.iter().position(|act| *act == one.act).unwrap_or(0);
                one.after = turn * TURN;
            }
            waves.push(moves);
        }
        Plan { sandboxes, names, waves }
    }

    fn bout(self, kind: usize, dice: &mut Dice, names: usize, stops: bool) -> Bout {
        use Act::{
            Capture, Delete, DeleteSnapshot, DropCopies, Execute, Find, Get, Pause, Read, Renew,
            Restore, Start, Stop, Write,
        };
        let (name, file) = (dice.below(names), dice.below(2));
        let (one, two) = if dice.chance(50) { (0, 1) } else { (1, 0) };
        match (self, kind) {
            (Self::Uses, 0) => bout(&[], &[Write(0, file), Write(0, file), Read(0, file)]),
            (Self::Uses, 1) => bout(&[], &[Write(0, 0), Write(0, 1), Execute(0, file)]),
            (Self::Uses, 2) => bout(&[], &[Write(0, file), Read(0, file), Read(0, file)]),
            (Self::Uses, 3) => bout(&[], &[Write(0, 0), Write(0, 1), Read(0, 0), Read(0, 1)]),
            (Self::Uses, _) => bout(&[], &[Execute(0, file), Write(0, file), Read(0, file)]),
            (Self::Pauses, 0 | 1) => bout(&[Read(0, file)], &[Pause(0), Pause(0)]),
            (Self::Pauses, 2) => bout(&[Read(0, 0)], &[Pause(0), Write(0, 0), Write(0, 1)]),
            (Self::Pauses, 3) => bout(&[Read(0, 0)], &[Pause(0), Execute(0, file), Get(0)]),
            (Self::Pauses, _) => {
                let storm = [Write(0, 0), Write(0, 1), Execute(0, file), Read(0, 1 - file)];
                bout(&[Read(0, file), Pause(0)], &storm)
            }
            (Self::Stops, 0 | 2) if stops => bout(&[Start(0), Read(0, 0)], &[Stop(0), Stop(0)]),
            (Self::Stops, 1 | 3) if stops => {
                bout(&[Start(0), Read(0, 0), Stop(0)], &[Start(0), Start(0)])
            }
            (Self::Stops, 4) if stops => {
                bout(&[Start(0), Read(0, 0)], &[Stop(0), Write(0, file), Pause(0)])
            }
            (Self::Stops, _) if stops => {
                bout(&[Start(0), Read(0, 0), Stop(0)], &[Start(0), Read(0, file), Get(0)])
            }
            (Self::Stops, _) => bout(&[Read(0, 0)], &[Pause(0), Write(0, file), Get(0)]),
            (Self::Deletes, 0) => bout(&[Renew(0)], &[Delete(0), Delete(0)]),
            (Self::Deletes, 1) => bout(&[Renew(0)], &[Delete(0), Write(0, file), Get(0)]),
            (Self::Deletes, 2) => bout(&[Renew(0), Read(0, 0)], &[Capture(0, name), Delete(0)]),
            (Self::Deletes, 3) => in_turn(&[Renew(0), Read(0, 0)], &[Capture(0, name), Delete(0)]),
            (Self::Deletes, 4) => bout(&[Renew(0)], &[Pause(0), Delete(0), Read(0, file)]),
            (Self::Deletes, _) => {
                bout(&[Renew(0)], &[Capture(0, name), Capture(1, name), Delete(0)])
            }
            (Self::Snapshots, 0) => {
                let both = [Capture(one, name), Capture(two, name), Find(name)];
                bout(&[DropCopies, DeleteSnapshot(name)], &both)
            }
            (Self::Snapshots, 1) => {
                let writes = [Capture(one, name), Write(one, 0), Write(one, 1)];
                bout(&[DropCopies, DeleteSnapshot(name)], &writes)
            }
            (Self::Snapshots, 2) => {
                let before = [DropCopies, Capture(one, name), Find(name)];
                bout(&before, &[Restore(name), DeleteSnapshot(name)])
            }
            (Self::Snapshots, 3) => {
                let before = [DropCopies, Capture(one, name), Find(name)];
                in_turn(&before, &[Restore(name), DeleteSnapshot(name)])
            }
            (Self::Snapshots, 4) => {
                let before = [DropCopies, Capture(one, name), Find(name)];
                bout(&before, &[DeleteSnapshot(name), DeleteSnapshot(name)])
            }
            (Self::Snapshots, _) => {
                let both = [DeleteSnapshot(name), Capture(one, name), Capture(two, name)];
                bout(&[DropCopies, Capture(one, name), Find(name)], &both)
            }
        }
    }
}

/// What is done at once, by clients in any order, with others beside them.
fn wave(acts: &[Act], quiet: bool, dice: &mut Dice, sandboxes: usize, names: usize) -> Vec<Move> {
    let mut acts = acts.to_vec();
    while acts.len() < CLIENTS {
        let (sandbox, name) = (dice.below(sandboxes), dice.below(names));
        acts.push(if quiet { Act::Rest } else { aside(dice, sandbox, name) });
    }
    shuffle(&mut acts, dice);
    let chases = dice.chance(40);
    acts.into_iter().map(|act| one(act, chases, dice)).collect()
}

/// What the others do meanwhile.
fn aside(dice: &mut Dice, sandbox: usize, name: usize) -> Act {
    match dice.below(9) {
        0 | 1 => Act::Write(sandbox, dice.below(2)),
        2 | 3 => Act::Read(sandbox, dice.below(2)),
        4 => Act::Execute(sandbox, dice.below(2)),
        5 => Act::Get(sandbox),
        6 => Act::Find(name),
        7 => Act::Pause(sandbox),
        _ => Act::Rest,
    }
}

fn plain(act: Act) -> Move {
    Move { act, after: 0, hangs_up: None }
}

fn one(act: Act, chases: bool, dice: &mut Dice) -> Move {
    // A client that hangs up can't remove what it made, but for a snapshot, which has a name.
    let hangs_up = !matches!(act, Act::Restore(_)) && dice.chance(4);
    Move {
        act,
        after: if chases { [0, 0, 300, 1000, 3000][dice.below(5)] } else { 0 },
        hangs_up: hangs_up.then(|| [0, 200, 1000, 4000][dice.below(4)]),
    }
}

fn shuffle(acts: &mut [Act], dice: &mut Dice) {
    for place in (1..acts.len()).rev() {
        acts.swap(place, dice.below(place + 1));
    }
}
