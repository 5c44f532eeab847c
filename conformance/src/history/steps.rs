//! What a call changes, step by step.

use super::machine::{
    BEGUN, DONE, FRESH, Files, Hold, Machine, Phase, SOURCE_BACK, STORED, Sandbox, State,
};
use super::task::{ABSENT, Kind, Reply, Task};

impl Machine {
    /// Every next step of a call that has come to `point`: how far it is then, and what is there.
    pub(super) fn steps(&self, state: &State, task: &Task, point: u8, next: &mut Vec<(u8, State)>) {
        if task.kind.is_use() {
            return Self::steps_of_use(state, task, point, next);
        }
        if !matches!(task.reply, Reply::Done | Reply::Open) {
            return;
        }
        let phase = task.kind.sandbox().and_then(|sandbox| state.phase(sandbox));
        match task.kind {
            Kind::Pause { sandbox } => {
                let fit = phase == Some(Phase::Running);
                Self::pass(state, task, point, sandbox, fit, (Phase::Pausing, Phase::Paused), next);
            }
            Kind::Stop { sandbox } => {
                let fit = phase == Some(Phase::Running);
                let way = (Phase::Stopping, Phase::Stopped);
                Self::pass(state, task, point, sandbox, fit, way, next);
            }
            Kind::Start { sandbox } => {
                let fit = phase == Some(Phase::Stopped);
                let way = (Phase::Starting, Phase::Running);
                Self::pass(state, task, point, sandbox, fit, way, next);
            }
            Kind::Delete { sandbox } => match point {
                FRESH if phase.is_some_and(|phase| !phase.is_passing()) => {
                    if task.stepwise {
                        next.push((BEGUN, state.with_phase(sandbox, Phase::Deleting)));
                    }
                    next.push((DONE, state.without_sandbox(sandbox)));
                }
                BEGUN => next.push((DONE, state.without_sandbox(sandbox))),
                _ => {}
            },
            Kind::Create { made } => {
                let files = vec![ABSENT; self.files].into();
                let fresh = Sandbox { id: made, phase: Phase::Starting, from: None, files };
                Self::boot(state, task, point, fresh, next);
            }
            Kind::Restore { name, made } => {
                let (from, files) = match state.hold(name) {
                    Some(Hold::Stored { snapshot, files }) => (Some(*snapshot), files.clone()),
                    _ if point == FRESH => return,
                    _ => (None, Files::default()),
                };
                let fresh = Sandbox { id: made, phase: Phase::Starting, from, files };
                Self::boot(state, task, point, fresh, next);
            }
            Kind::Capture { sandbox, name, made } => {
                Self::capture(state, task, point, (sandbox, name, made), next);
            }
            Kind::DeleteSnapshot { name, snapshot } => match (point, state.hold(name)) {
                (FRESH, Some(Hold::Stored { snapshot: stored, .. }))
                    if self.is(*stored, snapshot) && !self.is_in_use(state, *stored) =>
                {
                    if task.stepwise {
                        let removing = Hold::Removing { snapshot: *stored };
                        next.push((BEGUN, state.clone().with_hold(name, Some(removing))));
                    }
                    next.push((DONE, state.clone().with_hold(name, None)));
                }
                (BEGUN, _) => next.push((DONE, state.clone().with_hold(name, None))),
                _ => {}
            },
            Kind::Get { .. }
            | Kind::Find { .. }
            | Kind::Write { .. }
            | Kind::Read { .. }
            | Kind::Touch { .. } => {}
        }
    }

    /// Whether a snapshot must not be deleted, on servers that keep to that.
    fn is_in_use(&self, state: &State, snapshot: u32) -> bool {
        let running = |copy: &Sandbox| copy.from == Some(snapshot) && copy.phase == Phase::Running;
        self.keeps_used && state.sandboxes.iter().any(running)
    }

