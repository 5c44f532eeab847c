//! The tree as the filesystem API sees it.

use leap0_files::{FileKind, FsPath, Meta, Store, StoreError};

use crate::tree::{Body, Caller, Contents, Group, Links, Node, Tree, User};

/// A tree that acts for one user.
#[derive(Debug)]
pub(crate) struct View<'t> {
    pub(crate) tree: &'t mut Tree,
    pub(crate) caller: Caller,
}

impl Store for View<'_> {
    fn stat(&self, path: &FsPath) -> Result<Meta, StoreError> {
        self.tree.find(path.as_str(), Links::Follow, self.caller).map(describe)
    }

    fn lstat(&self, path: &FsPath) -> Result<Meta, StoreError> {
        self.tree.find(path.as_str(), Links::Keep, self.caller).map(describe)
    }

    fn read_link(&self, path: &FsPath) -> Result<String, StoreError> {
        self.tree.read_link(path.as_str(), self.caller).map(ToString::to_string)
    }

    fn read_dir(&self, path: &FsPath) -> Result<Vec<String>, StoreError> {
        let directory = self.tree.list(path.as_str(), self.caller)?;
        Ok(directory.iter().map(|(name, _)| name.to_string()).collect())
    }

    fn read(&self, path: &FsPath, offset: u64, limit: Option<u64>) -> Result<Vec<u8>, StoreError> {
        let data = match self.tree.read(path.as_str(), self.caller)? {
            Contents::Data(data) => data,
            // The operations leave devices alone; whoever asks gets what `/dev/null` gives.
            Contents::Device(_) => return Ok(Vec::new()),
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let end = start.saturating_add(limit).min(data.len());
        Ok(data[start..end].to_vec())
    }

    fn write(&mut self, path: &FsPath, data: &[u8], mode: Option<u32>) -> Result<(), StoreError> {
        self.tree.write(path.as_str(), data.to_vec(), mode, self.caller)
    }

    fn mkdir(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError> {
        self.tree.make_directory(path.as_str(), mode, self.caller)
    }

    fn remove_file(&mut self, path: &FsPath) -> Result<(), StoreError> {
        self.tree.remove_file(path.as_str(), self.caller)
    }

    fn remove_dir(&mut self, path: &FsPath) -> Result<(), StoreError> {
        self.tree.remove_directory(path.as_str(), self.caller)
    }

    fn remove_tree(&mut self, path: &FsPath) -> Result<(), StoreError> {
        self.tree.remove_tree(path.as_str(), self.caller)
    }

    fn rename(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError> {
        self.tree.rename(from.as_str(), to.as_str(), self.caller)
    }

    fn symlink(&mut self, target: &str, link: &FsPath) -> Result<(), StoreError> {
        self.tree.make_link(target, link.as_str(), self.caller)
    }

    fn copy_file(&mut self, from: &FsPath, to: &FsPath) -> Result<(), StoreError> {
        self.tree.copy_file(from.as_str(), to.as_str(), self.caller)
    }

    fn chmod(&mut self, path: &FsPath, mode: u32) -> Result<(), StoreError> {
        self.tree.set_mode(path.as_str(), mode, self.caller)
    }

    fn chown(
        &mut self,
        path: &FsPath,
        owner: Option<&str>,
        group: Option<&str>,
    ) -> Result<(), StoreError> {
        let owner = owner.map(|text| User::parse(text).ok_or(StoreError::Invalid)).transpose()?;
        let group = group.map(|text| Group::parse(text).ok_or(StoreError::Invalid)).transpose()?;
        self.tree.set_owner(path.as_str(), owner, group, self.caller)
    }
}

fn describe(node: &Node) -> Meta {
    Meta {
        kind: match node.body {
            Body::File(_) => FileKind::File,
            Body::Directory(_) => FileKind::Directory,
            Body::Link(_) => FileKind::Symlink,
            Body::Device(_) => FileKind::Special,
        },
        size: node.size(),
        mode: node.stamp.mode,
        mtime: node.stamp.modified.as_secs(),
        owner: User(node.stamp.uid).name(),
        group: Group(node.stamp.gid).name(),
    }
}
