//! Sequences from a seed.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::step::FILES;
use super::{Action, Step};
use crate::target::Capability as C;

/// How long a sequence is at most.
const LONGEST: usize = 40;

/// So many sequences for a target with these capabilities, the same for the same seed.
pub(crate) fn sequences(seed: u64, count: usize, has: impl Fn(C) -> bool) -> Vec<Vec<Step>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let raw = vec((0_u8..30, 0_usize..64, 0_usize..64), 6..LONGEST);
    (0..count)
        .filter_map(|_| raw.new_tree(&mut runner).ok())
        .map(|tree| resolve(&tree.current(), &has))
        .collect()
}

/// Numbers made into steps that name what there is.
fn resolve(raw: &[(u8, usize, usize)], has: &impl Fn(C) -> bool) -> Vec<Step> {
    let mut stopped = BTreeSet::new();
    let mut steps: Vec<Step> = vec![Step { label: 0, on: None, action: Action::Create }];
    for (label, (kind, first, second)) in raw.iter().enumerate() {
        let label = label + 1;
        let of = |makes: fn(&Step) -> bool| -> Vec<usize> {
            steps.iter().filter(|step| makes(step)).map(|step| step.label).collect()
        };
        let pick = |labels: &[usize], by: usize| {
            // The latest ones are used the most.
            let last = labels.len().checked_sub(1)?;
            Some(labels[last - (by % 8 / 3).min(last)])
        };
        let (sandboxes, snapshots) = (of(Step::makes_sandbox), of(Step::makes_snapshot));
        let sandbox = pick(&sandboxes, *first);
        let snapshot = pick(&snapshots, *first);
        let (on, mut action) = match kind {
            0 => (None, Action::Create),
            1..=9 => (sandbox, Action::Write(second % FILES.len())),
            10..=11 => (sandbox, Action::Look),
            12..=15 => (sandbox, Action::Pause),
            16..=17 if has(C::StopStart) => (sandbox, Action::Stop),
            18 if has(C::StopStart) => (sandbox, Action::Start),
            19..=21 => {
                (sandbox, Action::Snapshot { kill: has(C::Kill) && second.is_multiple_of(8) })
            }
            22 => match pick(&snapshots, *second) {
                Some(name_of) => (sandbox, Action::SnapshotAgain { name_of }),
                None => continue,
            },
            23..=27 => (snapshot, Action::Restore),
            28 if second.is_multiple_of(2) => (snapshot, Action::DeleteSnapshot),
            28 => (sandbox, Action::Delete),
            _ => (sandbox, Action::Look),
        };
        // Most of what is done to a stopped sandbox is refused; more comes of one that runs.
        if on.is_some_and(|on| stopped.contains(&on)) && second % 4 > 0 {
            action = Action::Start;
        }
        match (action, on) {
            (Action::Stop, Some(on)) => drop(stopped.insert(on)),
            (Action::Start, Some(on)) => drop(stopped.remove(&on)),
            _ => {}
        }
        if on.is_some() || action == Action::Create {
            steps.push(Step { label, on, action });
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_sequences_and_another_one_others() {
        let one = sequences(1, 5, |_| true);
        assert_eq!(one, sequences(1, 5, |_| true));
        assert_ne!(one, sequences(2, 5, |_| true));
        for sequence in one {
            for step in &sequence {
                let made = |label: usize| sequence.iter().any(|step| step.label == label);
                assert!(step.needs().into_iter().all(made), "{step:?}");
            }
        }
    }
}
