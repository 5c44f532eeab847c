//! Following a path to what it names.

use std::sync::Arc;

use leap0_files::StoreError;

use super::access::{Caller, Right};
use super::node::{Body, Node};

/// Most symbolic links followed in one walk; Linux's `MAXSYMLINKS`.
const MAX_LINKS: usize = 40;
/// Longest name of one entry, in bytes; Linux's `NAME_MAX`.
const MAX_NAME_BYTES: usize = 255;

/// Whether a symbolic link in the last component is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    Follow,
    Keep,
}

/// Where a walk ended.
#[derive(Debug)]
pub(super) struct Place<'t> {
    /// The names from the root to here, without links, `.` or `..`; empty for the root.
    pub(super) path: Vec<Arc<str>>,
    /// What is there. Only the last name may be missing.
    pub(super) node: Option<&'t Arc<Node>>,
    /// The directory that holds the last name; the root for the root itself.
    pub(super) parent: &'t Arc<Node>,
    /// The path ended in a slash, so only a directory will do.
    pub(super) must_be_directory: bool,
    /// The path ended in `.` or `..`, which can't be removed or renamed.
    pub(super) ends_in_dots: bool,
}

impl<'t> Place<'t> {
    /// What is there, or `ENOENT`; `ENOTDIR` for `file/`.
    pub(super) fn existing(&self) -> Result<&'t Arc<Node>, StoreError> {
        let node = self.node.ok_or(StoreError::NotFound)?;
        if self.must_be_directory && !node.is_directory() {
            return Err(StoreError::NotADirectory);
        }
        Ok(node)
    }
}

/// Walks `path` from `root` on behalf of `caller`, who needs the right to search every directory
/// on the way. `..` goes to the directory that holds the present one, wherever links led.
pub(super) fn walk<'t>(
    root: &'t Arc<Node>,
    path: &str,
    links: Links,
    caller: Caller,
) -> Result<Place<'t>, StoreError> {
    let must_be_directory = path.ends_with('/');
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let mut trail = vec![root];
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut ahead: Vec<Arc<str>> = Vec::new();
    push_parts(&mut ahead, path);
    let mut followed = 0;
    while let Some(name) = ahead.pop() {
        let here = *trail.last().expect("the root is never left");
        let Some(directory) = here.as_directory() else { return Err(StoreError::NotADirectory) };
        caller.may(Right::Execute, here)?;
        match &*name {
            "." => continue,
            ".." => {
                // The root's parent is the root.
                if trail.len() > 1 {
                    trail.pop();
                    names.pop();
                }
                continue;
            }
            long if long.len() > MAX_NAME_BYTES => return Err(StoreError::NameTooLong),
            _ => {}
        }
        let Some(node) = directory.get(&name) else {
            names.push(name);
            if !ahead.is_empty() {
                return Err(StoreError::NotFound);
            }
            let ends_in_dots = false;
            return Ok(Place {
                path: names,
                node: None,
                parent: here,
                must_be_directory,
                ends_in_dots,
            });
        };
        match &node.body {
            Body::Link(target)
                if links == Links::Follow || must_be_directory || !ahead.is_empty() =>
            {
                followed += 1;
                if followed > MAX_LINKS {
                    return Err(StoreError::LinkLoop);
                }
                if target.is_empty() {
                    return Err(StoreError::NotFound);
                }
                if target.starts_with('/') {
                    trail.truncate(1);
                    names.clear();
                }
                if target.ends_with('/') {
                    // Only a directory will do, wherever the link stands in the path.
                    ahead.push(".".into());
                }
                push_parts(&mut ahead, target);
            }
            Body::Link(_) | Body::File(_) | Body::Directory(_) | Body::Device(_) => {
                trail.push(node);
                names.push(name);
            }
        }
    }
    let node = *trail.last().expect("the root is never left");
    let parent = if trail.len() > 1 { trail[trail.len() - 2] } else { root };
    let ends_in_dots = matches!(last, "." | "..");
    Ok(Place { path: names, node: Some(node), parent, must_be_directory, ends_in_dots })
}

/// Walks to the entry itself, as removing and renaming do: even `link/` is not followed.
pub(super) fn walk_to_entry<'t>(
    root: &'t Arc<Node>,
    path: &str,
    caller: Caller,
) -> Result<Place<'t>, StoreError> {
    let mut place = walk(root, path.trim_end_matches('/'), Links::Keep, caller)?;
    place.must_be_directory = path.ends_with('/');
    Ok(place)
}

/// Puts the parts of `path` on the stack so that the first is on top.
fn push_parts(ahead: &mut Vec<Arc<str>>, path: &str) {
    ahead.extend(path.split('/').filter(|part| !part.is_empty()).rev().map(Arc::from));
}
