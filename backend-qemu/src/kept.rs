//! Images as objects of a data folder: their files are taken over when they are kept, and come back
//! when they are first used.
//!
//! A layer is an object above its file and the layer below it, down to the image that all lie upon,
//! so that what a folder holds does not depend on anything outside it. A memory is one above its
//! file and its layer, and says what it fits.

use std::sync::Arc;

use leap0_emulator_core::backend::BackendError;
use leap0_emulator_core::storage::{Object, ObjectId, ObjectWriter, Objects, StorageError};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::hypervisor::Hypervisor;
use crate::saved::Memory;
use crate::store::{Layer, Stored};

/// What stands in an object that is no file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Record {
    /// Above a file and, but for the lowest, another layer.
    Layer,
    /// Above a file and a layer; [`Hypervisor::layout`] as hexadecimal digits.
    Memory(String),
}

/// Something that a machine can be started from.
#[derive(Debug)]
pub(crate) enum Held<T> {
    /// It was saved by this emulator.
    Here(Arc<T>),
    /// It was by an earlier one.
    Kept(Arc<Kept<T>>),
}

/// In a data folder until it is first used.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    root: ObjectId,
    objects: Arc<dyn Objects>,
    found: OnceCell<Arc<T>>,
}

/// What can be kept.
pub(crate) trait Keep: Sized + Send + Sync + 'static {
    /// Writes down what is not there yet; the id of its root.
    fn save(
        &self,
        hypervisor: &Hypervisor,
        to: &mut dyn ObjectWriter,
    ) -> Result<ObjectId, StorageError>;

    /// Brings back what has this root.
    fn find(
        hypervisor: &Hypervisor,
        root: &ObjectId,
        from: &dyn Objects,
    ) -> Result<Arc<Self>, StorageError>;
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Here(here) => Self::Here(Arc::clone(here)),
            Self::Kept(kept) => Self::Kept(Arc::clone(kept)),
        }
    }
}

impl<T: Keep> Held<T> {
    /// What has this root in a data folder.
    pub(crate) fn kept(root: ObjectId, objects: Arc<dyn Objects>) -> Self {
        Self::Kept(Arc::new(Kept { root, objects, found: OnceCell::new() }))
    }

    /// The thing itself. The first to ask for one that was kept waits until its files are read.
    pub(crate) async fn get(&self, hypervisor: &Arc<Hypervisor>) -> Result<Arc<T>, BackendError> {
        let kept = match self {
            Self::Here(here) => return Ok(Arc::clone(here)),
            Self::Kept(kept) => kept,
        };
        let find = || async {
            let (kept, hypervisor) = (Arc::clone(kept), Arc::clone(hypervisor));
            let find = move || T::find(&hypervisor, &kept.root, &*kept.objects);
            tokio::task::spawn_blocking(find)
                .await
                .map_err(|panic| BackendError::Failed(panic.to_string()))?
                .map_err(|error| BackendError::Failed(error.to_string()))
        };
        kept.found.get_or_try_init(find).await.cloned()
    }

    /// Writes down what is not there yet; the id of its root.
    pub(crate) fn save(
        &self,
        hypervisor: &Hypervisor,
        to: &mut dyn ObjectWriter,
    ) -> Result<ObjectId, StorageError> {
        match self {
            Self::Here(here) => here.save(hypervisor, to),
            Self::Kept(kept) if to.has(&kept.root)? => Ok(kept.root),
            Self::Kept(kept) => {
                T::find(hypervisor, &kept.root, &*kept.objects)?.save(hypervisor, to)
            }
        }
    }
}

impl Keep for Layer {
    fn save(
        &self,
        hypervisor: &Hypervisor,
        to: &mut dyn ObjectWriter,
    ) -> Result<ObjectId, StorageError> {
        let mut children = vec![save_file(self.file(), hypervisor, to)?];
        if let Some(below) = self.below() {
            let id = below.save(hypervisor, to)?;
            hypervisor.store.know(id, below);
            children.push(id);
        }
        put(children, &Record::Layer, to)
    }

    fn find(
        hypervisor: &Hypervisor,
        root: &ObjectId,
        from: &dyn Objects,
    ) -> Result<Arc<Self>, StorageError> {
        if let Some(layer) = hypervisor.store.known(root) {
            return Ok(layer);
        }
        let object = from.get(root)?;
        match (read(root, &object)?, object.children.as_slice()) {
            // What a memory lies beside can be started without it.
            (Record::Memory(_), [_, disk]) => Self::find(hypervisor, disk, from),
            (Record::Layer, [file, below @ ..]) => {
                let below = below.first().map(|below| Self::find(hypervisor, below, from));
                let file = hypervisor.store.bring_back(file, from)?;
                let layer = hypervisor.store.layer(file, below.transpose()?);
                hypervisor.store.know(*root, &layer);
                Ok(layer)
            }
            _ => Err(damaged(root)),
        }
    }
}

impl Keep for Memory {
    fn save(
        &self,
        hypervisor: &Hypervisor,
        to: &mut dyn ObjectWriter,
    ) -> Result<ObjectId, StorageError> {
        let file = save_file(&self.file, hypervisor, to)?;
        let disk = self.disk.save(hypervisor, to)?;
        hypervisor.store.know(disk, &self.disk);
        put(vec![file, disk], &Record::Memory(format!("{:032x}", self.layout)), to)
    }

    fn find(
        hypervisor: &Hypervisor,
        root: &ObjectId,
        from: &dyn Objects,
    ) -> Result<Arc<Self>, StorageError> {
        let object = from.get(root)?;
        let (Record::Memory(layout), [file, disk]) =
            (read(root, &object)?, object.children.as_slice())
        else {
            return Err(damaged(root));
        };
        let layout = u128::from_str_radix(&layout, 16).map_err(|_| damaged(root))?;
        let disk = Layer::find(hypervisor, disk, from)?;
        let file = hypervisor.store.bring_back(file, from)?;
        Ok(Arc::new(Self { file, disk, layout }))
    }
}

/// Has the bytes of a file kept, which nobody writes to from now on.
fn save_file(
    file: &Stored,
    hypervisor: &Hypervisor,
    to: &mut dyn ObjectWriter,
) -> Result<ObjectId, StorageError> {
    let marked = hypervisor.store.mark(file);
    let id =
        marked.map_err(|error| StorageError::Io(format!("{}: {error}", file.path().display())))?;
    to.put_file(id, file.path())?;
    Ok(id)
}

fn put(
    children: Vec<ObjectId>,
    record: &Record,
    to: &mut dyn ObjectWriter,
) -> Result<ObjectId, StorageError> {
    let data = serde_json::to_vec(record).map_err(|error| StorageError::Io(error.to_string()))?;
    let object = Object { children, data: Arc::new(data) };
    let id = object.id();
    if !to.has(&id)? {
        to.put(id, &object)?;
    }
    Ok(id)
}

fn read(id: &ObjectId, object: &Object) -> Result<Record, StorageError> {
    serde_json::from_slice(&object.data).map_err(|_| damaged(id))
}

fn damaged(id: &ObjectId) -> StorageError {
    StorageError::Damaged(format!("object {id} is no memory and no layer"))
}
