//! The in-memory back end against the contract that every back end fulfils.

use std::process::ExitCode;
use std::time::Duration;

use leap0_backend_memory::{MemoryBackend, Settings};
use leap0_emulator_core::backend::contract;
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let trials = contract::checks().into_iter().map(|(name, check)| {
        Trial::test(name, move || {
            let settings = Settings { grace: Duration::from_millis(20) };
            let backend = MemoryBackend::new(settings);
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(check(&backend));
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
