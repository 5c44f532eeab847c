//! Making a sequence shorter while it still goes wrong.
//!
//! Delta debugging, on steps that name each other by label: a step that is left out takes those
//! with it that can't do without it.

use std::collections::BTreeSet;

use super::Step;

/// The shortest sequence that was found, within so many tries.
pub(crate) async fn shortest<F>(
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

#[cfg(test)]
mod tests {
    use super::super::{Action, sequences};
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
}
