//! What stands in the object of a directory.

use leap0_emulator_core::clock::Timestamp;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::tree::{Device, Stamp};

/// A directory, as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct DirectoryRecord {
    pub(super) stamp: StampRecord,
    pub(super) entries: Vec<EntryRecord>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StampRecord {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
    /// Milliseconds since 1970-01-01 UTC.
    pub(super) modified: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct EntryRecord {
    pub(super) name: String,
    pub(super) body: BodyRecord,
}

#[derive(Serialize, Deserialize)]
pub(super) enum BodyRecord {
    /// The next child of the object, with its own stamp.
    Directory,
    /// The next child's bytes.
    File(StampRecord),
    SmallFile(StampRecord, ByteBuf),
    Link(StampRecord, String),
    /// By its place in [`DEVICES`].
    Device(StampRecord, u8),
}

pub(super) const DEVICES: [Device; 4] = [Device::Full, Device::Null, Device::Random, Device::Zero];

impl StampRecord {
    pub(super) fn of(stamp: Stamp) -> Self {
        let Stamp { uid, gid, mode, modified } = stamp;
        Self { uid, gid, mode, modified: modified.as_millis() }
    }

    pub(super) fn stamp(&self) -> Stamp {
        let Self { uid, gid, mode, modified } = *self;
        Stamp { uid, gid, mode: mode & 0o7777, modified: Timestamp::from_millis(modified) }
    }
}
