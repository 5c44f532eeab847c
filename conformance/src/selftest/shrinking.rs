//! How short counterexamples become, on faults whose smallest case is known.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::check::Trial;
use crate::checks;
use crate::http::{Client, Origin};
use crate::model::{Fault, Traits};
use crate::property::{execute, sequences, smallest};
use crate::reference::{KEY, OTHER_KEY, Reference};
use crate::run::{Session, Settings};
use crate::target::Capabilities;

/// Faults, and the steps of the smallest sequence that shows each.
const PLANTED: [(Fault, usize); 5] = [
    // Create, write, stop: reading it in the end shows what is lost.
    (Fault::StopLosesDisk, 3),
    // Create, pause, snapshot.
    (Fault::SnapshotOfPaused, 3),
    // Create, pause, write, pause: reading it resumes it to how it was at first.
    (Fault::SecondResumeLosesWrites, 4),
    // Create, snapshot, restore, restore, write.
    (Fault::CopiesShareTheirDisk, 5),
    // Create, pause, write, snapshot, restore.
    (Fault::SnapshotAfterPauseIsOld, 5),
];

/// How many seeds each fault is looked for with.
const SEEDS: u64 = 50;

/// How many sequences of a seed are run at most until one shows the fault.
const SEQUENCES: usize = 200;

/// How much longer than the smallest case the longest may be.
const LONGER: usize = 2;

/// What became of the counterexamples of a fault.
#[derive(Clone, Debug)]
pub struct ShrinkBar {
    fault: String,
    smallest: usize,
    /// Steps of the counterexample of each seed that has one, the shortest first.
    lengths: Vec<usize>,
}

impl ShrinkBar {
    /// Whether every seed found the fault, the median is the smallest case, and the longest is
    /// hardly longer.
    pub fn holds(&self) -> bool {
        u64::try_from(self.lengths.len()) == Ok(SEEDS)
            && self.median() == Some(self.smallest)
            && self.lengths.last().is_some_and(|longest| *longest <= self.smallest + LONGER)
    }

    fn median(&self) -> Option<usize> {
        self.lengths.get(self.lengths.len() / 2).copied()
    }
}

impl fmt::Display for ShrinkBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, smallest, lengths } = self;
        let (median, longest) = (self.median().unwrap_or(0), lengths.last().unwrap_or(&0));
        write!(
            f,
            "{fault}  median {median} steps = {smallest}, longest {longest} <= {}; {} of {SEEDS} \
             seeds",
            smallest + LONGER,
            lengths.len()
        )
    }
}

/// Finds every planted fault with every seed.
pub fn shrink_bars() -> Vec<ShrinkBar> {
    let runtime = tokio::runtime::Runtime::new();
    let Ok(runtime) = runtime else { return Vec::new() };
    runtime.block_on(async {
        let mut bars = Vec::new();
        for (fault, smallest) in PLANTED {
            let mut running = JoinSet::new();
            for seed in 1..=SEEDS {
                running.spawn(found(fault, seed));
            }
            let mut lengths: Vec<_> = running.join_all().await.into_iter().flatten().collect();
            lengths.sort_unstable();
            bars.push(ShrinkBar { fault: fault.name(), smallest, lengths });
        }
        bars
    })
}

/// The steps of the counterexample that a seed comes to.
async fn found(fault: Fault, seed: u64) -> Option<usize> {
    let traits = Traits { faults: BTreeSet::from([fault]), ..Traits::default() };
    let server = Reference::start(traits).await.ok()?;
    let origin = Origin::parse(&server.url).ok()?;
    let client = Client::new(origin, KEY, OTHER_KEY, Duration::from_secs(10));
    let session = Arc::new(Session::new(client, Settings::quick(), "lcshrink".to_owned()));
    session.learn(Capabilities::whole());
    let check = checks::all().find(|check| check.name == checks::SEQUENCES)?;
    let trial = Trial::new(session, check);
    for steps in sequences(seed, SEQUENCES, |_| true) {
        if execute(&trial, &steps).await.ok()?.1.is_some() {
            return Some(smallest(&trial, steps).await.len());
        }
    }
    None
}
