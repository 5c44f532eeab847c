//! `delete`.

use crate::{FileError, FileKind, FileReply, FsPath, Store, StoreError};

/// Deletes a path, without following it.
pub(crate) fn delete(
    store: &mut dyn Store,
    path: &FsPath,
    recursive: bool,
) -> Result<FileReply, FileError> {
    // Tidied, because `/link/` would lead a recursive delete to what the link points at.
    let path = &path.tidy();
    // What a final `..` names is somebody's parent, perhaps the root; rm(1) refuses it as well.
    if matches!(path.name(), "/" | "..") {
        let rule = "must not be the root directory or end in '..'".to_owned();
        return Err(FileError::Invalid { field: "path".into(), rule });
    }
    let meta = store.lstat(path).map_err(FileError::at(path))?;
    let answer = match meta.kind {
        FileKind::Directory if recursive => store.remove_tree(path),
        FileKind::Directory => store.remove_dir(path),
        FileKind::File | FileKind::Symlink | FileKind::Special => store.remove_file(path),
    };
    match answer {
        Ok(()) => Ok(FileReply::Done),
        // FS-08
        Err(StoreError::NotEmpty) if !recursive => Err(FileError::NeedsRecursive {
            path: path.clone(),
            rule: "directory not empty; set recursive to delete it with all below it".into(),
        }),
        Err(error) => Err(FileError::at(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{a_store_with, path};

    fn op(at: &str, recursive: bool) -> FileOp {
        FileOp::Delete { path: path(at), recursive }
    }

    #[test]
    fn a_file_and_an_empty_directory_need_no_recursive() {
        let mut store = a_store_with(&[("/file", ""), ("/dir/", "")]);
        for gone in ["/file", "/dir"] {
            assert_eq!(store.ask(op(gone, false)), FileReply::Done);
            assert!(!store.holds(gone));
        }
    }

    #[test]
    fn a_directory_with_contents_needs_recursive() {
        let mut store = a_store_with(&[("/dir/deep/file", "")]);
        let error = store.refusal(op("/dir", false));
        assert!(matches!(error, FileError::NeedsRecursive { .. }), "{error:?}");
        assert!(error.to_string().contains("set recursive"), "{error}");
        assert!(store.holds("/dir/deep/file"));
        store.ask(op("/dir", true));
        assert!(!store.holds("/dir"));
    }

    #[test]
    fn a_link_is_deleted_and_not_followed() {
        let mut store = a_store_with(&[("/dir/file", ""), ("/link", "-> dir"), ("/2", "-> dir")]);
        store.ask(op("/link", true));
        store.ask(op("/2/", true));
        assert!(!store.holds("/link") && !store.holds("/2") && store.holds("/dir/file"));
    }

    #[test]
    fn the_root_is_never_deleted() {
        let mut store = a_store_with(&[("/dir/", "")]);
        for root in ["/", "//", "/.", "/dir/..", "/dir/../."] {
            let error = store.refusal(op(root, true));
            assert!(
                matches!(&error, FileError::Invalid { field, .. } if field == "path"),
                "{error:?}"
            );
        }
        assert!(store.holds("/dir"));
    }

    #[test]
    fn a_missing_path_is_not_found() {
        let error = a_store_with(&[]).refusal(op("/nope", true));
        assert_eq!(error, FileError::at(&path("/nope"))(StoreError::NotFound));
    }
}
