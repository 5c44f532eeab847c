//! Making a sequence shorter while it still goes wrong.
//!
//! Delta debugging, on steps that name each other by label: a step that is left out takes those
//! with it that can't do without it, or leaves them to another that makes the same kind of thing.
//! Where nothing can be left out, a step that only writes may do as well as a greater one.

use std::collections::BTreeSet;

use super::{Action, Step, execute};
use crate::check::Trial;

/// How often a shorter sequence is tried.
const TRIES: usize = 200;

/// The shortest sequence that was found that still goes otherwise than predicted.
pub(crate) async fn smallest(trial: &Trial, steps: Vec<Step>) -> Vec<Step> {
    shortest(steps, TRIES, async |shorter: Vec<Step>| {
        execute(trial, &shorter).await.is_ok_and(|(_, again)| again.is_some())
    })
    .await
}

/// The shortest sequence that was found, within so many tries.
async fn shortest<F>(
    steps: Vec<Step>,
    most: usize,
    mut fails: impl FnMut(Vec<Step>) -> F,
) -> Vec<Step>
where
    F: Future<Output = bool>,
{
    let mut best = steps;
    let mut tries = 0;
    let mut size = best.len().div_ceil(2);
    loop {
        let mut shorter = false;
        let mut start = 0;
        while start < best.len() && tries < most {
            let out: BTreeSet<usize> =
                best.iter().skip(start).take(size).map(|step| step.label).collect();
            let candidate = without(&best, out);
            if candidate.len() < best.len() && !candidate.is_empty() {
                tries += 1;
                if fails(candidate.clone()).await {
                    best = candidate;
                    shorter = true;
                    continue;
                }
            }
            start += size;
        }
        if size == 1 && !shorter {
            for candidate in handed_over(&best).into_iter().chain(plainer(&best)) {
                if tries < most {
                    tries += 1;
                    if fails(candidate.clone()).await {
                        best = candidate;
                        shorter = true;
                        break;
                    }
                }
            }
        }
        if tries >= most || (size == 1 && !shorter) {
            return best;
        }
        size = if shorter { size.min(best.len()).max(1) } else { size.div_ceil(2) };
    }
}

/// The steps that are left without some, and without those that need them.
fn without(steps: &[Step], mut out: BTreeSet<usize>) -> Vec<Step> {
    let mut left = Vec::new();
    for step in steps {
        if out.contains(&step.label) || step.needs().iter().any(|need| out.contains(need)) {
            out.insert(step.label);
        } else {
            left.push(step.clone());
        }
    }
    left
}

/// The sequences in which one step less makes a thing, and what it made is replaced by what an
/// earlier step of the same kind made.
fn handed_over(steps: &[Step]) -> Vec<Vec<Step>> {
    let same = |one: &Step, other: &Step| {
        (one.makes_sandbox() && other.makes_sandbox())
            || (one.makes_snapshot() && other.makes_snapshot())
    };
    let mut all = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        for heir in steps[..place].iter().filter(|earlier| same(earlier, step)) {
            let rest = steps.iter().filter(|other| other.label != step.label);
            all.push(rest.map(|other| other.with(step.label, heir.label)).collect());
        }
    }
    all
}

/// The sequences in which one step that changes a sandbox but makes nothing only writes.
fn plainer(steps: &[Step]) -> Vec<Vec<Step>> {
    let changes = |step: &Step| matches!(step.action, Action::Pause | Action::Stop | Action::Start);
    let places = steps.iter().enumerate().filter(|(_, step)| changes(step));
    places
        .map(|(place, _)| {
            let mut plain = steps.to_vec();
            plain[place].action = Action::Write(0);
            plain
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sequences;
    use super::*;

    /// Whether steps of these kinds follow each other, each on what the one before made.
    fn has_chain(steps: &[Step]) -> bool {
        // A sandbox restored from a snapshot of a restored sandbox.
        let by = |label: Option<usize>| steps.iter().find(|step| Some(step.label) == label);
        steps.iter().any(|last| {
            last.action == Action::Restore
                && by(last.on).is_some_and(|snapshot| {
                    by(snapshot.on).is_some_and(|middle| middle.action == Action::Restore)
                })
        })
    }

    #[tokio::test]
    async fn a_planted_fault_is_found_in_its_smallest_case() {
        let mut lengths = Vec::new();
        for seed in 0..200 {
            for sequence in sequences(seed, 10, |_| true) {
                if has_chain(&sequence) {
                    let short = shortest(sequence, 500, async |steps| has_chain(&steps)).await;
                    lengths.push(short.len());
                    break;
                }
            }
        }
        lengths.sort_unstable();
        assert!(lengths.len() >= 50, "{}", lengths.len());
        // Create, snapshot, restore, snapshot, restore.
        assert_eq!(lengths[lengths.len() / 2], 5);
        assert!(lengths.last() <= Some(&7), "{lengths:?}");
    }

    #[tokio::test]
    async fn a_thing_that_is_only_in_the_way_is_replaced_by_the_one_before() {
        let step = |label, on, action| Step { label, on, action };
        let steps = vec![
            step(0, None, Action::Create),
            step(1, Some(0), Action::Snapshot { kill: false }),
            step(2, Some(1), Action::Restore),
            step(3, Some(2), Action::Snapshot { kill: false }),
            step(4, Some(3), Action::Restore),
            step(5, Some(3), Action::Restore),
        ];
        let twins = async |steps: Vec<Step>| {
            let copies = |of: usize| {
                steps.iter().filter(|s| s.action == Action::Restore && s.on == Some(of)).count()
            };
            steps.iter().any(|step| step.makes_snapshot() && copies(step.label) == 2)
        };
        let short = shortest(steps, 100, twins).await;
        let kinds: Vec<_> = short.iter().map(|step| (step.label, step.on)).collect();
        assert_eq!(kinds, [(0, None), (3, Some(0)), (4, Some(3)), (5, Some(3))]);
    }
}
