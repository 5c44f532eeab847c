//! Everything below a directory, depth first, one entry at a time.

use std::vec::IntoIter;

use crate::pattern::Patterns;
use crate::{FileError, FileKind, FsPath, Meta, Store, StoreError};

/// Most entries that one operation looks at, so that what it holds in memory is bounded.
pub const MAX_WALK_ENTRIES: usize = 1_000_000;

/// What to do about a path below the base that the user may not look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Go on without it, as `find` does: one `lost+found` must not spoil every listing.
    Skip,
    /// Give up: a result without it would be a wrong one.
    Refuse,
}

/// A walk in progress. It follows no link, so it ends; it keeps its own stack, so that a tree of
/// any depth can be walked. What vanishes during the walk is left out.
pub(crate) struct Walk<'a> {
    base: FsPath,
    exclude: &'a Patterns,
    unreadable: Unreadable,
    max_depth: usize,
    levels: Vec<Level>,
    entries: usize,
}

/// A directory with those of its names that are still to be visited, in order.
struct Level {
    directory: FsPath,
    names: IntoIter<String>,
}

/// Something found.
pub(crate) struct Entry {
    /// The base's path, tidied, and the components below it.
    pub(crate) path: FsPath,
    /// Levels below the base, from 1.
    pub(crate) depth: usize,
    /// What it is itself; a link is not followed.
    pub(crate) meta: Meta,
    /// Whether it is a directory whose entries come next.
    pub(crate) listed: bool,
}

impl<'a> Walk<'a> {
    /// Starts below the directory `base`; a link to one is followed.
    pub(crate) fn new(
        store: &dyn Store,
        base: &FsPath,
        exclude: &'a Patterns,
        unreadable: Unreadable,
    ) -> Result<Self, FileError> {
        let names = store.read_dir(base).map_err(FileError::at(base))?;
        let base = base.tidy();
        let levels = vec![Level::new(base.clone(), names)];
        Ok(Self { base, exclude, unreadable, max_depth: usize::MAX, levels, entries: 0 })
    }

    /// Looks at no more than `levels` levels below the base.
    pub(crate) fn up_to(mut self, levels: usize) -> Self {
        self.max_depth = levels;
        self
    }

    /// The base, tidied.
    pub(crate) fn base(&self) -> &FsPath {
        &self.base
    }

    /// The next entry; `None` at the end. Siblings come sorted by name.
    pub(crate) fn next(&mut self, store: &dyn Store) -> Result<Option<Entry>, FileError> {
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.names.next() else {
                self.levels.pop();
                continue;
            };
            let path = level.directory.join(&name);
            // FS-16: what is excluded is not even looked at, and so is all below it.
            if self.exclude.matches(&path, &self.base) {
                continue;
            }
            let Some(meta) = self.readable(&path, store.lstat(&path))? else {
                continue;
            };
            self.entries += 1;
            if self.entries > MAX_WALK_ENTRIES {
                let rule = format!("holds more than {MAX_WALK_ENTRIES} entries");
                return Err(FileError::Invalid { field: "path".into(), rule });
            }
            let depth = self.levels.len();
            let mut listed = false;
            if meta.kind == FileKind::Directory
                && depth < self.max_depth
                && let Some(names) = self.readable(&path, store.read_dir(&path))?
            {
                self.levels.push(Level::new(path.clone(), names));
                listed = true;
            }
            return Ok(Some(Entry { path, depth, meta, listed }));
        }
        Ok(None)
    }

    /// The answer, or `None` where the walk goes on without it.
    fn readable<T>(
        &self,
        path: &FsPath,
        answer: Result<T, StoreError>,
    ) -> Result<Option<T>, FileError> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::NotFound) => Ok(None),
            Err(StoreError::Denied) if self.unreadable == Unreadable::Skip => Ok(None),
            Err(error) => Err(FileError::at(path)(error)),
        }
    }
}

impl Level {
    fn new(directory: FsPath, mut names: Vec<String>) -> Self {
        names.sort_unstable();
        Self { directory, names: names.into_iter() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::path;

    /// A directory that holds a directory that holds a directory, so many levels down.
    struct Shaft {
        levels: usize,
    }

    impl Shaft {
        fn meta() -> Meta {
            let owner = String::new();
            let kind = FileKind::Directory;
            Meta { kind, size: 0, mode: 0o755, mtime: 0, owner: owner.clone(), group: owner }
        }
    }

    impl Store for Shaft {
        fn stat(&self, _: &FsPath) -> Result<Meta, StoreError> {
            Ok(Self::meta())
        }
        fn lstat(&self, _: &FsPath) -> Result<Meta, StoreError> {
            Ok(Self::meta())
        }
        fn read_dir(&self, path: &FsPath) -> Result<Vec<String>, StoreError> {
            let deeper = path.components().count() < self.levels;
            Ok(if deeper { vec!["d".to_owned()] } else { Vec::new() })
        }
        fn read_link(&self, _: &FsPath) -> Result<String, StoreError> {
            Err(StoreError::Denied)
        }
        fn read(&self, _: &FsPath, _: u64, _: Option<u64>) -> Result<Vec<u8>, StoreError> {
            Err(StoreError::Denied)
        }
        fn write(&mut self, _: &FsPath, _: &[u8], _: Option<u32>) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn mkdir(&mut self, _: &FsPath, _: u32) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn remove_file(&mut self, _: &FsPath) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn remove_dir(&mut self, _: &FsPath) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn remove_tree(&mut self, _: &FsPath) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn rename(&mut self, _: &FsPath, _: &FsPath) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn symlink(&mut self, _: &str, _: &FsPath) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn copy_file(&mut self, _: &FsPath, _: &FsPath) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn chmod(&mut self, _: &FsPath, _: u32) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
        fn chown(
            &mut self,
            _: &FsPath,
            _: Option<&str>,
            _: Option<&str>,
        ) -> Result<(), StoreError> {
            Err(StoreError::Denied)
        }
    }

    #[test]
    fn a_tree_as_deep_as_a_path_can_be_is_walked_to_its_end() {
        let store = Shaft { levels: 2047 };
        let nothing = Patterns::new("exclude", &[]).expect("none");
        let mut walk =
            Walk::new(&store, &path("/"), &nothing, Unreadable::Refuse).expect("a directory");
        let mut deepest = 0;
        while let Some(entry) = walk.next(&store).expect("all is readable") {
            deepest = entry.depth;
        }
        assert_eq!(deepest, 2047);
    }
}
