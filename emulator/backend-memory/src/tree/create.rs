//! Making and filling files, directories and links.

use std::sync::Arc;

use leap0_files::StoreError;

use super::Tree;
use super::access::{Caller, Right};
use super::node::{Body, Node};
use super::walk::{Links, Place, walk};

/// Permission bits of a new file whose maker names none.
const FILE_MODE: u32 = 0o644;
/// Longest target of a link, in bytes; Linux's `PATH_MAX` less its terminating NUL.
const MAX_TARGET_BYTES: usize = 4095;

impl Tree {
    /// Creates a file or replaces its contents. A new one gets `mode` or `0644`, an old one keeps
    /// its mode unless one is given.
    pub(crate) fn write(
        &mut self,
        path: &str,
        data: Vec<u8>,
        mode: Option<u32>,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let place = self.writable(path, caller)?;
        let Some(old) = place.node else {
            let node = Node::file(caller.stamp(mode.unwrap_or(FILE_MODE)), data);
            return self.create(&place.path, node, caller);
        };
        let mut stamp = old.stamp;
        if let Some(mode) = mode {
            if !caller.owns(old) {
                return Err(StoreError::Denied);
            }
            stamp.mode = mode & 0o7777;
        }
        if let Body::Device(device) = old.body {
            return device.write();
        }
        stamp.modified = caller.now;
        let path = place.path;
        self.put(&path, Node::file(stamp, data))
    }

    /// Creates a file with `mode`, or adds to the end of one.
    pub(crate) fn append(
        &mut self,
        path: &str,
        data: &[u8],
        mode: u32,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let place = self.writable(path, caller)?;
        let Some(old) = place.node else {
            let node = Node::file(caller.stamp(mode), data.to_vec());
            return self.create(&place.path, node, caller);
        };
        if let Body::Device(device) = old.body {
            return device.write();
        }
        let path = place.path;
        self.check_room(&path, 0, data.len() as u64)?;
        self.alter(&path, data.len() as u64, |node| {
            node.stamp.modified = caller.now;
            if let Body::File(contents) = &mut node.body {
                Arc::make_mut(contents).extend_from_slice(data);
            }
        });
        Ok(())
    }

    /// Creates an empty file where nothing is yet.
    pub(crate) fn make_file(
        &mut self,
        path: &str,
        mode: u32,
        caller: Caller,
    ) -> Result<(), StoreError> {
        self.make_node(path, Node::file(caller.stamp(mode), Vec::new()), caller)
    }

    /// Creates one directory.
    pub(crate) fn make_directory(
        &mut self,
        path: &str,
        mode: u32,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let place = walk(&self.root, path.trim_end_matches('/'), Links::Keep, caller)?;
        if place.node.is_some() {
            return Err(StoreError::AlreadyExists);
        }
        self.create(&place.path, Node::directory(caller.stamp(mode)), caller)
    }

    /// Creates a directory and the parents that are missing; one that exists is fine.
    pub(crate) fn make_directories(
        &mut self,
        path: &str,
        mode: u32,
        caller: Caller,
    ) -> Result<(), StoreError> {
        // All or nothing: a clone costs nothing.
        let mut next = self.clone();
        let ends = path.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| at);
        for end in ends.skip(1).chain([path.len()]) {
            let part = &path[..end];
            match next.find(part, Links::Follow, caller) {
                Ok(node) if node.is_directory() => {}
                Ok(_) if end == path.len() => return Err(StoreError::AlreadyExists),
                Ok(_) => return Err(StoreError::NotADirectory),
                Err(StoreError::NotFound) => next.make_directory(part, mode, caller)?,
                Err(error) => return Err(error),
            }
        }
        *self = next;
        Ok(())
    }

    /// Creates a symbolic link at `link` that holds `target` as written.
    pub(crate) fn make_link(
        &mut self,
        target: &str,
        link: &str,
        caller: Caller,
    ) -> Result<(), StoreError> {
        if target.is_empty() {
            return Err(StoreError::NotFound);
        }
        if target.len() > MAX_TARGET_BYTES {
            return Err(StoreError::NameTooLong);
        }
        let place = walk(&self.root, link, Links::Keep, caller)?;
        if place.node.is_some() {
            return Err(StoreError::AlreadyExists);
        }
        if place.must_be_directory {
            return Err(StoreError::NotFound);
        }
        self.create(&place.path, Node::link(caller.stamp(0o777), target), caller)
    }

    /// Puts a node of any kind where nothing is yet.
    pub(crate) fn make_node(
        &mut self,
        path: &str,
        node: Node,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let place = walk(&self.root, path, Links::Keep, caller)?;
        if place.node.is_some() {
            return Err(StoreError::AlreadyExists);
        }
        self.create(&place.path, node, caller)
    }

    /// Copies a file's contents, in O(1), and its mode. An existing target keeps its owner.
    pub(crate) fn copy_file(
        &mut self,
        from: &str,
        to: &str,
        caller: Caller,
    ) -> Result<(), StoreError> {
        let source = self.find(from, Links::Follow, caller)?;
        let Body::File(data) = &source.body else {
            return Err(match source.body {
                Body::Directory(_) => StoreError::IsADirectory,
                Body::File(_) | Body::Link(_) | Body::Device(_) => StoreError::Invalid,
            });
        };
        caller.may(Right::Read, source)?;
        let (mode, body) = (source.stamp.mode, Body::File(Arc::clone(data)));
        let place = self.writable(to, caller)?;
        let Some(old) = place.node else {
            return self.create(&place.path, Node::new(caller.stamp(mode), body), caller);
        };
        if std::ptr::eq(Arc::as_ptr(old), source) {
            return Err(StoreError::Invalid);
        }
        if let Body::Device(device) = old.body {
            return device.write();
        }
        let mut stamp = old.stamp;
        stamp.modified = caller.now;
        if caller.owns(old) {
            stamp.mode = mode;
        }
        let path = place.path;
        self.put(&path, Node::new(stamp, body))
    }

    /// Where a write to `path` goes: a file or device that the caller may write, or nothing yet.
    fn writable(&self, path: &str, caller: Caller) -> Result<Place<'_>, StoreError> {
        let place = walk(&self.root, path, Links::Follow, caller)?;
        match place.node {
            Some(node) if node.is_directory() => return Err(StoreError::IsADirectory),
            Some(_) if place.must_be_directory => return Err(StoreError::NotADirectory),
            Some(node) => caller.may(Right::Write, node)?,
            None if place.must_be_directory => return Err(StoreError::IsADirectory),
            None => {}
        }
        Ok(place)
    }

    /// Puts a new node at `path`, where nothing is yet, and marks its directory as changed.
    fn create(&mut self, path: &[Arc<str>], node: Node, caller: Caller) -> Result<(), StoreError> {
        let parent = &path[..path.len() - 1];
        let directory = self.at(parent).ok_or(StoreError::NotFound)?;
        caller.may_change_entries(directory)?;
        self.put(path, node)?;
        self.alter(parent, 0, |directory| directory.stamp.modified = caller.now);
        Ok(())
    }
}
