//! The properties of [`step`](super::step), and its whole table as a golden file.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{
    AfterSnapshot, AtDeadline, Event, Launch, Phase, Refusal, State, Terms, Verdict, step,
};
use crate::clock::Timestamp;
use crate::spec::Timeout;

const NOW: Timestamp = at(1_000_000);

const fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn terms(at_deadline: AtDeadline) -> Terms {
    Terms { timeout: Timeout::default(), at_deadline }
}

fn phases(deadline: Timestamp) -> Vec<Phase> {
    vec![
        Phase::Starting(Launch::New),
        Phase::Starting(Launch::FromDisk),
        Phase::Running { deadline },
        Phase::Snapshotting { deadline, then: AfterSnapshot::Run },
        Phase::Snapshotting { deadline, then: AfterSnapshot::Pause },
        Phase::Snapshotting { deadline, then: AfterSnapshot::Delete },
        Phase::Pausing { deadline },
        Phase::Paused,
        Phase::Unpausing,
        Phase::Stopping { deadline },
        Phase::Stopped,
        Phase::Deleting,
        Phase::Deleted,
    ]
}

const EVENTS: [Event; 11] = [
    Event::Use,
    Event::Pause,
    Event::Stop,
    Event::Start,
    Event::Snapshot(AfterSnapshot::Run),
    Event::Snapshot(AfterSnapshot::Pause),
    Event::Snapshot(AfterSnapshot::Delete),
    Event::Delete,
    Event::DeadlineReached,
    Event::EffectFinished,
    Event::EffectFailed,
];

fn describe(phase: &Phase) -> String {
    let name = match phase {
        Phase::Starting(launch) => format!("Starting({launch:?})"),
        Phase::Running { .. } => "Running".to_owned(),
        Phase::Snapshotting { then, .. } => format!("Snapshotting(then {then:?})"),
        Phase::Pausing { .. } => "Pausing".to_owned(),
        Phase::Paused | Phase::Unpausing | Phase::Stopped | Phase::Deleting | Phase::Deleted => {
            format!("{phase:?}")
        }
        Phase::Stopping { .. } => "Stopping".to_owned(),
    };
    match phase.deadline() {
        Some(deadline) if deadline <= NOW => format!("{name}, overdue"),
        Some(_) => format!("{name}, in time"),
        None => name,
    }
}

#[test]
fn the_whole_table() {
    let mut table = String::new();
    let early = phases(at(2_000_000));
    let late = phases(NOW).into_iter().filter(|phase| phase.deadline().is_some());
    for phase in early.into_iter().chain(late) {
        writeln!(table, "{} [{}]", describe(&phase), phase.state()).expect("a string");
        for event in EVENTS {
            let verdict = match step(&phase, terms(AtDeadline::Delete), event, NOW) {
                Ok(Verdict::Stay) => "stay".to_owned(),
                Ok(Verdict::Wait) => "wait".to_owned(),
                Ok(Verdict::Move { to, effect }) => {
                    let effect = effect.map_or_else(String::new, |effect| format!(" + {effect:?}"));
                    format!("→ {}{effect}", describe(&to))
                }
                Err(refusal) => format!("refused: {refusal}"),
            };
            writeln!(table, "    {:<17} {verdict}", format!("{event:?}")).expect("a string");
        }
    }
    for at_deadline in [AtDeadline::Pause, AtDeadline::Stop] {
        let running = Phase::Running { deadline: NOW };
        let verdict = step(&running, terms(at_deadline), Event::DeadlineReached, NOW);
        writeln!(table, "Running, overdue, terms {at_deadline:?}: {verdict:?}").expect("a string");
    }
    insta::assert_snapshot!(table);
}

