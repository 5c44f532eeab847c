//! `mkdir`, and the parents that other operations create on the way.

use super::permissions::check_mode;
use crate::{FileError, FileKind, FileReply, FsPath, Mkdir, Store, StoreError};

/// Permission bits of a directory that is created because something below it is (FS-06).
const PARENT_MODE: u32 = 0o755;

/// Creates a directory (FS-02).
pub(crate) fn mkdir(store: &mut dyn Store, request: &Mkdir) -> Result<FileReply, FileError> {
    let Mkdir { path, recursive, mode } = request;
    check_mode("permissions", *mode)?;
    if *recursive {
        create_parents(store, path)?;
    }
    match store.mkdir(path, *mode) {
        Ok(()) => Ok(FileReply::Done),
        // FS-02: an existing directory satisfies a recursive mkdir, an existing file never does.
        Err(StoreError::AlreadyExists) if *recursive && is_directory(store, path) => {
            Ok(FileReply::Done)
        }
        Err(StoreError::AlreadyExists) => Err(FileError::Exists { path: path.clone() }),
        Err(error) => Err(FileError::at(path)(error)),
    }
}

/// Creates the directories missing above `path`, with `0755`.
pub(super) fn create_parents(store: &mut dyn Store, path: &FsPath) -> Result<(), FileError> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    if is_directory(store, &parent) {
        return Ok(());
    }
    // From the root down and not from the first missing one: behind a `..`, what a path names
    // depends on what is created before it.
    let mut ancestor = FsPath::root();
    for component in parent.components() {
        ancestor = ancestor.join(component);
        match store.stat(&ancestor) {
            Ok(meta) if meta.kind == FileKind::Directory => {}
            Ok(_) => return Err(FileError::at(&ancestor)(StoreError::NotADirectory)),
            Err(StoreError::NotFound) => {
                store.mkdir(&ancestor, PARENT_MODE).map_err(FileError::at(&ancestor))?;
            }
            Err(error) => return Err(FileError::at(&ancestor)(error)),
        }
    }
    Ok(())
}

fn is_directory(store: &dyn Store, path: &FsPath) -> bool {
    store.stat(path).is_ok_and(|meta| meta.kind == FileKind::Directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{a_store_with, path};

    fn op(at: &str, recursive: bool, mode: u32) -> FileOp {
        FileOp::Mkdir(Mkdir { path: path(at), recursive, mode })
    }

    #[test]
    fn a_new_directory_has_the_mode_asked_for() {
        let mut store = a_store_with(&[]);
        assert_eq!(store.ask(op("/tmp", false, 0o1777)), FileReply::Done);
        assert_eq!(store.info("/tmp").mode, "1777");
    }

    #[test]
    fn a_missing_parent_is_not_found_unless_recursive() {
        let mut store = a_store_with(&[]);
        let error = store.refusal(op("/a/b", false, 0o755));
        assert_eq!(error, FileError::at(&path("/a/b"))(StoreError::NotFound));
    }

    #[test]
    fn recursive_creates_parents_with_755() {
        let mut store = a_store_with(&[]);
        store.ask(op("/a/b/c", true, 0o700));
        assert_eq!((store.info("/a").mode, store.info("/a/b").mode), ("755".into(), "755".into()));
        assert_eq!(store.info("/a/b/c").mode, "700");
    }

    #[test]
    fn an_existing_directory_is_taken_unless_recursive() {
        let mut store = a_store_with(&[("/dir/", "")]);
        for existing in ["/dir", "/"] {
            let error = store.refusal(op(existing, false, 0o755));
            assert_eq!(error, FileError::Exists { path: path(existing) });
            assert_eq!(store.ask(op(existing, true, 0o700)), FileReply::Done);
        }
        assert_eq!(store.info("/dir").mode, "755");
    }

    #[test]
    fn an_existing_file_is_taken_always() {
        let mut store = a_store_with(&[("/file", "")]);
        for recursive in [false, true] {
            let error = store.refusal(op("/file", recursive, 0o755));
            assert_eq!(error, FileError::Exists { path: path("/file") });
        }
    }

    #[test]
    fn a_file_among_the_parents_is_named() {
        let error = a_store_with(&[("/file", "")]).refusal(op("/file/a/b", true, 0o755));
        assert_eq!(error.to_string(), "/file: not a directory");
    }

    #[test]
    fn dots_among_missing_parents_are_followed_as_they_come_to_be() {
        let mut store = a_store_with(&[]);
        store.ask(op("/a/../b//./c", true, 0o755));
        assert!(store.holds("/a") && store.holds("/b/c"));
    }

    #[test]
    fn a_mode_beyond_the_permission_bits_is_refused() {
        let error = a_store_with(&[]).refusal(op("/a", false, 0o10000));
        assert_eq!(error.to_string(), "permissions: must be at most octal 7777");
    }
}
