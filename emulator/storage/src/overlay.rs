//! The file of the database as it would be after writes that don't take place: what redb mends on
//! opening is mended in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use crate::backend::file_backend;

/// Bytes that are kept together.
const PAGE: u64 = 4096;

/// A file that is read, and what was written over it.
#[derive(Debug)]
pub(crate) struct Overlay {
    file: FileBackend,
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Changes {
    length: u64,
    /// What is left of the file itself, which may have been cut off and have grown again.
    readable: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let changes = Changes { length, readable: length, pages: BTreeMap::new() };
        Ok(Self { file: file_backend(file)?, changes: Mutex::new(changes) })
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page of a number as it is in the file.
    fn original(&self, number: u64, readable: u64) -> io::Result<Vec<u8>> {
        let start = number * PAGE;
        let mut page = vec![0; index(PAGE)];
        let there = index(readable.saturating_sub(start).min(PAGE));
        if there > 0 {
            self.file.read(start, &mut page[..there])?;
        }
        Ok(page)
    }
}

/// The parts of pages that a range of bytes covers: number of the page, first byte in it, and how
/// many.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + length as u64;
    (offset / PAGE..end.div_ceil(PAGE)).map(move |number| {
        let first = offset.max(number * PAGE);
        let last = end.min((number + 1) * PAGE);
        (number, index(first - number * PAGE), index(last - first))
    })
}

fn index(bytes: u64) -> usize {
    usize::try_from(bytes).expect("it is within a page")
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > changes.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut done = 0;
        for (number, first, count) in parts(offset, out.len()) {
            let out = &mut out[done..done + count];
            done += count;
            let page = match changes.pages.get(&number) {
                Some(page) => Cow::Borrowed(page),
                None => Cow::Owned(self.original(number, changes.readable)?),
            };
            out.copy_from_slice(&page[first..first + count]);
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut changes = self.changes();
        changes.readable = changes.readable.min(length);
        changes.pages.retain(|number, page| {
            let there = length.saturating_sub(number * PAGE).min(PAGE);
            page[index(there)..].fill(0);
            there > 0
        });
        changes.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes();
        let mut done = 0;
        for (number, first, count) in parts(offset, data.len()) {
            let mut page = match changes.pages.remove(&number) {
                Some(page) => page,
                None => self.original(number, changes.readable)?,
            };
            page[first..first + count].copy_from_slice(&data[done..done + count]);
            changes.pages.insert(number, page);
            done += count;
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    // Nothing is written, so it is enough that others can't write either; and a file that is only
    // read can't be locked for oneself.
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_was_written_and_leaves_the_file_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        let original: Vec<u8> = (0..10_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &original).expect("it can be written");
        let overlay = Overlay::open(&path).expect("it can be opened");
        let mut expected = original.clone();
        let read = |length| {
            let mut bytes = vec![0; length];
            overlay.read(0, &mut bytes).map(|()| bytes).map_err(|error| error.kind())
        };

        for (offset, length) in [(0, 10), (4090, 12), (4096, 4096), (39_990, 10)] {
            overlay.write(offset, &vec![0xff; length]).expect("it is written");
            let offset = usize::try_from(offset).expect("it is small");
            expected[offset..offset + length].fill(0xff);
            assert_eq!(read(expected.len()).as_ref(), Ok(&expected));
        }
        assert_eq!(read(expected.len() + 1), Err(io::ErrorKind::UnexpectedEof));

        // What was cut off is not there again.
        for length in [5000, 20_000] {
            overlay.set_len(length).expect("it has another length");
            expected.truncate(5000);
            expected.resize(usize::try_from(length).expect("it is small"), 0);
            assert_eq!(read(expected.len()).as_ref(), Ok(&expected));
        }
        assert_eq!(std::fs::read(&path).expect("it can be read"), original);
    }
}
