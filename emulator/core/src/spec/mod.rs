//! What a sandbox or snapshot is asked to be: values that hold their rules.

mod env;
mod name;
mod network;
mod resources;
mod timeout;

pub use env::{EnvRule, EnvVars};
pub use name::{NameRule, SnapshotName};
pub use network::{NetworkMode, NetworkPolicy, NetworkRules, Transform};
pub use resources::{DISK_MIB, MEMORY_MIB, MemoryRule, Resources, VCPUS};
pub use timeout::{MAX_TIMEOUT_SECS, Timeout, TimeoutRule};
