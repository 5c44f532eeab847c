//! The tree as a whole, and the changes that everything else is made of.

use std::sync::Arc;

use leap0_files::StoreError;

use super::node::{Body, Node, Stamp};
use super::space::{MEMORY_MOUNTS, Medium, Space, fits};

/// Most directories one inside the other. Far more than a path of 4095 bytes is ever used for, and
/// few enough that dropping or walking the deepest tree fits in a thread's stack many times over.
pub(crate) const MAX_DEPTH: usize = 512;

/// The files of one machine. A clone is O(1) and independent.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(super) root: Arc<Node>,
    space: Space,
}

impl Tree {
    /// An empty tree whose root directory has this owner and mode.
    pub(crate) fn new(root: Stamp, space: Space) -> Self {
        Self { root: Arc::new(Node::directory(root)), space }
    }

    /// A tree of this root.
    pub(crate) fn of(root: Arc<Node>, space: Space) -> Self {
        Self { root, space }
    }

    /// Its root directory.
    pub(crate) fn root(&self) -> &Arc<Node> {
        &self.root
    }

    /// The same files with other bounds.
    pub(crate) fn with_space(&self, space: Space) -> Self {
        Self { root: Arc::clone(&self.root), space }
    }

    /// Whether both are the very same tree, not merely equal ones.
    #[cfg(test)]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }

    /// Empties every memory mount, as a reboot does.
    pub(crate) fn forget_memory(&mut self) {
        for mount in MEMORY_MOUNTS {
            let mount: Vec<Arc<str>> = mount.iter().map(|part| Arc::from(*part)).collect();
            if let Some(node) = self.at(&mount) {
                let empty = Node::directory(node.stamp);
                self.exchange(&mount, Some(Arc::new(empty)));
            }
        }
    }

    /// What is in use of the disk and of the memory.
    pub(crate) fn used(&self) -> Space {
        let memory = MEMORY_MOUNTS
            .iter()
            .filter_map(|mount| self.at(mount))
            .map(|node| node.weight() - super::ENTRY_BYTES)
            .sum();
        Space { disk: self.root.weight() - memory, memory }
    }

    /// Most that fits on the disk and in the memory.
    pub(crate) fn space(&self) -> Space {
        self.space
    }

    /// What stands at a path of real names.
    pub(super) fn at<S: AsRef<str>>(&self, path: &[S]) -> Option<&Arc<Node>> {
        path.iter().try_fold(&self.root, |node, name| node.as_directory()?.get(name.as_ref()))
    }

    /// Fails unless there is room for `added` bytes at `path` once `freed` are gone from there.
    pub(super) fn check_room(
        &self,
        path: &[Arc<str>],
        freed: u64,
        added: u64,
    ) -> Result<(), StoreError> {
        let used = self.used();
        match Medium::of(path) {
            Medium::Disk => fits(used.disk, freed, added, self.space.disk),
            Medium::Memory => fits(used.memory, freed, added, self.space.memory),
        }
    }

    /// Puts `node` at `path`, if it fits. What is there is written anew and keeps its number.
    pub(super) fn put(&mut self, path: &[Arc<str>], mut node: Node) -> Result<(), StoreError> {
        if path.len() + node.height() > MAX_DEPTH {
            return Err(StoreError::NameTooLong);
        }
        let mut freed = 0;
        if let Some(old) = self.at(path) {
            freed = old.weight();
            node.number = old.number;
        }
        self.check_room(path, freed, node.weight())?;
        self.exchange(path, Some(Arc::new(node)));
        Ok(())
    }

    /// Puts `node` at `path` where the caller knows that it fits.
    pub(super) fn replace(&mut self, path: &[Arc<str>], node: Arc<Node>) {
        self.exchange(path, Some(node));
    }

    /// Takes away what is at `path`.
    pub(super) fn take(&mut self, path: &[Arc<str>]) -> Option<Arc<Node>> {
        self.exchange(path, None)
    }

    /// Changes the contents of the file at `path`, in place when nobody shares them. The caller has
    /// checked that `growth` bytes more fit.
    pub(super) fn alter(&mut self, path: &[Arc<str>], growth: u64, change: impl FnOnce(&mut Node)) {
        let mut node = &mut self.root;
        for name in path {
            let Body::Directory(directory) = &mut Node::to_change(node).body else { return };
            directory.below += growth;
            let Some(next) = directory.entries.get_mut(&**name) else { return };
            node = next;
        }
        change(Node::to_change(node));
    }

    /// Replaces what is at `path`, and keeps what every directory above knows true. The parent
    /// exists.
    fn exchange(&mut self, path: &[Arc<str>], new: Option<Arc<Node>>) -> Option<Arc<Node>> {
        let (name, parents) = path.split_last()?;
        let freed = self.at(path).map_or(0, |old| old.weight());
        let added = new.as_ref().map_or(0, |node| node.weight());
        // Levels below the root's entries that the new node reaches down to.
        let reach = new.as_ref().map_or(0, |node| path.len() + node.height());
        let mut node = &mut self.root;
        for depth in 0..=parents.len() {
            let Body::Directory(directory) = &mut Node::to_change(node).body else { return None };
            directory.below = directory.below - freed + added;
            directory.height = directory.height.max(reach.saturating_sub(depth));
            if depth == parents.len() {
                let old = match new {
                    Some(new) => directory.entries.insert(Arc::clone(name), new),
                    None => directory.entries.remove(&**name),
                };
                if directory.entries.is_empty() {
                    directory.height = 0;
                }
                return old;
            }
            node = directory.entries.get_mut(&*parents[depth])?;
        }
        None
    }
}
