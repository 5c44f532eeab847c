//! Which answers a state explains.

use super::machine::{Hold, Machine, Phase, State};
use super::task::{ABSENT, Found, Kind, Reply, Seen, Task};

impl Machine {
    /// Whether a look is answered in this state as it was.
    pub(super) fn explains(&self, state: &State, task: &Task) -> bool {
        match task.reply {
            Reply::Open => false,
            Reply::Missing => self.is_missing(state, task),
            Reply::Conflict => self.is_refused(state, task),
            Reply::Done => self.shows(state, task),
        }
    }

    fn shows(&self, state: &State, task: &Task) -> bool {
        match task.kind {
            Kind::Get { sandbox, seen } => match state.phase(sandbox) {
                Some(Phase::Running) => seen == Seen::Running,
                Some(Phase::Paused) => seen == Seen::Paused,
                Some(Phase::Stopped) => seen == Seen::Stopped,
                // SB-GET-02
                Some(Phase::Deleting) => matches!(seen, Seen::Passing | Seen::Gone),
                Some(_) => seen == Seen::Passing,
                None => seen == Seen::Gone,
            },
            Kind::Read { sandbox, file, value } => state.sandbox(sandbox).is_some_and(|sandbox| {
                sandbox.phase.serves() && sandbox.files[file as usize] == value
            }),
            // SNAP-LIST-03: whether a snapshot is listed before it is stored is nobody's promise.
            Kind::Find { name, found } => match state.hold(name) {
                None => found == Found::Nothing,
                Some(Hold::Stored { snapshot, .. }) => match found {
                    Found::One(told) => self.is(*snapshot, told),
                    Found::Nothing | Found::Several => false,
                },
                Some(Hold::Making { snapshot, .. } | Hold::Removing { snapshot }) => match found {
                    Found::One(told) => self.is(*snapshot, told),
                    Found::Nothing => true,
                    Found::Several => false,
                },
            },
            _ => false,
        }
    }

    /// 404
    fn is_missing(&self, state: &State, task: &Task) -> bool {
        match task.kind {
            Kind::Read { sandbox, file, .. } => match state.sandbox(sandbox) {
                Some(there) => {
                    let absent = there.phase.serves() && there.files[file as usize] == ABSENT;
                    absent || there.phase == Phase::Deleting
                }
                None => true,
            },
            Kind::Restore { name, .. } => !matches!(state.hold(name), Some(Hold::Stored { .. })),
            Kind::DeleteSnapshot { name, snapshot } => match state.hold(name) {
                Some(Hold::Stored { snapshot: stored, .. }) => !self.is(*stored, snapshot),
                _ => true,
            },
            Kind::Create { .. } | Kind::Find { .. } => false,
            kind => kind
                .sandbox()
                .is_none_or(|sandbox| matches!(state.phase(sandbox), None | Some(Phase::Deleting))),
        }
    }

    /// 409
    fn is_refused(&self, state: &State, task: &Task) -> bool {
        let phase = task.kind.sandbox().and_then(|sandbox| state.phase(sandbox));
        match task.kind {
            Kind::Pause { .. } | Kind::Stop { .. } => {
                phase.is_some_and(|phase| phase != Phase::Running)
            }
            Kind::Start { .. } => phase.is_some_and(|phase| phase != Phase::Stopped),
            // SB-DEL-02
            Kind::Delete { .. } => phase.is_some_and(Phase::is_passing),
            // SNAP-CREATE-02, -08, -09
            Kind::Capture { name, .. } => {
                phase.is_some_and(|phase| phase != Phase::Running || state.hold(name).is_some())
            }
            // SNAP-REST-13
            Kind::Restore { name, .. } => {
                matches!(state.hold(name), Some(Hold::Making { .. } | Hold::Removing { .. }))
            }
            // SNAP-DEL-03. Which sandboxes count as active is nobody's promise.
            Kind::DeleteSnapshot { name, snapshot } => match state.hold(name) {
                Some(Hold::Removing { .. }) => true,
                Some(Hold::Stored { snapshot: stored, .. }) => {
                    self.is(*stored, snapshot)
                        && state.sandboxes.iter().any(|copy| copy.from == Some(*stored))
                }
                _ => false,
            },
            Kind::Write { .. } | Kind::Read { .. } | Kind::Touch { .. } => {
                phase.is_some_and(|phase| phase.is_passing() || phase == Phase::Stopped)
            }
            Kind::Create { .. } | Kind::Get { .. } | Kind::Find { .. } => false,
        }
    }
}
