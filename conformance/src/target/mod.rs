//! What is judged: which eras it speaks and what else it can do.

mod capability;
mod probe;

pub(crate) use capability::{Capabilities, Capability};
pub use capability::{CapabilityFlag, Dialect};
pub(crate) use probe::{ProbeError, probe};
