//! Taking away and moving.

use std::sync::Arc;

use leap0_files::StoreError;

use super::Tree;
use super::access::{Caller, Right};
use super::node::Node;
use super::root::MAX_DEPTH;
use super::space::{Medium, holds_mount};
use super::walk::{Place, walk_to_entry};

/// What to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    EmptyDirectory,
    WholeDirectory,
}

impl Tree {
    /// Removes a file, device or link.
    pub(crate) fn remove_file(&mut self, path: &str, caller: Caller) -> Result<(), StoreError> {
        self.remove(path, Kind::File, caller)
    }

    /// Removes an empty directory.
    pub(crate) fn remove_directory(
        &mut self,
        path: &str,
        caller: Caller,
    ) -> Result<(), StoreError> {
        self.remove(path, Kind::EmptyDirectory, caller)
    }

    /// Removes a directory with all below it, or nothing if one entry may not be removed.
    pub(crate) fn remove_tree(&mut self, path: &str, caller: Caller) -> Result<(), StoreError> {
        self.remove(path, Kind::WholeDirectory, caller)
    }

    fn remove(&mut self, path: &str, kind: Kind, caller: Caller) -> Result<(), StoreError> {
        let place = walk_to_entry(&self.root, path, caller)?;
        let node = removable(&place, caller)?;
        match (kind, node.as_directory()) {
            (Kind::File, Some(_)) => return Err(StoreError::IsADirectory),
            (Kind::File, None) => {}
            (Kind::EmptyDirectory | Kind::WholeDirectory, None) => {
                return Err(StoreError::NotADirectory);
            }
            (Kind::EmptyDirectory, Some(directory)) if !directory.is_empty() => {
                return Err(StoreError::NotEmpty);
            }
            (Kind::EmptyDirectory, Some(_)) => {}
            (Kind::WholeDirectory, Some(_)) => emptiable(node, caller)?,
        }
        let path = place.path;
        self.take(&path);
        self.touch_parent(&path, caller);
        Ok(())
    }

    /// Moves an entry, replacing a file or an empty directory.
    pub(crate) fn rename(
        &mut self,
        from: &str,
        to: &str,
        caller: Caller,
    ) -> Result<(), StoreError> {
        // In the kernel's order, so that the first of several reasons is the one that is told.
        let source = walk_to_entry(&self.root, from, caller)?;
        let target = walk_to_entry(&self.root, to, caller)?;
        if [&source, &target].iter().any(|place| place.ends_in_dots || place.path.is_empty()) {
            return Err(busy());
        }
        let node = source.existing()?;
        if target.must_be_directory && !node.is_directory() {
            return Err(StoreError::NotADirectory);
        }
        if source.path == target.path {
            return Ok(());
        }
        if target.path.starts_with(&source.path) {
            return Err(StoreError::Invalid);
        }
        if source.path.starts_with(&target.path) {
            return Err(StoreError::NotEmpty);
        }
        removable(&source, caller)?;
        if let Some(old) = target.node {
            caller.may_take(old, target.parent)?;
            match (node.is_directory(), old.as_directory()) {
                (false, Some(_)) => return Err(StoreError::IsADirectory),
                (true, None) => return Err(StoreError::NotADirectory),
                (true, Some(directory)) if !directory.is_empty() => {
                    return Err(StoreError::NotEmpty);
                }
                (true, Some(_)) | (false, None) => {}
            }
            if holds_mount(&target.path) {
                return Err(busy());
            }
        } else {
            caller.may_change_entries(target.parent)?;
        }
        // A directory's own `..` changes when it moves elsewhere.
        if node.is_directory() && !Arc::ptr_eq(source.parent, target.parent) {
            caller.may(Right::Write, node)?;
        }
        if target.path.len() + node.height() > MAX_DEPTH {
            return Err(StoreError::NameTooLong);
        }
        if Medium::of(&source.path) != Medium::of(&target.path) {
            let freed = target.node.map_or(0, |old| old.weight());
            self.check_room(&target.path, freed, node.weight())?;
        }
        let (source, target) = (source.path, target.path);
        if let Some(node) = self.take(&source) {
            // It fits: the room it needs is there, or was its own a moment ago.
            self.replace(&target, node);
        }
        self.touch_parent(&source, caller);
        self.touch_parent(&target, caller);
        Ok(())
    }

    fn touch_parent(&mut self, path: &[Arc<str>], caller: Caller) {
        self.alter(&path[..path.len() - 1], 0, |directory| {
            directory.stamp.modified = caller.now;
        });
    }
}

/// The entry at a place, if the caller may take it out of its directory.
fn removable<'t>(place: &Place<'t>, caller: Caller) -> Result<&'t Arc<Node>, StoreError> {
    let node = place.existing()?;
    if place.ends_in_dots {
        return Err(StoreError::Invalid);
    }
    if holds_mount(&place.path) {
        return Err(busy());
    }
    caller.may_take(node, place.parent)?;
    Ok(node)
}

/// Whether `rm -r` by the caller would leave nothing behind.
fn emptiable(node: &Arc<Node>, caller: Caller) -> Result<(), StoreError> {
    let mut left = vec![node];
    while let Some(node) = left.pop() {
        let Some(directory) = node.as_directory() else { continue };
        if !directory.is_empty() {
            caller.may(Right::Read, node)?;
        }
        for (_, entry) in directory.iter() {
            caller.may_take(entry, node)?;
            left.push(entry);
        }
    }
    Ok(())
}

/// `EBUSY`: the root, a mount point, or a directory that holds one.
fn busy() -> StoreError {
    StoreError::Other("device or resource busy".to_owned())
}
