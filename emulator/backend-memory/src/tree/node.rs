//! What a path names.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use imbl::OrdMap;
use leap0_emulator_core::clock::Timestamp;
use leap0_emulator_core::storage::ObjectId;
use leap0_files::{MAX_NAME_BYTES, StoreError};

use super::root::MAX_DEPTH;
use super::space::ENTRY_BYTES;

/// More than any machine has, disk and memory together; far from where sums overflow.
const MAX_WEIGHT: u64 = 1 << 40;

/// The number of the next node.
static NEXT: AtomicU64 = AtomicU64::new(12);

/// A file, directory, link or device with its owner and permission bits.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its inode number: no other node that was made by this process has it, but copies of machines
    /// have nodes with those of their source.
    pub(crate) number: u64,
    pub(crate) stamp: Stamp,
    pub(crate) body: Body,
    /// Set once the node is kept, cleared with any change.
    pub(crate) mark: Mark,
}

/// The id of the object that a node's contents are kept as. A copy has none: copies are made to be
/// changed.
#[derive(Debug, Default)]
pub(crate) struct Mark(OnceLock<ObjectId>);

impl Clone for Mark {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Mark {
    pub(crate) fn get(&self) -> Option<ObjectId> {
        self.0.get().copied()
    }

    pub(crate) fn set(&self, id: ObjectId) {
        let _ = self.0.set(id);
    }
}

/// Who owns a node, what they may do with it, and when it last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Owner's number.
    pub(crate) uid: u32,
    /// Group's number.
    pub(crate) gid: u32,
    /// Permission bits, `0o7777` at most.
    pub(crate) mode: u32,
    /// Last modification of the contents.
    pub(crate) modified: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Contents are shared between copies and appended to in place while nobody shares them.
    File(Arc<Vec<u8>>),
    Directory(Directory),
    /// The target as it was written.
    Link(Arc<str>),
    Device(Device),
}

/// The character devices of the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// Takes nothing: `ENOSPC`.
    Full,
    /// Takes everything and gives nothing.
    Null,
    /// Takes everything and gives random bytes without end.
    Random,
    /// Takes everything and gives zeros without end.
    Zero,
}

/// Entries, and what is known about everything below without visiting it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    pub(super) entries: OrdMap<Arc<str>, Arc<Node>>,
    /// The weight of everything below, at every depth.
    pub(super) below: u64,
    /// Levels below: no less than there are. It falls back to zero only when the directory is
    /// emptied, because the true height would take a visit to every entry.
    pub(super) height: usize,
}

impl Node {
    pub(crate) fn new(stamp: Stamp, body: Body) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { number, stamp, body, mark: Mark::default() }
    }

    pub(crate) fn directory(stamp: Stamp) -> Self {
        Self::new(stamp, Body::Directory(Directory::default()))
    }

    /// The node to be changed: a copy if others have it too.
    pub(super) fn to_change(node: &mut Arc<Self>) -> &mut Self {
        let node = Arc::make_mut(node);
        node.mark = Mark::default();
        node
    }

    /// A directory with these entries. `None` where a name is none or stands there twice, or where
    /// what is below is deeper or larger than any machine may hold.
    pub(crate) fn directory_of(stamp: Stamp, entries: Vec<(Arc<str>, Arc<Self>)>) -> Option<Self> {
        let mut directory = Directory::default();
        for (name, node) in entries {
            let named = !matches!(&*name, "" | "." | "..") && !name.contains(['/', '\0']);
            if !named || name.len() > MAX_NAME_BYTES {
                return None;
            }
            directory.height = directory.height.max(node.height() + 1);
            directory.below = directory.below.checked_add(node.weight())?;
            if directory.entries.insert(name, node).is_some() {
                return None;
            }
        }
        let fits = directory.height < MAX_DEPTH && directory.below <= MAX_WEIGHT;
        fits.then_some(Self::new(stamp, Body::Directory(directory)))
    }

    pub(crate) fn file(stamp: Stamp, data: Vec<u8>) -> Self {
        Self::new(stamp, Body::File(Arc::new(data)))
    }

    pub(crate) fn link(stamp: Stamp, target: &str) -> Self {
        Self::new(stamp, Body::Link(target.into()))
    }

    pub(crate) fn device(stamp: Stamp, device: Device) -> Self {
        Self::new(stamp, Body::Device(device))
    }

    pub(crate) fn is_directory(&self) -> bool {
        matches!(self.body, Body::Directory(_))
    }

    pub(crate) fn as_directory(&self) -> Option<&Directory> {
        match &self.body {
            Body::Directory(directory) => Some(directory),
            Body::File(_) | Body::Link(_) | Body::Device(_) => None,
        }
    }

    pub(crate) fn as_device(&self) -> Option<Device> {
        match self.body {
            Body::Device(device) => Some(device),
            Body::File(_) | Body::Directory(_) | Body::Link(_) => None,
        }
    }

    /// Bytes of a file or of a link's target; what ext4 says for a directory.
    pub(crate) fn size(&self) -> u64 {
        match &self.body {
            Body::File(data) => data.len() as u64,
            Body::Link(target) => target.len() as u64,
            Body::Directory(_) => ENTRY_BYTES,
            Body::Device(_) => 0,
        }
    }

    /// Names it has: a directory's own, its `.`, and the `..` of each directory in it.
    pub(crate) fn links(&self) -> usize {
        let below = |directory: &Directory| {
            2 + directory.iter().filter(|(_, node)| node.is_directory()).count()
        };
        self.as_directory().map_or(1, below)
    }

    /// What the node and everything below it takes of the disk.
    pub(super) fn weight(&self) -> u64 {
        ENTRY_BYTES
            + match &self.body {
                Body::File(data) => data.len() as u64,
                Body::Link(target) => target.len() as u64,
                Body::Directory(directory) => directory.below,
                Body::Device(_) => 0,
            }
    }

    /// Levels of entries below: zero for everything but a directory with entries.
    pub(super) fn height(&self) -> usize {
        self.as_directory().map_or(0, |directory| directory.height)
    }
}

impl Device {
    /// What becomes of bytes that are written to it.
    pub(super) fn write(self) -> Result<(), StoreError> {
        match self {
            Self::Full => Err(StoreError::NoSpace),
            Self::Null | Self::Random | Self::Zero => Ok(()),
        }
    }
}

impl Directory {
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Node>> {
        self.entries.get(name)
    }

    /// Names and nodes, in order of name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Node>)> {
        self.entries.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
