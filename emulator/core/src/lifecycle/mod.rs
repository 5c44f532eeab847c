//! What should happen to a sandbox: a pure state machine.
//!
//! It holds no lock, does no work and knows no clock: it is asked what an event does to a phase,
//! and answers with the next phase and the effect that the service owes it. The outcome of that
//! effect comes back as an event through the same [`step`].
//!
//! ```text
//!             ┌────────────────────── Start ──────────────────────────┐
//!             ▼                                                       │
//!         Starting ──▶ Running ──Stop──▶ Stopping ──────────────▶ Stopped
//!                      │ ▲  │ ▲                                       │
//!              Snapshot│ │  │ └─── Unpausing ◀──Use── Paused          │
//!                      ▼ │  └─Pause─▶ Pausing ─────────▲ │            │
//!               Snapshotting ───────────▲               │ │            │
//!                      └── then delete ─┐               │ │            │
//!                                       ▼               │ │            │
//!             Delete (also from Running) ─▶ Deleting ◀──┴─┴────────────┘ ─▶ Deleted
//! ```
//!
//! These are the moves of SB-03. An older diagram ended every capture in `Paused` (SB-04); here
//! that is only what a pause does.
//!
//! Exactly the phases that own an unfinished effect are in transition; there is never more than
//! one effect under way for a sandbox.

mod event;
mod phase;
mod refusal;
mod step;
#[cfg(test)]
mod step_tests;

pub use event::{Effect, Event};
pub use phase::{AfterSnapshot, AtDeadline, Launch, Phase, State, Terms};
pub use refusal::Refusal;
pub use step::{Verdict, step};
