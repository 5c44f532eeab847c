//! How much fits.

use leap0_files::StoreError;

/// What each entry takes of the disk or of the memory besides its contents: one block of ext4 or
/// page of tmpfs. Empty files would be free otherwise, and their number unbounded.
pub(crate) const ENTRY_BYTES: u64 = 4096;

/// The directories whose contents are memory: kept by pause, snapshot and restore, empty after a
/// stop and start.
pub(super) const MEMORY_MOUNTS: [&[&str]; 2] = [&["dev", "shm"], &["run"]];

/// Most bytes of disk and of memory that a tree may hold, entries counted with [`ENTRY_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// Everything that is not below a memory mount.
    pub(crate) disk: u64,
    /// Everything below `/dev/shm` and `/run` together.
    pub(crate) memory: u64,
}

impl Space {
    /// Room for everything.
    pub(crate) const UNBOUNDED: Self = Self { disk: u64::MAX, memory: u64::MAX };
}

/// Where a path's bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    Disk,
    Memory,
}

impl Medium {
    /// The medium of what is called `path`. A mount point itself belongs to the disk.
    pub(super) fn of<S: AsRef<str>>(path: &[S]) -> Self {
        let below = |mount: &&[&str]| {
            path.len() > mount.len()
                && mount.iter().zip(path).all(|(part, name)| *part == name.as_ref())
        };
        if MEMORY_MOUNTS.iter().any(below) { Self::Memory } else { Self::Disk }
    }
}

/// Whether `path` is a mount point or has one below it: such a directory can't be moved or removed.
pub(super) fn holds_mount<S: AsRef<str>>(path: &[S]) -> bool {
    MEMORY_MOUNTS.iter().any(|mount| {
        path.len() <= mount.len()
            && path.iter().zip(*mount).all(|(name, part)| name.as_ref() == *part)
    })
}

/// Whether `used` of `limit` leaves room for what is `added` in place of what is `freed`.
pub(super) fn fits(used: u64, freed: u64, added: u64, limit: u64) -> Result<(), StoreError> {
    // What shrinks may always shrink, also beyond the limit.
    let after = used.saturating_sub(freed).saturating_add(added);
    if added <= freed || after <= limit { Ok(()) } else { Err(StoreError::NoSpace) }
}
