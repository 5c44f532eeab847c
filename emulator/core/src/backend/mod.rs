//! The ports below the service: what a back end must be able to do with a machine.
//!
//! A back end performs and never judges. It keeps no lifecycle state of its own and refuses
//! nothing for policy: the service calls a verb only when the lifecycle allows it. What a verb
//! needs is in its arguments, and what it leaves behind is in the handle that it returns, so a
//! checkpoint cannot be started and a stopped disk cannot be resumed.
//!
//! ```text
//!            create              snapshot
//!   Backend ────────▶ Machine ─────────────▶ Checkpoint ──resume──▶ Machine
//!                     │  │  └──────pause───▶ Checkpoint
//!                     │  └─────────stop────▶ Disk ───────start────▶ Machine
//!                     └──────────destroy
//! ```

#[cfg(feature = "contract-test")]
pub mod contract;
mod error;
mod exec;
mod machine;

pub use error::{BackendError, GuestError};
pub use exec::{Command, Ending, Output};
pub use machine::{
    Backend, BackendInfo, Boot, Checkpoint, Disk, Guest, Identity, Image, ImageKind, Machine,
};
