//! Who asks, and what they may do.

use leap0_emulator_core::clock::Timestamp;
use leap0_files::StoreError;

use super::node::{Node, Stamp};

/// The user on whose behalf a call is made, and the moment of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) now: Timestamp,
}

/// One of the three things that permission bits are about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Right {
    Read = 4,
    Write = 2,
    /// Search, for a directory.
    Execute = 1,
}

impl Caller {
    pub(crate) fn is_root(self) -> bool {
        self.uid == 0
    }

    /// The owner and mode of a node that this caller makes now.
    pub(crate) fn stamp(self, mode: u32) -> Stamp {
        Stamp { uid: self.uid, gid: self.gid, mode: mode & 0o7777, modified: self.now }
    }

    pub(super) fn owns(self, node: &Node) -> bool {
        self.is_root() || self.uid == node.stamp.uid
    }

    /// Asks for one right. As on Linux only the first class that matches counts: an owner without
    /// the right is refused even where everybody else has it.
    pub(super) fn may(self, right: Right, node: &Node) -> Result<(), StoreError> {
        let stamp = node.stamp;
        let shift = if self.uid == stamp.uid {
            6
        } else if self.gid == stamp.gid {
            3
        } else {
            0
        };
        let granted = (stamp.mode >> shift) & right as u32 != 0;
        if granted || self.is_root() { Ok(()) } else { Err(StoreError::Denied) }
    }

    /// Whether the caller may add entries to `directory`, or remove them.
    pub(super) fn may_change_entries(self, directory: &Node) -> Result<(), StoreError> {
        self.may(Right::Write, directory)?;
        self.may(Right::Execute, directory)
    }

    /// Whether the caller may take `entry` out of `directory`: in a sticky directory such as `/tmp`
    /// only its owner may, or the directory's.
    pub(super) fn may_take(self, entry: &Node, directory: &Node) -> Result<(), StoreError> {
        self.may_change_entries(directory)?;
        let sticky = directory.stamp.mode & 0o1000 != 0;
        if sticky && !self.owns(entry) && !self.owns(directory) {
            return Err(StoreError::Denied);
        }
        Ok(())
    }
}
