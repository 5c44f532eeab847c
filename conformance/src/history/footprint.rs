//! What a call looks at and what it changes, so that the search leaves alone what makes no
//! difference to each other.

use std::collections::BTreeSet;

use super::machine::{Phase, Sandbox, State};
use super::task::{Kind, Task};

/// A thing that calls look at or change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Thing {
    /// Whether a sandbox is there, and in which phase.
    Sandbox(u32),
    File(u32, u32),
    /// Every file of a sandbox.
    Files(u32),
    Name(u32),
    /// The sandboxes that were restored from the snapshot of a name.
    Copies(u32),
}

/// The things that a call looks at, and those that it changes; what it changes it looks at as well.
#[derive(Clone, Debug, Default)]
pub(super) struct Footprint {
    looks: [Option<Thing>; 4],
    changes: [Option<Thing>; 4],
}

impl Thing {
    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Files(one), Self::File(two, _) | Self::Files(two))
            | (Self::File(one, _), Self::Files(two)) => one == two,
            (one, two) => one == two,
        }
    }
}

impl Footprint {
    /// Whatever the state is.
    pub(super) fn of(task: &Task) -> Self {
        let mut footprint = Self::default();
        let sandbox = task.kind.sandbox();
        // A look changes nothing but that, if it is a use, it may wake a sandbox.
        let passes = !task.is_look() || task.kind.is_use();
        for thing in sandbox.map(Thing::Sandbox).into_iter().chain(task.copy_of.map(Thing::Copies))
        {
            footprint.add(thing, passes);
        }
        let changes = !task.is_look();
        match task.kind {
            Kind::Get { .. }
            | Kind::Pause { .. }
            | Kind::Stop { .. }
            | Kind::Start { .. }
            | Kind::Delete { .. }
            | Kind::Touch { .. } => {}
            Kind::Create { made } => {
                footprint.add(Thing::Sandbox(made), changes);
                footprint.add(Thing::Files(made), changes);
            }
            Kind::Capture { sandbox, name, .. } => {
                footprint.add(Thing::Files(sandbox), false);
                footprint.add(Thing::Name(name), changes);
            }
            Kind::Restore { name, made } => {
                footprint.add(Thing::Name(name), false);
                if changes {
                    footprint.add(Thing::Sandbox(made), true);
                    footprint.add(Thing::Files(made), true);
                    footprint.add(Thing::Copies(name), true);
                }
            }
            Kind::DeleteSnapshot { name, .. } => {
                footprint.add(Thing::Copies(name), false);
                footprint.add(Thing::Name(name), changes);
            }
            Kind::Find { name, .. } => footprint.add(Thing::Name(name), false),
            Kind::Write { sandbox, file, .. } | Kind::Read { sandbox, file, .. } => {
                footprint.add(Thing::File(sandbox, file), changes);
            }
        }
        footprint
    }

    /// As long as the sandboxes are in these phases: a use of one that runs leaves it running.
    pub(super) fn now(task: &Task, state: &State) -> Self {
        let mut footprint = Self::of(task);
        let sandbox = task.kind.sandbox().filter(|_| task.kind.is_use());
        let runs = |there: &Sandbox| there.phase == Phase::Running;
        if sandbox.and_then(|sandbox| state.sandbox(sandbox)).is_some_and(runs) {
            for place in 0..footprint.changes.len() {
                let thing = footprint.changes[place];
                if let Some(thing @ (Thing::Sandbox(_) | Thing::Copies(_))) = thing {
                    footprint.changes[place] = None;
                    footprint.add(thing, false);
                }
            }
        }
        footprint
    }

    fn add(&mut self, thing: Thing, changes: bool) {
        let things = if changes { &mut self.changes } else { &mut self.looks };
        let place = things.iter_mut().find(|place| place.is_none());
        *place.expect("no call is about more than four things") = Some(thing);
    }

    pub(super) fn changes(&self) -> impl Iterator<Item = Thing> + '_ {
        self.changes.iter().flatten().copied()
    }

    /// Everything that it looks at or changes.
    pub(super) fn all(&self) -> impl Iterator<Item = Thing> + '_ {
        self.looks.iter().chain(&self.changes).flatten().copied()
    }

    /// Whether it makes a difference which of two comes first.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let touches = |one: &Self, two: &Self| {
            one.changes().any(|thing| two.all().any(|other| thing.meets(other)))
        };
        touches(self, other) || touches(other, self)
    }

    /// Whether it changes one of these.
    pub(super) fn changes_any(&self, things: &BTreeSet<Thing>) -> bool {
        self.changes().any(|thing| {
            let joined = match thing {
                Thing::File(sandbox, _) => things.contains(&Thing::Files(sandbox)),
                Thing::Files(sandbox) => {
                    let all = Thing::File(sandbox, 0)..=Thing::File(sandbox, u32::MAX);
                    things.range(all).next().is_some()
                }
                _ => false,
            };
            joined || things.contains(&thing)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::task::Reply;
    use super::*;

    #[test]
    fn writes_meet_in_one_file_and_captures_meet_all_of_them() {
        let task = |kind| Task::new(kind, Reply::Done, 0, 1);
        let write = |file| task(Kind::Write { sandbox: 1, file, value: 1 });
        let mut running = State::default();
        let files = vec![0, 0].into();
        running.sandboxes.push(Sandbox { id: 1, phase: Phase::Running, from: None, files });
        let now = |task: &Task| Footprint::now(task, &running);
        assert!(now(&write(0)).meets(&now(&write(0))));
        assert!(!now(&write(0)).meets(&now(&write(1))));
        assert!(now(&write(1)).meets(&now(&task(Kind::Capture { sandbox: 1, name: 1, made: 1 }))));
        // One of them may have to wake the sandbox.
        assert!(Footprint::of(&write(0)).meets(&Footprint::of(&write(1))));
    }
}
