//! How fast the judge is, against what was asked of it.

use std::time::Duration;

use super::call::{Call, History, Operation, Told};
use super::judge::{Verdict, judge};
use super::search::Budget;
use super::simulate::{Wish, simulate};

/// One measurement.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What was measured.
    pub name: String,
    /// The worst of several.
    pub took: Duration,
    /// How long it may take.
    pub most: Duration,
    /// Whether the verdict was the right one every time.
    pub right: bool,
}

impl Bar {
    /// Whether it was fast enough, and right.
    pub fn holds(&self) -> bool {
        self.right && self.took < self.most
    }
}

/// How many histories of each kind are judged.
const SEEDS: u64 = 20;

/// Measures the judge. Reading and making up the histories is not counted.
pub fn history_bars() -> Vec<Bar> {
    let wish = |seed, clients, calls, open| Wish {
        seed,
        clients,
        calls,
        live: 3,
        open,
        uses: 80,
        things: 3,
    };
    let fits = |verdict: &Verdict| matches!(verdict, Verdict::Ok);
    let breaks = |verdict: &Verdict| matches!(verdict, Verdict::Violation(_));
    let plain = |seed| simulate(wish(seed, 8, 1000, 0));
    let planted = |seed| planted(simulate(wish(seed, 16, 400, 0)));
    let open = |seed| simulate(wish(seed, 8, 1000, 1));
    let whole = Budget::default();
    let short = Budget { time: Duration::from_millis(500), ..whole };
    let (hundred, second) = (Duration::from_millis(100), Duration::from_secs(1));
    // A search looks at the clock now and then.
    let patience = short.time + Duration::from_millis(100);
    vec![
        worst("8 clients x 1000 calls", hundred, whole, &plain, &fits),
        worst("16 clients x 400 calls, a planted contradiction", second, whole, &planted, &breaks),
        worst("8 clients x 1000 calls, one in a hundred open", second, whole, &open, &fits),
        worst(
            "300 open calls and no end: unknown within a budget of 500 ms",
            patience,
            short,
            &|_| impossible(300),
            &|verdict| matches!(verdict, Verdict::Unknown),
        ),
    ]
}

fn worst(
    name: &str,
    most: Duration,
    budget: Budget,
    make: &dyn Fn(u64) -> History,
    right: &dyn Fn(&Verdict) -> bool,
) -> Bar {
    let mut bar = Bar { name: name.to_owned(), took: Duration::ZERO, most, right: true };
    for seed in 0..SEEDS {
        let judged = judge(&make(seed), budget);
        bar.took = bar.took.max(judged.took);
        bar.right &= right(&judged.verdict);
    }
    bar
}

/// The same with a late read that shows what had been overwritten before it began.
pub(super) fn planted(mut history: History) -> History {
    let late = history.calls.len() * 9 / 10;
    for place in late..history.calls.len() {
        if let Some(stale) = stale(&history, place)
            && let Some(told) = &mut history.calls[place].answer
        {
            told.value = Some(stale);
            break;
        }
    }
    history
}

/// A value that a read can't show any more.
fn stale(history: &History, place: usize) -> Option<String> {
    let read = &history.calls[place];
    let Operation::Read { sandbox, file } = &read.operation else { return None };
    read.answer.as_ref()?.value.as_ref()?;
    let writes = history.calls.iter().filter_map(|call| match (&call.operation, &call.answer) {
        (
            Operation::Write { sandbox: other, file: of, value },
            Some(Told { status: 204, end, .. }),
        ) if other == sandbox && of == file && *end < read.begin => Some((call.begin, *end, value)),
        _ => None,
    });
    let (last, ..) = writes.clone().max()?;
    let mut before = writes.filter(|(_, end, _)| *end < last);
    before.next().map(|(.., value)| value.clone())
}

/// Hundreds of calls that nobody got an answer to, all of which are seen to be done in the end, and
/// before that something that can't be.
fn impossible(open: usize) -> History {
    let sandbox = "sbx-1".to_owned();
    let file = "/tmp/one".to_owned();
    let write = |value: usize| Operation::Write {
        sandbox: sandbox.clone(),
        file: file.clone(),
        value: value.to_string(),
    };
    let told = |end, status, value: Option<usize>| {
        let value = value.map(|value| value.to_string());
        Some(Told { end, status, value, ..Told::default() })
    };
    let made = Some(Told { made: Some(sandbox.clone()), ..told(1, 201, None).unwrap_or_default() });
    let mut calls = vec![Call { client: 0, operation: Operation::Create, begin: 0, answer: made }];
    for value in 0..open {
        calls.push(Call { client: value, operation: write(value), begin: 2, answer: None });
    }
    // One value twice, with another between, and then all of them.
    let seen = [0, 1, 0].into_iter().chain(2..open);
    for (at, value) in seen.enumerate() {
        let begin = 10 + 2 * at as u64;
        let operation = Operation::Read { sandbox: sandbox.clone(), file: file.clone() };
        let answer = told(begin + 1, 200, Some(value));
        calls.push(Call { client: open, operation, begin, answer });
    }
    History { target: "made up".to_owned(), seed: 0, keeps_used: true, calls }
}
