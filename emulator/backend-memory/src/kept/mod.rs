//! Trees as objects of a data folder: written when they are kept, read when they are first used.
//!
//! A directory is an object, and so are the contents of every file but the smallest. A node knows
//! the id of what it was last kept as, so that keeping a tree takes the time of what has changed.

mod read;
mod record;
mod write;

use std::sync::{Arc, OnceLock};

use leap0_emulator_core::backend::{BackendError, ImageKind};
use leap0_emulator_core::storage::{ObjectId, ObjectWriter, Objects, StorageError};

pub(crate) use read::Seen;

use crate::tree::{Space, Tree};

/// The files of an image.
#[derive(Clone, Debug)]
pub(crate) enum Frozen {
    /// They are in memory.
    Here(Tree),
    /// They are in a data folder until they are first used.
    Kept(Arc<Kept>),
}

/// Frozen in a data folder.
#[derive(Debug)]
pub(crate) struct Kept {
    root: ObjectId,
    kind: ImageKind,
    objects: Arc<dyn Objects>,
    seen: Arc<Seen>,
    tree: OnceLock<Tree>,
}

impl Frozen {
    /// Frozen whose root directory is this object.
    pub(crate) fn kept(
        root: ObjectId,
        kind: ImageKind,
        objects: Arc<dyn Objects>,
        seen: Arc<Seen>,
    ) -> Self {
        Self::Kept(Arc::new(Kept { root, kind, objects, seen, tree: OnceLock::new() }))
    }

    /// The tree, which may have to be read; for threads that may wait.
    pub(crate) fn tree(&self) -> Result<Tree, StorageError> {
        match self {
            Self::Here(tree) => Ok(tree.clone()),
            Self::Kept(kept) => kept.tree(),
        }
    }

    /// The same for those that may not.
    pub(crate) async fn read(&self) -> Result<Tree, BackendError> {
        let files = self.clone();
        let tree = match self {
            Self::Here(tree) => return Ok(tree.clone()),
            Self::Kept(_) => tokio::task::spawn_blocking(move || files.tree()).await,
        };
        tree.map_err(|panic| BackendError::Failed(panic.to_string()))?
            .map_err(|error| BackendError::Failed(error.to_string()))
    }

    /// Writes what is not there yet; the root's id.
    pub(crate) fn save(&self, objects: &mut dyn ObjectWriter) -> Result<ObjectId, StorageError> {
        if let Self::Kept(kept) = self
            && kept.kind == ImageKind::Checkpoint
            && objects.has(&kept.root)?
        {
            return Ok(kept.root);
        }
        write::directory(self.tree()?.root(), objects)
    }
}

impl Kept {
    fn tree(&self) -> Result<Tree, StorageError> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree.clone());
        }
        let root = self.seen.directory(&self.root, &*self.objects)?;
        // The machine that is made of it brings its own bounds.
        let mut tree = Tree::of(root, Space { disk: u64::MAX, memory: u64::MAX });
        if self.kind == ImageKind::Disk {
            tree.forget_memory();
        }
        Ok(self.tree.get_or_init(|| tree).clone())
    }
}
