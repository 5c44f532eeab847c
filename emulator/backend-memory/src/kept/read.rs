//! Reading a tree.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use leap0_emulator_core::storage::{ObjectId, Objects, StorageError};

use super::record::{BodyRecord, DEVICES, DirectoryRecord, EntryRecord};
use crate::tree::{Body, Node};

/// How many nodes are remembered before those that nobody has any more are forgotten.
const REMEMBERED: usize = 1024;

/// What was read and is still used, so that images share in memory what they share on the disk.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    directories: Mutex<Remembered<Node>>,
    contents: Mutex<Remembered<Vec<u8>>>,
}

#[derive(Debug)]
struct Remembered<T> {
    known: HashMap<ObjectId, Weak<T>>,
    limit: usize,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), limit: REMEMBERED }
    }
}

impl<T> Remembered<T> {
    fn get(&self, id: &ObjectId) -> Option<Arc<T>> {
        self.known.get(id)?.upgrade()
    }

    fn add(&mut self, id: ObjectId, value: &Arc<T>) {
        if self.known.len() >= self.limit {
            self.known.retain(|_, weak| weak.strong_count() > 0);
            self.limit = (2 * self.known.len()).max(REMEMBERED);
        }
        self.known.insert(id, Arc::downgrade(value));
    }
}

impl Seen {
    /// The directory that this object is.
    pub(super) fn directory(
        &self,
        id: &ObjectId,
        objects: &dyn Objects,
    ) -> Result<Arc<Node>, StorageError> {
        let damaged = |why: &str| StorageError::Damaged(format!("directory {id} {why}"));
        let seen = || self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = seen().get(id) {
            return Ok(node);
        }
        let object = objects.get(id)?;
        let record: DirectoryRecord = postcard::from_bytes(&object.data)
            .map_err(|error| damaged(&format!("can't be read: {error}")))?;
        let mut children = object.children.iter();
        let mut entries = Vec::with_capacity(record.entries.len());
        for EntryRecord { name, body } in record.entries {
            let mut child = || children.next().ok_or_else(|| damaged("has too few children"));
            let node = match body {
                BodyRecord::Directory => self.directory(child()?, objects)?,
                BodyRecord::File(stamp) => {
                    let id = child()?;
                    let node = Node::new(stamp.stamp(), Body::File(self.contents(id, objects)?));
                    node.mark.set(*id);
                    Arc::new(node)
                }
                BodyRecord::SmallFile(stamp, data) => {
                    Arc::new(Node::file(stamp.stamp(), data.into_vec()))
                }
                BodyRecord::Link(stamp, target) => Arc::new(Node::link(stamp.stamp(), &target)),
                BodyRecord::Device(stamp, place) => {
                    let device = DEVICES.get(usize::from(place));
                    let device = *device.ok_or_else(|| damaged("has an unknown device"))?;
                    Arc::new(Node::device(stamp.stamp(), device))
                }
            };
            entries.push((Arc::from(name.as_str()), node));
        }
        let node = Node::directory_of(record.stamp.stamp(), entries)
            .ok_or_else(|| damaged("is too deep, too large, or has a bad name"))?;
        node.mark.set(*id);
        let node = Arc::new(node);
        seen().add(*id, &node);
        Ok(node)
    }

    fn contents(&self, id: &ObjectId, objects: &dyn Objects) -> Result<Arc<Vec<u8>>, StorageError> {
        let seen = || self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(data) = seen().get(id) {
            return Ok(data);
        }
        let data = objects.get(id)?.data;
        seen().add(*id, &data);
        Ok(data)
    }
}
