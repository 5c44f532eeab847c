//! Objects in memory, for images that are saved and recalled.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::storage::{Object, ObjectId, ObjectWriter, Objects, StorageError};

/// All that was put.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    objects: Mutex<HashMap<ObjectId, Object>>,
}

impl Shelf {
    fn objects(&self) -> MutexGuard<'_, HashMap<ObjectId, Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of all objects.
    pub(super) fn bytes(&self) -> usize {
        self.objects().values().map(|object| object.data.len()).sum()
    }
}

impl Objects for Shelf {
    fn get(&self, id: &ObjectId) -> Result<Object, StorageError> {
        let missing = || StorageError::Damaged(format!("object {id} is missing"));
        self.objects().get(id).cloned().ok_or_else(missing)
    }

    fn place(&self, id: &ObjectId, at: &Path) -> Result<(), StorageError> {
        fs::write(at, self.get(id)?.data.as_slice()).map_err(|error| failed(&error))
    }
}

impl ObjectWriter for &Shelf {
    fn has(&mut self, id: &ObjectId) -> Result<bool, StorageError> {
        Ok(self.objects().contains_key(id))
    }

    fn put(&mut self, id: ObjectId, object: &Object) -> Result<(), StorageError> {
        assert_eq!(id, object.id());
        let mut objects = self.objects();
        for child in &object.children {
            assert!(objects.contains_key(child), "{id} comes before its child {child}");
        }
        objects.insert(id, object.clone());
        Ok(())
    }

    fn put_file(&mut self, id: ObjectId, file: &Path) -> Result<(), StorageError> {
        let data = Arc::new(fs::read(file).map_err(|error| failed(&error))?);
        self.put(id, &Object { children: Vec::new(), data })
    }
}

fn failed(error: &std::io::Error) -> StorageError {
    StorageError::Io(error.to_string())
}
