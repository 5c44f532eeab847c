//! Looking.

use std::sync::Arc;

use leap0_files::StoreError;

use super::Tree;
use super::access::{Caller, Right};
use super::node::{Body, Device, Directory, Node};
use super::walk::{Links, walk};

/// What reading a path gives.
pub(crate) enum Contents<'t> {
    Data(&'t Arc<Vec<u8>>),
    Device(Device),
}

impl Contents<'_> {
    /// Whether these are exactly `bytes`.
    pub(crate) fn is(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Data(data) => data.as_slice() == bytes,
            Self::Device(_) => false,
        }
    }
}

impl Tree {
    /// What `path` names.
    pub(crate) fn find(
        &self,
        path: &str,
        links: Links,
        caller: Caller,
    ) -> Result<&Node, StoreError> {
        Ok(walk(&self.root, path, links, caller)?.existing()?)
    }

    /// The target of a symbolic link.
    pub(crate) fn read_link(&self, path: &str, caller: Caller) -> Result<&Arc<str>, StoreError> {
        match &self.find(path, Links::Keep, caller)?.body {
            Body::Link(target) => Ok(target),
            Body::File(_) | Body::Directory(_) | Body::Device(_) => Err(StoreError::Invalid),
        }
    }

    /// A directory that the caller may list.
    pub(crate) fn list(&self, path: &str, caller: Caller) -> Result<&Directory, StoreError> {
        let node = self.find(path, Links::Follow, caller)?;
        let directory = node.as_directory().ok_or(StoreError::NotADirectory)?;
        caller.may(Right::Read, node)?;
        Ok(directory)
    }

    /// The contents of a file that the caller may read.
    pub(crate) fn read(&self, path: &str, caller: Caller) -> Result<Contents<'_>, StoreError> {
        let node = self.find(path, Links::Follow, caller)?;
        let contents = match &node.body {
            Body::File(data) => Contents::Data(data),
            Body::Device(device) => Contents::Device(*device),
            Body::Directory(_) => return Err(StoreError::IsADirectory),
            // A walk that follows never ends at a link.
            Body::Link(_) => return Err(StoreError::LinkLoop),
        };
        caller.may(Right::Read, node)?;
        Ok(contents)
    }

    /// The path of what `path` names, without links, `.` or `..`.
    pub(crate) fn real_path(
        &self,
        path: &str,
        links: Links,
        caller: Caller,
    ) -> Result<String, StoreError> {
        let place = walk(&self.root, path, links, caller)?;
        place.existing()?;
        Ok(format!("/{}", place.path.join("/")))
    }

    /// Whether the caller may read, write or execute what `path` names, as `access(2)` tells it.
    pub(crate) fn access(&self, path: &str, right: Right, caller: Caller) -> bool {
        self.find(path, Links::Follow, caller).is_ok_and(|node| {
            // Root executes only what somebody may execute.
            let executable = node.is_directory() || node.stamp.mode & 0o111 != 0;
            let lacking = matches!(right, Right::Execute) && !executable;
            caller.may(right, node).is_ok() && !lacking
        })
    }

    /// The real names from the root to the directory that `path` names; the caller may enter it.
    pub(crate) fn enter(&self, path: &str, caller: Caller) -> Result<String, StoreError> {
        let place = walk(&self.root, path, Links::Follow, caller)?;
        let node = place.existing()?;
        if !node.is_directory() {
            return Err(StoreError::NotADirectory);
        }
        caller.may(Right::Execute, node)?;
        Ok(format!("/{}", place.path.join("/")))
    }
}
