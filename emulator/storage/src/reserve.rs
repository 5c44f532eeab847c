//! Space that is kept for removing things: on a full disk the database could not write down that
//! something is gone, and nothing could be removed to make room.

use std::path::{Path, PathBuf};

use crate::disk::Disk;

/// The file that takes the space.
const FILE: &str = "reserve";
/// Bytes of it: pages that a removal copies before it frees any, with room to spare.
const SIZE: u64 = 2 << 20;

/// A file that is removed when there is no room, and is made again when there is.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    disk: Disk,
}

impl Reserve {
    /// The one of a data folder, which is made if there is room for it.
    pub(crate) fn of(data_folder: &Path, disk: Disk) -> Self {
        let reserve = Self { path: data_folder.join(FILE), disk };
        reserve.restore();
        reserve
    }

    /// Gives the space away. The answer is whether there was any.
    pub(crate) fn release(&self) -> bool {
        self.path.exists() && self.disk.remove_file(&self.path).is_ok()
    }

    /// Takes the space again, if there is room for it.
    pub(crate) fn restore(&self) {
        if self.path.metadata().is_ok_and(|metadata| metadata.len() == SIZE) {
            return;
        }
        let bytes = vec![0; usize::try_from(SIZE).expect("it is small")];
        if self.disk.write_file(&self.path, &bytes).is_err() {
            // Half a reserve is in the way.
            let _ = self.disk.remove_file(&self.path);
        }
    }
}
