//! An object as it is in the database.

use leap0_emulator_core::storage::{ObjectId, StorageError};
use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

/// Most bytes of an object that are in the database itself: more would make its pages, which are
/// copied when they change, large.
pub(crate) const INLINE: usize = 64 * 1024;

/// What the database says of an object. Its hash covers all of it, so it has no checksum.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry<'a> {
    /// The objects below.
    pub(crate) children: Vec<[u8; 32]>,
    /// Where its bytes are.
    #[serde(borrow)]
    pub(crate) data: Data<'a>,
}

/// Where the bytes of an object are.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Data<'a> {
    /// Here.
    Inline(#[serde(borrow)] &'a Bytes),
    /// In a file of its own, so many.
    File(u64),
}

impl<'a> Entry<'a> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("bytes can be written to memory")
    }

    pub(crate) fn decode(id: &ObjectId, value: &'a [u8]) -> Result<Self, StorageError> {
        postcard::from_bytes(value)
            .map_err(|_| StorageError::Damaged(format!("what is known of object {id}")))
    }
}
