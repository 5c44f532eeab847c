//! Whether the host can carry one more machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use leap0_emulator_core::spec::Resources;

/// What a QEMU takes besides its machine's memory, in MiB: its own, and that of the translator.
const OVERHEAD_MIB: u64 = 160;
/// What is left to the rest of the host, in MiB.
const RESERVE_MIB: u64 = 512;
/// What has to be free on the disk before a machine is started, in MiB.
const DISK_MIB: u64 = 1024;

/// The memory that machines were promised. A machine takes what it touches, so a host that looks
/// empty may be spoken for: what counts is what all of them may take.
#[derive(Debug)]
pub(crate) struct Capacity {
    folder: PathBuf,
    promised_mib: Arc<Mutex<u64>>,
}

/// The memory of one machine; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    mib: u64,
    promised_mib: Arc<Mutex<u64>>,
}

/// Why there is no room; clients are told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRoom {
    #[error(
        "memory: {asked_mib} MiB more are needed, {promised_mib} of the host's {host_mib} MiB are \
         promised to running machines, and {RESERVE_MIB} MiB are kept for the host"
    )]
    Memory { asked_mib: u64, promised_mib: u64, host_mib: u64 },
    #[error("disk: {free_mib} MiB are free, and {DISK_MIB} MiB are needed")]
    Disk { free_mib: u64 },
}

impl Capacity {
    /// Of this host, with its disks in `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, promised_mib: Arc::default() }
    }

    /// Takes the room for one machine.
    pub(crate) fn take(&self, resources: Resources) -> Result<Share, NoRoom> {
        self.disk()?;
        self.take_of(resources, host_mib())
    }

    /// Whether the disk has the room that a machine may need at any time.
    pub(crate) fn disk(&self) -> Result<(), NoRoom> {
        let free_mib = free_mib(&self.folder);
        if free_mib < DISK_MIB {
            return Err(NoRoom::Disk { free_mib });
        }
        Ok(())
    }

    fn take_of(&self, resources: Resources, host_mib: u64) -> Result<Share, NoRoom> {
        let asked_mib = u64::from(resources.memory_mib) + OVERHEAD_MIB;
        let mut promised = self.promised_mib.lock().unwrap_or_else(PoisonError::into_inner);
        if *promised + asked_mib + RESERVE_MIB > host_mib {
            return Err(NoRoom::Memory { asked_mib, promised_mib: *promised, host_mib });
        }
        *promised += asked_mib;
        Ok(Share { mib: asked_mib, promised_mib: Arc::clone(&self.promised_mib) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *self.promised_mib.lock().unwrap_or_else(PoisonError::into_inner) -= self.mib;
    }
}

/// The memory of the host, or of the control group that we are kept in. What can't be read sets no
/// bound.
fn host_mib() -> u64 {
    let host = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    let host = host.map_or(u64::MAX, |kib| kib / 1024);
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let group = group.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    host.min(group.map_or(u64::MAX, |bytes: u64| bytes >> 20))
}

fn free_mib(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder)
        .map_or(u64::MAX, |stat| (stat.f_bavail.saturating_mul(stat.f_frsize)) >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(memory_mib: u32) -> Resources {
        Resources { memory_mib, ..Resources::default() }
    }

    #[test]
    fn what_is_promised_counts_until_it_is_given_back() {
        let capacity = Capacity::new("/".into());
        let host = 2 * (1024 + OVERHEAD_MIB) + RESERVE_MIB;
        let first = capacity.take_of(machine(1024), host).expect("room for one");
        let _second = capacity.take_of(machine(1024), host).expect("room for two");
        let refused = capacity.take_of(machine(512), host).expect_err("no room for three");
        assert!(refused.to_string().starts_with("memory: 672 MiB more"), "{refused}");
        drop(first);
        capacity.take_of(machine(512), host).expect("room again");
    }

    #[test]
    fn a_full_disk_is_named() {
        let refused = NoRoom::Disk { free_mib: 3 };
        assert_eq!(refused.to_string(), "disk: 3 MiB are free, and 1024 MiB are needed");
    }

    #[test]
    fn this_host_has_some_memory() {
        assert!((256..u64::MAX).contains(&host_mib()));
    }
}
