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

impl Theme {
    /// A plan for one history. Some targets can't stop.
    pub(crate) fn plan(self, dice: &mut Dice, stops: bool) -> Plan {
        let sandboxes = if matches!(self, Self::Deletes | Self::Snapshots) { 2 } else { 1 };
        let names = 1 + dice.below(2);
        let count = 5 + dice.below(3);
        let waves = (0..count).map(|_| self.wave(dice, sandboxes, names, stops)).collect();
        Plan { sandboxes, names, waves }
    }

    fn wave(self, dice: &mut Dice, sandboxes: usize, names: usize, stops: bool) -> Vec<Move> {
        let sandbox = dice.below(sandboxes);
        let other = (sandbox + 1) % sandboxes;
        let name = dice.below(names);
        let file = dice.below(2);
        let mut acts = self.duel(dice, (sandbox, other), name, file, stops);
        while acts.len() < CLIENTS {
            let sandbox = dice.below(sandboxes);
            acts.push(aside(dice, sandbox, name));
        }
        shuffle(&mut acts, dice);
        let chases = dice.chance(40);
        acts.into_iter().map(|act| one(act, chases, dice)).collect()
    }

    /// What is done at once by those that get into each other's way.
    fn duel(
        self,
        dice: &mut Dice,
        (one, two): (usize, usize),
        name: usize,
        file: usize,
        stops: bool,
    ) -> Vec<Act> {
        use Act::{
            Capture, Delete, DeleteSnapshot, Execute, Find, Get, Pause, Read, Restore, Start, Stop,
            Write,
        };
        match (self, dice.below(7)) {
            (Self::Uses, 0) => vec![Write(one, file), Write(one, file), Read(one, file)],
            (Self::Uses, 1) => vec![Write(one, 0), Write(one, 1), Execute(one, file)],
            (Self::Uses, 2) => vec![Write(one, file), Read(one, file), Read(one, file)],
            (Self::Uses, 3) => vec![Read(one, 0), Read(one, 1), Read(one, 0), Read(one, 1)],
            (Self::Uses, _) => vec![Execute(one, file), Write(one, file), Read(one, file)],
            (Self::Pauses, 0 | 1) => vec![Pause(one), Pause(one)],
            (Self::Pauses, 2) => vec![Pause(one), Write(one, 0), Write(one, 1)],
            (Self::Pauses, 3) => vec![Pause(one), Execute(one, file), Get(one)],
            (Self::Pauses, 4) => vec![Pause(one)],
            (Self::Pauses, _) => vec![Write(one, 0), Write(one, 1), Write(one, 0), Write(one, 1)],
            (Self::Stops, 0 | 1) if stops => vec![Stop(one), Stop(one)],
            (Self::Stops, 2 | 3) if stops => vec![Start(one), Start(one)],
            (Self::Stops, 4) if stops => vec![Stop(one), Write(one, file), Pause(one)],
            (Self::Stops, 5) if stops => vec![Start(one), Read(one, file), Get(one)],
            (Self::Stops, _) => vec![Pause(one), Write(one, file), Get(one)],
            // One is left for the end, as long as luck has it.
            (Self::Deletes, 0) => vec![Delete(0), Delete(0)],
            (Self::Deletes, 1) => vec![Delete(0), Write(0, file), Get(0)],
            (Self::Deletes, 2) => vec![Delete(0), Capture(0, name)],
            (Self::Deletes, 3) => vec![Pause(one), Delete(0), Read(0, file)],
            (Self::Deletes, 4) => vec![Capture(0, name), Write(one, file)],
            (Self::Deletes, 5) => vec![Capture(0, name), Capture(1, name), Delete(0)],
            (Self::Deletes, _) => vec![Get(0), Write(one, file), Pause(0)],
            (Self::Snapshots, 0) => vec![Capture(one, name), Capture(two, name)],
            (Self::Snapshots, 1) => vec![Capture(one, name), Write(one, 0), Write(one, 1)],
            (Self::Snapshots, 2) => vec![Restore(name), DeleteSnapshot(name)],
            (Self::Snapshots, 3) => vec![DeleteSnapshot(name), DeleteSnapshot(name)],
            (Self::Snapshots, 4) => {
                vec![DeleteSnapshot(name), Capture(one, name), Capture(two, name)]
            }
            (Self::Snapshots, 5) => vec![Restore(name), Capture(one, name), Find(name)],
            (Self::Snapshots, _) => vec![Restore(name), Write(one, file), DeleteSnapshot(name)],
        }
    }
}

/// What the others do meanwhile.
fn aside(dice: &mut Dice, sandbox: usize, name: usize) -> Act {
    match dice.below(12) {
        0..3 => Act::Write(sandbox, dice.below(2)),
        3..6 => Act::Read(sandbox, dice.below(2)),
        6 => Act::Execute(sandbox, dice.below(2)),
        7 | 8 => Act::Get(sandbox),
        9 => Act::Find(name),
        10 => Act::Pause(sandbox),
        _ => Act::Rest,
    }
}

fn one(act: Act, chases: bool, dice: &mut Dice) -> Move {
    // A client that hangs up can't remove what it made, but for a snapshot, which has a name.
    let hangs_up = !matches!(act, Act::Restore(_) | Act::Rest) && dice.chance(4);
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
