//! What an implementation of the Leap0 snapshot API must do, and the checks of it.
//!
//! ```text
//! spec/rules.toml ──▶ Register ──▶ listing
//!                        │
//!                     checks ──▶ run ──HTTP──▶ any server
//!                                 └──▶ claims ──▶ a verdict for each rule ──▶ reports
//! ```
//!
//! This crate knows the service only by its HTTP API: it imports none of the emulator's crates,
//! not even for types, so that a misreading in one is not repeated in the other.

mod check;
mod checks;
pub mod commands;
mod family;
mod history;
mod http;
mod id;
pub mod listing;
mod model;
mod moment;
mod operation;
mod property;
mod reference;
mod register;
mod report;
mod rule;
mod run;
mod scenario;
mod schema;
mod selftest;
mod source;
mod target;

pub use family::{FAMILIES, Family};
pub use history::{Bar, history_bars};
pub use id::{BadId, RuleId};
pub use operation::{Scope, UnknownOperation};
pub use register::{Register, RegisterError, register};
pub use rule::{Fault, Rule, Statement};
pub use run::{CapabilityFlag, Profile, RunOptions, Shard};
pub use scenario::check_story;
pub use selftest::{ShrinkBar, shrink_bars};
pub use source::{Source, UnknownSource};
pub use target::Dialect;

/// A seed that no other run has.
pub fn random_seed() -> u64 {
    u64::from(commands::random())
}
