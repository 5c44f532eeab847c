//! Concurrent histories: what several clients did at once, and whether it can be explained.
//!
//! ```text
//! plan ──▶ record ──▶ History ──▶ file
//!                        │
//!                        ▼
//!        problem ──▶ search over machine ──▶ Verdict ──▶ shrink ──▶ explain
//! ```
//!
//! A history can be explained if its calls can be put in an order in which one after another is
//! answered as it was, and in which no call comes before one that had been answered when it was
//! sent: it is linearizable. `machine` says how one call after another is answered. What takes
//! time has two points, and what comes between them sees a state in between, so that a 409 for
//! that reason has its explanation.

mod answers;
mod bars;
mod blame;
mod call;
mod dice;
mod explain;
mod file;
mod footprint;
mod judge;
mod machine;
#[cfg(test)]
mod oracle;
mod plan;
mod problem;
mod projection;
mod record;
mod search;
mod shrink;
mod simulate;
mod steps;
mod task;
#[cfg(test)]
mod tests;
mod tidy;
mod wire;

pub use bars::{Bar, history_bars};
pub(crate) use call::History;
pub(crate) use dice::Dice;
pub(crate) use file::{read, write};
pub(crate) use judge::{Contradiction, Verdict, judge};
pub(crate) use plan::Theme;
pub(crate) use record::{keeps_used, record};
pub(crate) use search::Budget;
