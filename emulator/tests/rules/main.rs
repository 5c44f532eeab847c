//! The rules of the API, each proven over HTTP by an assertion that ran.
//!
//! Every trial owns a server on a free port. An assertion names the rules it proves with
//! [`proves!`]; when all trials have run, the register is asked which rules nobody has proven.

include!("families.rs");

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use leap0_backend_memory::{MemoryBackend, Settings};
use leap0_emulator_core::backend::Backend;

fn main() -> ExitCode {
    support::run(&Arguments::from_args(), trials())
}

/// What the trials' servers make sandboxes of.
fn backend(grace: Duration) -> Arc<dyn Backend> {
    Arc::new(MemoryBackend::new(Settings { grace }))
}
