//! What an implementation of the Leap0 snapshot API must do, and in time the checks of it.
//!
//! Today there is the register of rules: `spec/rules.toml`, read and checked by [`Register`].
//!
//! ```text
//! spec/rules.toml ──▶ Register ──▶ checks (not there yet) ──HTTP──▶ any server
//!                        └───────▶ listing
//! ```
//!
//! This crate knows the service only by its HTTP API: it imports none of the emulator's crates,
//! not even for types, so that a misreading in one is not repeated in the other.

mod family;
mod id;
pub mod listing;
mod operation;
mod register;
mod rule;
mod source;

pub use family::{FAMILIES, Family};
pub use id::{BadId, RuleId};
pub use operation::{Scope, UnknownOperation};
pub use register::{Register, RegisterError, register};
pub use rule::{Fault, Rule, Statement};
pub use source::{Source, UnknownSource};
