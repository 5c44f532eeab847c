//! A tree of files, which a snapshot copies.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::processes::Process;

/// Everything that a sandbox has in its file system, and the commands that it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disk(BTreeMap<String, Node>, Vec<Process>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) mtime: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File(Bytes),
    Link(String),
}

/// Where memory is mounted: what is below is lost when a sandbox is stopped.
const MEMORY: [&str; 2] = ["/dev/shm", "/run"];

/// What every system begins with.
const BEGIN: [&str; 9] =
    ["/", "/tmp", "/workspace", "/home", "/home/user", "/dev", "/dev/shm", "/run", "/etc"];

/// A path without doubled slashes, dots, or a slash at its end.
pub(super) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The directory that a path is in.
pub(super) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or("")
}

impl Disk {
    pub(crate) fn new(now: u64) -> Self {
        let mut disk = Self(BTreeMap::new(), Vec::new());
        for path in BEGIN {
            disk.put(path, Kind::Directory, 0o755, now);
        }
        disk.put("/etc/hostname", Kind::File(Bytes::from_static(b"sandbox\n")), 0o644, now);
        disk
    }

    pub(super) fn put(&mut self, path: &str, kind: Kind, mode: u32, now: u64) {
        self.0.insert(path.to_owned(), Node { kind, mode, mtime: now / 1000 });
    }

    /// What is at a path, the link itself if it is one.
    pub(super) fn at(&self, path: &str) -> Option<&Node> {
        self.0.get(&normal(path))
    }

    pub(super) fn at_mut(&mut self, path: &str) -> Option<&mut Node> {
        self.0.get_mut(&normal(path))
    }

    /// Where a path leads, through links.
    pub(super) fn follow(&self, path: &str) -> String {
        let mut path = normal(path);
        for _ in 0..8 {
            match self.0.get(&path).map(|node| &node.kind) {
                Some(Kind::Link(target)) if target.starts_with('/') => path = normal(target),
                Some(Kind::Link(target)) => path = normal(&format!("{}/{target}", parent(&path))),
                _ => break,
            }
        }
        path
    }

    pub(super) fn is_dir(&self, path: &str) -> bool {
        self.at(&self.follow(path)).is_some_and(|node| node.kind == Kind::Directory)
    }

    /// The contents of a file.
    pub(super) fn file(&self, path: &str) -> Option<&Bytes> {
        match &self.at(&self.follow(path))?.kind {
            Kind::File(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Makes the directories above a path.
    pub(super) fn make_parents(&mut self, path: &str, now: u64) {
        let above = parent(path).to_owned();
        if !self.0.contains_key(&above) {
            self.make_parents(&above, now);
            self.put(&above, Kind::Directory, 0o755, now);
        }
    }

    /// Writes a file, which keeps its mode.
    pub(super) fn write(&mut self, path: &str, bytes: Bytes, mode: Option<u32>, now: u64) {
        let path = self.follow(path);
        let old = self.at(&path).map(|node| node.mode);
        self.make_parents(&path, now);
        self.put(&path, Kind::File(bytes), mode.or(old).unwrap_or(0o644), now);
    }

    /// Removes a path and everything below it.
    pub(super) fn remove(&mut self, path: &str) {
        let path = normal(path);
        let below = format!("{path}/");
        self.0.retain(|known, _| *known != path && !known.starts_with(&below));
    }

    /// The paths below a directory, in order: a directory before what is in it.
    pub(super) fn below(&self, path: &str) -> Vec<(&str, &Node)> {
        let base = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let inside = |(known, _): &(&String, &Node)| known.starts_with(&base) && **known != base;
        self.0.iter().filter(inside).map(|(path, node)| (&**path, node)).collect()
    }

    /// The paths directly in a directory.
    pub(super) fn children(&self, path: &str) -> Vec<(&str, &Node)> {
        let mut below = self.below(path);
        below.retain(|(known, _)| parent(known) == path);
        below
    }

    /// Copies what is at a path, with everything below it, to another.
    pub(super) fn copy(&mut self, from: &str, to: &str) {
        let base = format!("{from}/");
        let taken: Vec<(String, Node)> = self
            .0
            .iter()
            .filter(|(path, _)| *path == from || path.starts_with(&base))
            .map(|(path, node)| (format!("{to}{}", &path[from.len()..]), node.clone()))
            .collect();
        self.0.extend(taken);
    }

    /// The commands that run.
    pub(super) fn processes_mut(&mut self) -> &mut Vec<Process> {
        &mut self.1
    }

    pub(super) fn take_processes(&mut self) -> Vec<Process> {
        std::mem::take(&mut self.1)
    }

    /// Loses what is in memory.
    pub(super) fn power_off(&mut self) {
        self.1.clear();
        self.0.retain(|path, _| !MEMORY.iter().any(|root| path.starts_with(&format!("{root}/"))));
    }

    /// Loses the directories that nothing is in.
    pub(super) fn prune(&mut self) {
        let paths: Vec<String> = self.0.keys().cloned().collect();
        let empty = |path: &str| !paths.iter().any(|other| parent(other) == path);
        self.0.retain(|path, node| {
            node.kind != Kind::Directory || BEGIN.contains(&&**path) || !empty(path)
        });
    }

    /// Loses what is on disk.
    pub(super) fn wipe(&mut self, now: u64) {
        let fresh = Self::new(now);
        self.0.retain(|path, _| MEMORY.iter().any(|root| path.starts_with(&format!("{root}/"))));
        for (path, node) in fresh.0 {
            self.0.entry(path).or_insert(node);
        }
    }
}