    /// From one state at rest to another, in two steps or at once.
    fn pass(
        state: &State,
        task: &Task,
        point: u8,
        sandbox: u32,
        fit: bool,
        (through, to): (Phase, Phase),
        next: &mut Vec<(u8, State)>,
    ) {
        match point {
            FRESH if fit => {
                if task.stepwise {
                    next.push((BEGUN, state.with_phase(sandbox, through)));
                }
                next.push((DONE, state.with_phase(sandbox, to)));
            }
            BEGUN => next.push((DONE, state.with_phase(sandbox, to))),
            _ => {}
        }
    }

    /// A sandbox that is made. Nobody knows its id before the answer, so that only one that is
    /// answered before it runs can be seen on its way.
    fn boot(
        state: &State,
        task: &Task,
        point: u8,
        mut fresh: Sandbox,
        next: &mut Vec<(u8, State)>,
    ) {
        match point {
            FRESH if task.early => next.push((BEGUN, state.with_sandbox(fresh))),
            FRESH => {
                fresh.phase = Phase::Running;
                next.push((DONE, state.with_sandbox(fresh)));
            }
            BEGUN => next.push((DONE, state.with_phase(fresh.id, Phase::Running))),
            _ => {}
        }
    }

    /// SNAP-CREATE-03, -04, -09: the name is taken first. Whether the source runs again before or
    /// after the snapshot is stored is left open.
    fn capture(
        state: &State,
        task: &Task,
        point: u8,
        (sandbox, name, snapshot): (u32, u32, u32),
        next: &mut Vec<(u8, State)>,
    ) {
        let files = match (point, state.hold(name)) {
            (FRESH, None) => match state.sandbox(sandbox) {
                Some(source) if source.phase == Phase::Running => source.files.clone(),
                _ => return,
            },
            (BEGUN | SOURCE_BACK, Some(Hold::Making { files, .. })) => files.clone(),
            (STORED, _) => Files::default(),
            _ => return,
        };
        let stored = Some(Hold::Stored { snapshot, files: files.clone() });
        match point {
            FRESH => {
                if task.stepwise {
                    let making = Some(Hold::Making { snapshot, files });
                    let begun = state.with_phase(sandbox, Phase::Capturing);
                    next.push((BEGUN, begun.with_hold(name, making)));
                }
                next.push((DONE, state.clone().with_hold(name, stored)));
            }
            BEGUN => {
                next.push((SOURCE_BACK, state.with_phase(sandbox, Phase::Running)));
                next.push((STORED, state.clone().with_hold(name, stored.clone())));
                let back = state.with_phase(sandbox, Phase::Running);
                next.push((DONE, back.with_hold(name, stored)));
            }
            SOURCE_BACK => next.push((DONE, state.clone().with_hold(name, stored))),
            STORED => next.push((DONE, state.with_phase(sandbox, Phase::Running))),
            _ => {}
        }
    }

    /// A use wakes what is paused (SB-PAUSE-05) and is done in a sandbox that serves it. After it has
    /// woken one, somebody else may pause it again before it is done.
    fn steps_of_use(state: &State, task: &Task, point: u8, next: &mut Vec<(u8, State)>) {
        let Some(sandbox) = task.kind.sandbox() else { return };
        match (point, state.phase(sandbox)) {
            (BEGUN, _) => next.push((FRESH, state.with_phase(sandbox, Phase::Running))),
            (FRESH, Some(Phase::Paused)) => {
                if task.stepwise {
                    next.push((BEGUN, state.with_phase(sandbox, Phase::Unpausing)));
                }
                next.push((FRESH, state.with_phase(sandbox, Phase::Running)));
            }
            (FRESH, Some(phase))
                if phase.serves() && matches!(task.reply, Reply::Done | Reply::Open) =>
            {
                match task.kind {
                    Kind::Write { file, value, .. } => {
                        next.push((DONE, state.with_value(sandbox, file, value)));
                    }
                    Kind::Touch { .. } if task.reply == Reply::Done => {
                        next.push((DONE, state.clone()));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
