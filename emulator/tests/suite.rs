//! The conformance suite against the emulator's binary: what it finds, what it leaves behind when it
//! is interrupted, whether its grades hang on a seed, whether the counterexamples that it writes down
//! show what they say, and what it says of a server that is no Leap0.

#[path = "suite/doorman.rs"]
mod doorman;
#[path = "support/emulator.rs"]
mod emulator;
#[path = "suite/findings.rs"]
mod findings;
#[path = "suite/interrupted.rs"]
mod interrupted;
#[path = "support/npm.rs"]
mod npm;
#[path = "suite/prism.rs"]
mod prism;
#[path = "suite/process.rs"]
mod process;
#[path = "support/python.rs"]
mod python;
#[path = "suite/relay.rs"]
mod relay;
#[path = "support/require.rs"]
mod require;
#[path = "suite/seeds.rs"]
mod seeds;
#[path = "suite/whole.rs"]
mod whole;

use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    if let Some(code) = process::as_the_suite() {
        return code;
    }
    let mut trials = interrupted::trials();
    trials.extend(findings::trials());
    trials.extend(prism::trials());
    trials.push(trial("seeds_do_not_change_the_grades", seeds::grades_are_the_same));
    trials.push(trial("the_emulator_keeps_every_rule", whole::keeps_every_rule));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A trial that needs nothing but the emulator.
fn trial(name: &str, run: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || run().map_err(|error| Failed::from(format!("{error:#}"))))
}
