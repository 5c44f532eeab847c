//! The judge once more, as simply as can be: every order is tried, step by step.

use super::call::History;
use super::machine::{BEGUN, DONE, FRESH, State};
use super::problem::{Part, whole};
use super::task::Reply;

/// Whether a small history can be explained; none if that takes too long to tell.
pub(super) fn fits(history: &History, most: usize) -> Option<bool> {
    fits_part(whole(history).0, most)
}

/// The same of tasks.
pub(super) fn fits_part(mut part: Part, mut most: usize) -> Option<bool> {
    // Everything is taken in as many steps as it has.
    part.tasks.iter_mut().for_each(|task| task.stepwise = true);
    let points = vec![FRESH; part.tasks.len()];
    try_all(&part, &points, &State::default(), 0, &mut most)
}

fn try_all(
    part: &Part,
    points: &[u8],
    state: &State,
    latest: u64,
    most: &mut usize,
) -> Option<bool> {
    *most = most.checked_sub(1)?;
    let tasks = &part.tasks;
    let done = |place: usize| {
        let early = tasks[place].early && points[place] == BEGUN;
        let optional = tasks[place].reply == Reply::Open && points[place] == FRESH;
        points[place] == DONE || early || optional
    };
    let missing = (0..tasks.len()).filter(|place| !done(*place));
    // What has not begun may wait for what was answered before it was sent.
    let first = missing.map(|place| tasks[place].end).min();
    let Some(first) = first.filter(|end| *end < u64::MAX) else { return Some(true) };
    let mut all_tried = true;
    for (place, task) in tasks.iter().enumerate() {
        if points[place] == DONE || (points[place] == FRESH && task.begin > first) {
            continue;
        }
        // What was sent after the end of a task, and took a step, leaves it no time.
        if task.end < latest && !task.early {
            continue;
        }
        let latest = latest.max(task.begin);
        let mut next = Vec::new();
        part.machine.steps(state, task, points[place], &mut next);
        let looks = task.reply != Reply::Open && task.is_look();
        if looks && points[place] == FRESH && part.machine.explains(state, task) {
            next.push((DONE, state.clone()));
        }
        for (point, state) in next {
            let mut points = points.to_vec();
            points[place] = point;
            match try_all(part, &points, &state, latest, most) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => all_tried = false,
            }
        }
    }
    all_tried.then_some(false)
}
