//! The bars of the QEMU back end on speed and size: what each one is, how it is measured and whether
//! it holds.
//!
//! `cargo bench -p leap0-backend-qemu` measures all of them, with `-- NAME` those whose name
//! contains it. This is the only place where anything is timed: no test asserts on time.
//!
//! ```text
//! pause  restore  create  space  chain  calls  eight  image     one file per group of bars
//!    └──────┴───────┴───────┴──────┴──────┴──────┴──────┘
//!    stage  sandbox  qemu  disk  heartbeat  cores  pairs  statistics   the tools they measure with
//!           raw: the same work by hand                          what they are compared with
//!                        report                                 what comes out
//! ```
//!
//! The back end is driven through its ports alone, and looked at from outside: its QEMU processes
//! in `/proc`, its files in its folder, its machines' consoles.

mod calls;
mod chain;
mod cores;
mod create;
mod disk;
mod eight;
mod heartbeat;
mod image;
mod pairs;
mod pause;
mod qemu;
mod raw;
mod report;
mod restore;
mod sandbox;
mod space;
mod stage;
#[path = "../../../emulator/benches/bars/statistics.rs"]
mod statistics;

use std::env;
use std::pin::Pin;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tokio::runtime::Builder;

use report::{Line, Report};
use stage::Stage;

/// Bars that are measured together.
struct Group {
    /// What its lines are called.
    names: &'static [&'static str],
    measure: Measure,
}

type Lines<'s> = Pin<Box<dyn Future<Output = Result<Vec<Line>>> + 's>>;
type Measure = for<'s> fn(&'s Stage) -> Lines<'s>;

/// In the order in which they are measured.
const GROUPS: &[Group] = &[
    Group { names: &[pause::NAME], measure: |stage| Box::pin(pause::measure(stage)) },
    Group { names: &[restore::NAME], measure: |stage| Box::pin(restore::measure(stage)) },
    Group { names: &[create::NAME], measure: |stage| Box::pin(create::measure(stage)) },
    Group { names: &[space::RESTORED], measure: |stage| Box::pin(space::measure_restored(stage)) },
    Group { names: space::SNAPSHOTS, measure: |stage| Box::pin(space::measure_snapshots(stage)) },
    Group { names: chain::NAMES, measure: |stage| Box::pin(chain::measure(stage)) },
    Group { names: &[chain::REST_DEPTH], measure: |stage| Box::pin(chain::measure_rest(stage)) },
    Group { names: calls::NAMES, measure: |stage| Box::pin(calls::measure(stage)) },
    Group { names: &[eight::NAME], measure: |stage| Box::pin(eight::measure(stage)) },
    Group { names: image::NAMES, measure: |stage| Box::pin(image::measure(stage)) },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("skipped: bars are measured by `cargo bench` only, in an optimised build");
        return ExitCode::SUCCESS;
    }
    measure(&arguments).unwrap_or_else(|error| {
        eprintln!("bars: {error:#}");
        ExitCode::from(2)
    })
}

/// Measures every bar that is asked for. Fails if one is missed.
fn measure(arguments: &[String]) -> Result<ExitCode> {
    let filters: Vec<_> = arguments.iter().filter(|text| !text.starts_with('-')).collect();
    let wanted =
        |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(*filter));
    let settings = match stage::settings() {
        Ok(settings) => settings,
        Err(why) => {
            println!("skipped: {why}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    // Before any other thread is there, so that all of them and what they start keep to it.
    cores::keep_to(cores::TWO)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(cores::TWO)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let mut report = Report::begin(GROUPS.iter().flat_map(|group| group.names).copied());
        let mut stage = None;
        for group in GROUPS.iter().filter(|group| group.names.iter().copied().any(&wanted)) {
            if stage.is_none() {
                let opened = Stage::open(settings.clone()).await?;
                println!("{opened}");
                stage = Some(opened);
            }
            let stage = stage.as_ref().expect("opened above");
            match (group.measure)(stage).await {
                Ok(lines) => {
                    lines.iter().filter(|line| wanted(line.bar)).for_each(|l| report.print(l));
                }
                Err(error) => {
                    let names = group.names.iter().filter(|name| wanted(name));
                    names.for_each(|name| report.print_failure(name, &error));
                }
            }
        }
        report.end()
    })
}
