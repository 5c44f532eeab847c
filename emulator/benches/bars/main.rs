//! The project's bars on speed and size: what each one is, how it is measured and whether it holds.
//!
//! `cargo bench -p leap0-emulator` measures all of them, with `-- NAME` those whose name contains
//! it. This is the only place where anything is timed: no test asserts on time.
//!
//! ```text
//! throughput changes mocks start files hours organisation worlds growth hostile mutated kept
//!      └────────┴──────┴──────┴────┴─────┴────────┴────────┴──────┴──────┴───────┴──────┘
//!      client  load  process  statistics  stand_in  the tools they measure with
//!                       report                      what comes out
//! ```
//!
//! The program measured against runs in a process of its own, as the emulator does: this one starts
//! itself a second time in the part of a [`StandIn`].

mod changes;
mod client;
mod files;
mod growth;
mod hostile;
mod hours;
mod kept;
mod load;
mod mocks;
mod mutated;
#[path = "../../tests/rules/mutation.rs"]
mod mutation;
#[path = "../../tests/support/npm.rs"]
mod npm;
#[expect(dead_code, reason = "the trials look at all of it")]
#[path = "../../tests/rules/operations.rs"]
mod operations;
mod organisation;
mod process;
mod report;
mod stand_in;
mod start;
mod statistics;
mod throughput;
mod worlds;

use std::env;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};

use report::{Line, Report};
use stand_in::StandIn;

/// Bars that are measured together.
struct Group {
    /// What its lines are called.
    names: &'static [&'static str],
    measure: fn(&Runtime) -> Result<Vec<Line>>,
}

/// In the order in which they are measured.
const GROUPS: &[Group] = &[
    Group { names: &[throughput::NAME], measure: throughput::measure },
    Group { names: throughput::LATENCIES, measure: throughput::measure_latency },
    Group { names: &[changes::NAME], measure: changes::measure },
    Group { names: mocks::NAMES, measure: mocks::measure },
    Group { names: &[start::START], measure: start::measure_start },
    Group { names: &[start::IDLE_MEMORY], measure: start::measure_memory },
    Group { names: &[files::SNAPSHOT, files::RESTORE], measure: files::measure },
    Group { names: &[hours::NAME], measure: hours::measure },
    Group { names: organisation::NAMES, measure: organisation::measure },
    Group { names: worlds::NAMES, measure: worlds::measure },
    Group { names: growth::NAMES, measure: growth::measure },
    Group { names: &[hostile::NAME], measure: hostile::measure },
    Group { names: mutated::NAMES, measure: mutated::measure },
    Group { names: kept::RESTARTS, measure: kept::measure_restart },
    Group { names: kept::SNAPSHOTS, measure: kept::measure_snapshots },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match StandIn::asked_for(&arguments) {
        Some(stand_in) => stand_in.run().map(|()| ExitCode::SUCCESS),
        None if !arguments.iter().any(|argument| argument == "--bench") => {
            println!("skipped: bars are measured by `cargo bench` only, in an optimised build");
            Ok(ExitCode::SUCCESS)
        }
        None => measure(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("bars: {error:#}");
        ExitCode::from(2)
    })
}

/// Measures every bar that is asked for. Fails if one is missed.
fn measure(arguments: &[String]) -> Result<ExitCode> {
    let filters: Vec<_> = arguments.iter().filter(|text| !text.starts_with('-')).collect();
    let wanted =
        |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(*filter));
    // One thread: the tools must leave the machine to what they measure.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime of the tools")?;
    let mut report = Report::begin(GROUPS.iter().flat_map(|group| group.names).copied());
    for group in GROUPS.iter().filter(|group| group.names.iter().copied().any(&wanted)) {
        match (group.measure)(&runtime) {
            Ok(lines) => {
                lines.iter().filter(|line| wanted(line.bar)).for_each(|line| report.print(line));
            }
            Err(error) => report.print_failure(group.names[0], &error),
        }
    }
    report.end()
}
