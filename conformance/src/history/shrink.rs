//! The smallest part of a history that is still a contradiction.
//!
//! A call is left out only in a way that keeps the contradiction one of the whole history: what
//! only looked is no longer asked to be explained, and what may have changed something, if it is
//! only that it woke a sandbox, may have done so at any time until it was answered, or not at all.
//! If even that leaves an answer without explanation, nothing that the other calls did can give it
//! one.

use std::time::{Duration, Instant};

use super::machine::State;
use super::problem::Part;
use super::search::{Budget, Finding, search};
use super::task::{Kind, Reply, Task};
use super::tidy::{tidy, tidy_values};

/// A contradiction between a few calls.
#[derive(Clone, Debug)]
pub(super) struct Smallest {
    /// Their places in the history, by the time at which they were sent.
    pub(super) calls: Vec<usize>,
    /// Which of them has no explanation.
    pub(super) last: Task,
    /// What could be there when that one was answered.
    pub(super) could: Vec<State>,
}

struct Shrink<'a> {
    part: &'a Part,
    /// The task that has no explanation.
    last: usize,
    deadline: Instant,
    best: (Task, Vec<State>),
}

/// How much may be spent on trying one smaller part.
const TRY: Budget = Budget { steps: 20_000, time: Duration::from_millis(200) };

/// Makes a contradiction small, for so long at most.
pub(super) fn smallest(part: &Part, last: usize, could: Vec<State>, most: Duration) -> Smallest {
    let end = part.tasks[last].end;
    let best = (part.tasks[last].clone(), could);
    let mut shrink = Shrink { part, last, deadline: Instant::now() + most, best };
    // What was answered later is not needed: without it nothing could be explained either.
    let before: Vec<usize> =
        (0..part.tasks.len()).filter(|task| part.tasks[*task].end <= end).collect();
    let (looks, changes): (Vec<usize>, Vec<usize>) = before
        .into_iter()
        .filter(|task| *task != last)
        .partition(|task| part.tasks[*task].is_look());
    let looks = shrink.least(looks, |looks| [&changes, looks].concat());
    let changes = shrink.least(changes, |changes| [changes, &looks[..]].concat());
    let looks = shrink.least(looks, |looks| [&changes, looks].concat());
    let mut kept = [changes, looks, vec![last]].concat();
    kept.sort_by_key(|task| part.tasks[*task].begin);
    let mut calls: Vec<usize> = kept.iter().map(|task| part.tasks[*task].origin).collect();
    calls.dedup();
    shrink.find_what_could_be(&kept);
    let (last, could) = shrink.best;
    Smallest { calls, last, could }
}

impl Shrink<'_> {
    /// Delta debugging: the fewest of some tasks that will do together with others.
    fn least(&mut self, tasks: Vec<usize>, with: impl Fn(&[usize]) -> Vec<usize>) -> Vec<usize> {
        let mut best = tasks;
        if self.is_contradiction(&with(&[])) {
            return Vec::new();
        }
        let mut size = best.len().div_ceil(2);
        while size > 0 && !best.is_empty() {
            let (mut start, mut shorter) = (0, false);
            while start < best.len() && Instant::now() < self.deadline {
                let end = (start + size).min(best.len());
                let fewer = [&best[..start], &best[end..]].concat();
                if self.is_contradiction(&with(&fewer)) {
                    best = fewer;
                    shorter = true;
                } else {
                    start += size;
                }
            }
            if Instant::now() >= self.deadline || (size == 1 && !shorter) {
                break;
            }
            size = if size == 1 { 1 } else { size.div_ceil(2) };
        }
        best
    }

    /// Whether these tasks and the last can't be explained, whatever all others did.
    fn is_contradiction(&mut self, kept: &[usize]) -> bool {
        let machine = self.part.machine;
        let tasks = tidy(self.without_others(kept), machine);
        self.judges(&Part { machine, tasks })
    }

    /// Finds the states once more, with the values that were written even if nobody read them.
    fn find_what_could_be(&mut self, kept: &[usize]) {
        let machine = self.part.machine;
        let tasks = tidy_values(self.without_others(kept), machine);
        self.judges(&Part { machine, tasks });
    }

    fn judges(&mut self, part: &Part) -> bool {
        match search(part, TRY).finding {
            Finding::Contradiction { task, could } => {
                self.best = (part.tasks[task].clone(), could);
                true
            }
            Finding::Fits | Finding::Unknown => false,
        }
    }

    /// All tasks, made weaker but for these and the last.
    fn without_others(&self, kept: &[usize]) -> Vec<Task> {
        let tasks = &self.part.tasks;
        let end = tasks[self.last].end;
        let mut is_kept = vec![false; tasks.len()];
        kept.iter().chain([&self.last]).for_each(|task| is_kept[*task] = true);
        let weaker = tasks.iter().zip(is_kept).filter_map(|(task, kept)| {
            if kept {
                return Some(task.clone());
            }
            let kind = match task.kind.sandbox().filter(|_| task.is_look()) {
                Some(sandbox) if task.kind.is_use() => Kind::Touch { sandbox },
                _ => task.kind,
            };
            let changes = !task.is_look() || task.kind.is_use();
            let until = if task.early { u64::MAX } else { task.end };
            let open = Task { kind, reply: Reply::Open, end: until, early: false, ..task.clone() };
            (changes && task.begin <= end).then_some(open)
        });
        weaker.collect()
    }
}