fn any_phase() -> impl Strategy<Value = Phase> {
    (0..13_usize, 0..2_000_000_i64).prop_map(|(index, ms)| phases(at(ms))[index])
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let action =
        prop_oneof![Just(AtDeadline::Pause), Just(AtDeadline::Delete), Just(AtDeadline::Stop)];
    (1..=28_800_u32, action).prop_map(|(secs, at_deadline)| Terms {
        timeout: Timeout::from_secs(secs).expect("within bounds"),
        at_deadline,
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    (0..EVENTS.len()).prop_map(|index| EVENTS[index])
}

proptest! {
    #[test]
    fn an_effect_is_owed_exactly_while_in_transition(
        phase in any_phase(), terms in any_terms(), event in any_event(), ms in 0..3_000_000_i64,
    ) {
        if let Ok(Verdict::Move { to, effect }) = step(&phase, terms, event, at(ms)) {
            prop_assert_eq!(to.in_transition(), effect.is_some());
            // Only an outcome ends a transition: no second effect begins beside the first.
            if phase.in_transition() {
                prop_assert!(matches!(event, Event::EffectFinished | Event::EffectFailed));
            }
        }
    }

    #[test]
    fn nothing_leaves_deleted(terms in any_terms(), event in any_event(), ms in any::<i64>()) {
        let verdict = step(&Phase::Deleted, terms, event, at(ms));
        prop_assert!(matches!(
            verdict,
            Err(Refusal::Gone | Refusal::NothingUnderWay(State::Deleted)) | Ok(Verdict::Stay)
        ));
    }

    #[test]
    fn a_running_sandbox_always_has_a_deadline_within_its_timeout(
        events in prop::collection::vec((any_event(), 0..600_000_i64), 0..60), terms in any_terms(),
    ) {
        let mut phase = Phase::Starting(Launch::New);
        let mut now = at(0);
        for (event, ms) in events {
            now = at(now.as_millis() + ms);
            if let Ok(Verdict::Move { to, .. }) = step(&phase, terms, event, now) {
                phase = to;
            }
            if let Phase::Running { deadline } = phase {
                prop_assert!(deadline <= now.after(terms.timeout.duration()));
            }
        }
    }

    #[test]
    fn every_transition_ends_whatever_its_outcomes(
        phase in any_phase(), terms in any_terms(), outcomes in prop::array::uniform3(any::<bool>()),
    ) {
        let mut phase = phase;
        for success in outcomes {
            if phase.in_transition() {
                let event = if success { Event::EffectFinished } else { Event::EffectFailed };
                match step(&phase, terms, event, NOW) {
                    Ok(Verdict::Move { to, .. }) => phase = to,
                    other => prop_assert!(false, "{:?} after {:?}", other, phase),
                }
            }
        }
        prop_assert!(!phase.in_transition(), "{:?}", phase);
    }

    #[test]
    fn a_deadline_acts_on_a_running_sandbox_that_has_reached_it_and_on_nothing_else(
        phase in any_phase(), terms in any_terms(), ms in 0..3_000_000_i64,
    ) {
        let verdict = step(&phase, terms, Event::DeadlineReached, at(ms));
        let due = matches!(phase, Phase::Running { deadline } if deadline <= at(ms));
        prop_assert_eq!(verdict != Ok(Verdict::Stay), due);
    }

    #[test]
    fn only_a_running_sandbox_is_paused_stopped_or_captured(
        phase in any_phase(), terms in any_terms(), then in 0..3_usize,
    ) {
        let then = [AfterSnapshot::Run, AfterSnapshot::Pause, AfterSnapshot::Delete][then];
        for event in [Event::Pause, Event::Stop, Event::Snapshot(then)] {
            let verdict = step(&phase, terms, event, NOW);
            prop_assert_eq!(verdict.is_ok(), phase.state() == State::Running);
        }
    }

    #[test]
    fn a_sandbox_whose_snapshot_failed_runs_on(
        deadline in any::<i64>(), then in 0..3_usize, terms in any_terms(),
    ) {
        let then = [AfterSnapshot::Run, AfterSnapshot::Pause, AfterSnapshot::Delete][then];
        let deadline = at(deadline);
        let verdict = step(&Phase::Snapshotting { deadline, then }, terms, Event::EffectFailed, NOW);
        prop_assert_eq!(
            verdict,
            Ok(Verdict::Move { to: Phase::Running { deadline }, effect: None })
        );
    }
}
