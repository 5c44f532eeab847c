//! The size of a machine (LIM-01).

use std::ops::RangeInclusive;

/// Virtual CPUs a sandbox may have (SB-CREATE-03).
pub const VCPUS: RangeInclusive<u32> = 1..=8;
/// Memory a sandbox may have, in MiB; even numbers only (SB-CREATE-03).
pub const MEMORY_MIB: RangeInclusive<u32> = 512..=8192;
/// Disk of every sandbox, in MiB (SB-01).
pub const DISK_MIB: u32 = 10240;

/// CPUs, memory and disk of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Virtual CPUs, 1 to 8.
    pub vcpus: u32,
    /// Memory in MiB, an even number from 512 to 8192.
    pub memory_mib: u32,
    /// Disk in MiB, always 10240.
    pub disk_mib: u32,
}

/// The rule that refused memory breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an even number between 512 and 8192")]
pub struct MemoryRule;

impl Default for Resources {
    fn default() -> Self {
        Self { vcpus: 1, memory_mib: 1024, disk_mib: DISK_MIB }
    }
}
