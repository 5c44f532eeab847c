//! Writing a tree.

use std::sync::Arc;

use leap0_emulator_core::storage::{Object, ObjectId, ObjectWriter, StorageError};

use super::record::{BodyRecord, DEVICES, DirectoryRecord, EntryRecord, StampRecord};
use crate::tree::{Body, Node};

/// Largest file whose contents stand in its directory, in bytes.
const SMALL: usize = 128;

/// Writes a directory after what is in it. As deep as the deepest tree, which a stack bears.
pub(super) fn directory(
    node: &Arc<Node>,
    objects: &mut dyn ObjectWriter,
) -> Result<ObjectId, StorageError> {
    if let Some(id) = there(node, objects)? {
        return Ok(id);
    }
    let Body::Directory(listed) = &node.body else {
        return Err(StorageError::Damaged("a root that is no directory".to_owned()));
    };
    let (mut children, mut entries) = (Vec::new(), Vec::new());
    for (name, node) in listed.iter() {
        let stamp = StampRecord::of(node.stamp);
        let body = match &node.body {
            Body::Directory(_) => {
                children.push(directory(node, objects)?);
                BodyRecord::Directory
            }
            Body::File(data) if data.len() <= SMALL => {
                BodyRecord::SmallFile(stamp, data.to_vec().into())
            }
            Body::File(data) => {
                children.push(contents(node, data, objects)?);
                BodyRecord::File(stamp)
            }
            Body::Link(target) => BodyRecord::Link(stamp, target.to_string()),
            Body::Device(device) => {
                let place = DEVICES.iter().position(|one| one == device).unwrap_or(0);
                BodyRecord::Device(stamp, u8::try_from(place).unwrap_or(0))
            }
        };
        entries.push(EntryRecord { name: name.to_string(), body });
    }
    let record = DirectoryRecord { stamp: StampRecord::of(node.stamp), entries };
    let data =
        postcard::to_allocvec(&record).map_err(|error| StorageError::Io(error.to_string()))?;
    put(node, &Object { children, data: Arc::new(data) }, objects)
}

fn contents(
    node: &Node,
    data: &Arc<Vec<u8>>,
    objects: &mut dyn ObjectWriter,
) -> Result<ObjectId, StorageError> {
    match there(node, objects)? {
        Some(id) => Ok(id),
        None => put(node, &Object { children: Vec::new(), data: Arc::clone(data) }, objects),
    }
}

/// The object of a node that has not changed since it was kept, if that is still there.
fn there(node: &Node, objects: &mut dyn ObjectWriter) -> Result<Option<ObjectId>, StorageError> {
    let Some(id) = node.mark.get() else { return Ok(None) };
    Ok(objects.has(&id)?.then_some(id))
}

fn put(
    node: &Node,
    object: &Object,
    objects: &mut dyn ObjectWriter,
) -> Result<ObjectId, StorageError> {
    let id = object.id();
    if !objects.has(&id)? {
        objects.put(id, object)?;
    }
    node.mark.set(id);
    Ok(id)
}
