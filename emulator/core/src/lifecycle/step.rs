//! The transition function.

use super::{AfterSnapshot, AtDeadline, Effect, Event, Launch, Phase, Refusal, Terms};
use crate::clock::Timestamp;

/// What an event does to a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing changes; what asked may go on.
    Stay,
    /// Ask again once the phase has changed.
    Wait,
    /// The sandbox enters another phase, and the service owes it the effect.
    Move {
        /// The next phase.
        to: Phase,
        /// What has to be done for it to end; present exactly when it is a transition.
        effect: Option<Effect>,
    },
}

/// Decides what `event` does to a sandbox in `phase` at the moment `now`.
///
/// The table of the rules STATE-DELETE-*, STATE-PAUSE-*, STATE-STOP-*, STATE-START-*,
/// STATE-SNAPSHOT-* and STATE-USE-*; what is absent never comes here. Total: every combination has an answer. Pure: the same question has the same answer.
pub fn step(phase: &Phase, terms: Terms, event: Event, now: Timestamp) -> Result<Verdict, Refusal> {
    match event {
        Event::Use => admit(phase),
        Event::Pause => {
            let deadline = running(phase)?;
            Ok(go(Phase::Pausing { deadline }, Effect::Pause))
        }
        Event::Stop => {
            let deadline = running(phase)?;
            Ok(go(Phase::Stopping { deadline }, Effect::Stop))
        }
        Event::Snapshot(then) => {
            // SNAP-CREATE-02: a paused source is not resumed for it. SNAP-CREATE-11: nor is a
            // second capture begun.
            let deadline = running(phase)?;
            Ok(go(Phase::Snapshotting { deadline, then }, Effect::Snapshot))
        }
        Event::Start => match phase {
            Phase::Stopped => Ok(go(Phase::Starting(Launch::FromDisk), Effect::Start)),
            Phase::Deleted => Err(Refusal::Gone),
            Phase::Starting(_)
            | Phase::Running { .. }
            | Phase::Snapshotting { .. }
            | Phase::Pausing { .. }
            | Phase::Paused
            | Phase::Unpausing
            | Phase::Stopping { .. }
            | Phase::Deleting => Err(Refusal::NotStopped(phase.state())),
        },
        Event::Delete => match phase {
            // SB-DEL-01
            Phase::Running { .. } | Phase::Paused | Phase::Stopped => {
                Ok(go(Phase::Deleting, Effect::Destroy))
            }
            Phase::Deleted => Err(Refusal::Gone),
            // SB-DEL-02
            Phase::Starting(_)
            | Phase::Snapshotting { .. }
            | Phase::Pausing { .. }
            | Phase::Unpausing
            | Phase::Stopping { .. }
            | Phase::Deleting => Err(Refusal::InTransition(phase.state())),
        },
        Event::DeadlineReached => Ok(at_deadline(phase, terms, now)),
        Event::EffectFinished => finished(phase, terms, now),
        Event::EffectFailed => failed(phase),
    }
}

fn go(to: Phase, effect: Effect) -> Verdict {
    Verdict::Move { to, effect: Some(effect) }
}

fn rest(to: Phase) -> Verdict {
    Verdict::Move { to, effect: None }
}

/// The deadline of a running sandbox, or why it is not one.
fn running(phase: &Phase) -> Result<Timestamp, Refusal> {
    match phase {
        Phase::Running { deadline } => Ok(*deadline),
        Phase::Deleted => Err(Refusal::Gone),
        Phase::Starting(_)
        | Phase::Snapshotting { .. }
        | Phase::Pausing { .. }
        | Phase::Paused
        | Phase::Unpausing
        | Phase::Stopping { .. }
        | Phase::Stopped
        | Phase::Deleting => Err(Refusal::NotRunning(phase.state())),
    }
}

fn admit(phase: &Phase) -> Result<Verdict, Refusal> {
    match phase {
        Phase::Running { .. } => Ok(Verdict::Stay),
        // SB-PAUSE-05, SB-PAUSE-07: the first use resumes, the others wait.
        Phase::Paused => Ok(go(Phase::Unpausing, Effect::Resume)),
        Phase::Starting(_)
        | Phase::Snapshotting { .. }
        | Phase::Pausing { .. }
        | Phase::Unpausing => Ok(Verdict::Wait),
        // SB-STOP-03
        Phase::Stopping { .. } | Phase::Stopped => Err(Refusal::PoweredOff(phase.state())),
        Phase::Deleting | Phase::Deleted => Err(Refusal::Gone),
    }
}

fn at_deadline(phase: &Phase, terms: Terms, now: Timestamp) -> Verdict {
    match phase {
        Phase::Running { deadline } if *deadline <= now => match terms.at_deadline {
            AtDeadline::Pause => go(Phase::Pausing { deadline: *deadline }, Effect::Pause),
            AtDeadline::Delete => go(Phase::Deleting, Effect::Destroy),
            AtDeadline::Stop => go(Phase::Stopping { deadline: *deadline }, Effect::Stop),
        },
        // An alarm of an earlier launch, or one that struck during a transition: whoever ends the
        // transition in `Running` looks at the deadline again (SB-TMO-04).
        Phase::Running { .. }
        | Phase::Starting(_)
        | Phase::Snapshotting { .. }
        | Phase::Pausing { .. }
        | Phase::Paused
        | Phase::Unpausing
        | Phase::Stopping { .. }
        | Phase::Stopped
        | Phase::Deleting
        | Phase::Deleted => Verdict::Stay,
    }
}

fn finished(phase: &Phase, terms: Terms, now: Timestamp) -> Result<Verdict, Refusal> {
    match phase {
        // SB-PAUSE-08, SB-START-04: every launch has the full timeout before it.
        Phase::Starting(_) | Phase::Unpausing => {
            Ok(rest(Phase::Running { deadline: now.after(terms.timeout.duration()) }))
        }
        Phase::Snapshotting { deadline, then } => Ok(match then {
            // SNAP-CREATE-04
            AfterSnapshot::Run => rest(Phase::Running { deadline: *deadline }),
            AfterSnapshot::Pause => go(Phase::Pausing { deadline: *deadline }, Effect::Pause),
            // SNAP-KILL-01
            AfterSnapshot::Delete => go(Phase::Deleting, Effect::Destroy),
        }),
        Phase::Pausing { .. } => Ok(rest(Phase::Paused)),
        Phase::Stopping { .. } => Ok(rest(Phase::Stopped)),
        Phase::Deleting => Ok(rest(Phase::Deleted)),
        Phase::Running { .. } | Phase::Paused | Phase::Stopped | Phase::Deleted => {
            Err(Refusal::NothingUnderWay(phase.state()))
        }
    }
}

fn failed(phase: &Phase) -> Result<Verdict, Refusal> {
    match phase {
        Phase::Starting(Launch::New) => Ok(rest(Phase::Deleted)),
        Phase::Starting(Launch::FromDisk) => Ok(rest(Phase::Stopped)),
        // SNAP-PAUSE-05: whatever failed, the machine runs on as it was.
        Phase::Snapshotting { deadline, .. }
        | Phase::Pausing { deadline }
        | Phase::Stopping { deadline } => Ok(rest(Phase::Running { deadline: *deadline })),
        Phase::Unpausing => Ok(rest(Phase::Paused)),
        // What could not be removed cleanly is gone for the client all the same.
        Phase::Deleting => Ok(rest(Phase::Deleted)),
        Phase::Running { .. } | Phase::Paused | Phase::Stopped | Phase::Deleted => {
            Err(Refusal::NothingUnderWay(phase.state()))
        }
    }
}
