//! The verdict on a history.

use std::time::{Duration, Instant};

use super::blame::blame;
use super::call::History;
use super::explain::explain;
use super::problem::parts;
use super::projection::projections;
use super::search::{Budget, Finding, search};
use super::shrink::smallest;

/// What is said of a history.
#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) steps: u64,
    pub(crate) took: Duration,
}

#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// Its calls can be put in an order that explains every answer.
    Ok,
    /// They can't.
    Violation(Contradiction),
    /// The budget was not enough to tell.
    Unknown,
}

/// Why a history can't be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    /// The rule that is broken.
    pub(crate) rule: &'static str,
    /// The places, in the history, of the calls that contradict each other.
    pub(crate) calls: Vec<usize>,
    /// The place of the one of them that nothing explains.
    pub(crate) last: usize,
    /// In words.
    pub(crate) words: String,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: 3_000_000, time: Duration::from_secs(10) }
    }
}

/// How long a contradiction is made smaller.
const SHRINKING: Duration = Duration::from_millis(600);

/// Judges a history. Ends within the budget, whatever the history is; only a contradiction that
/// was found takes a little longer, to be made small.
pub(crate) fn judge(history: &History, budget: Budget) -> Judgement {
    let begun = Instant::now();
    let (mut steps, mut verdict) = (0, Verdict::Ok);
    // Sandboxes alone come first: they are quick, and what is wrong with one is plain to see.
    let parts = parts(history);
    let alone = parts.iter().flat_map(projections).map(|part| (part, false));
    for (part, whole) in alone.chain(parts.iter().cloned().map(|part| (part, true))) {
        let left = Budget {
            steps: budget.steps.saturating_sub(steps),
            time: budget.time.saturating_sub(begun.elapsed()),
        };
        if left.time.is_zero() || left.steps == 0 {
            verdict = Verdict::Unknown;
            break;
        }
        let searched = search(&part, left);
        steps += searched.steps;
        match searched.finding {
            Finding::Fits => {}
            // Another part may still be a contradiction.
            Finding::Unknown if whole => verdict = Verdict::Unknown,
            Finding::Unknown => {}
            Finding::Contradiction { task, could } => {
                let smallest = smallest(&part, task, could, SHRINKING);
                verdict = Verdict::Violation(Contradiction {
                    rule: blame(history, &smallest),
                    words: explain(history, &smallest),
                    last: smallest.last.origin,
                    calls: smallest.calls,
                });
                break;
            }
        }
    }
    Judgement { verdict, steps, took: begun.elapsed() }
}
