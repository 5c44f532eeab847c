//! `move`.

use crate::{FileError, FileKind, FileReply, MovePath, Store, StoreError};

/// Gives what is at the source a new path; neither end is followed if it is a link.
///
/// `overwrite` replaces what rename(2) replaces, in the one call: a file or link by anything but a
/// directory, an empty directory by a directory. A directory with contents is refused and not
/// emptied first, so a failed move never loses anything.
pub(crate) fn move_path(store: &mut dyn Store, request: &MovePath) -> Result<FileReply, FileError> {
    let MovePath { source, destination, overwrite } = request;
    if matches!(source.name(), "/" | "..") {
        let rule = "must not be the root directory or end in '..'".to_owned();
        return Err(FileError::Invalid { field: "src_path".into(), rule });
    }
    let meta = store.lstat(source).map_err(FileError::at(source))?;
    let same = source.tidy() == destination.tidy();
    if meta.kind == FileKind::Directory && !same && destination.is_within(source) {
        return Err(into_itself());
    }
    match store.lstat(destination) {
        // FS-09
        Ok(_) if !overwrite => {
            return Err(FileError::Exists { path: destination.clone() });
        }
        Ok(_) | Err(StoreError::NotFound) => {}
        Err(error) => return Err(FileError::at(destination)(error)),
    }
    match store.rename(source, destination) {
        Ok(()) => Ok(FileReply::Done),
        // The same over a link or `..`, which only the store can tell.
        Err(StoreError::Invalid) => Err(into_itself()),
        Err(error) => Err(FileError::at(destination)(error)),
    }
}

fn into_itself() -> FileError {
    let rule = "must not be inside src_path".to_owned();
    FileError::Invalid { field: "dst_path".into(), rule }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{DirStore, a_store_with, path};

    fn op(source: &str, destination: &str, overwrite: bool) -> FileOp {
        let (source, destination) = (path(source), path(destination));
        FileOp::Move(MovePath { source, destination, overwrite })
    }

    fn a_project() -> DirStore {
        a_store_with(&[
            ("/x", "x"),
            ("/y", "y"),
            ("/dir/file", "f"),
            ("/full/other", "o"),
            ("/empty/", ""),
            ("/link", "-> dir"),
        ])
    }

    #[test]
    fn files_and_directories_get_a_new_path() {
        let mut store = a_project();
        assert_eq!(store.ask(op("/x", "/full/x2", false)), FileReply::Done);
        assert_eq!(store.ask(op("/dir/", "/dir2", false)), FileReply::Done);
        assert_eq!((store.text("/full/x2"), store.text("/dir2/file")), ("x".into(), "f".into()));
        assert!(!store.holds("/x") && !store.holds("/dir"));
    }

    #[test]
    fn a_link_is_moved_and_not_followed() {
        let mut store = a_project();
        store.ask(op("/link", "/dir/link", false));
        assert!(!store.holds("/link") && store.info("/dir/link").is_symlink);
        store.ask(op("/dir/link", "/y", true));
        assert!(store.info("/y").is_symlink && store.holds("/dir/file"));
    }

    #[test]
    fn a_taken_destination_is_refused_without_overwrite_even_a_dangling_link() {
        let mut store = a_project();
        store.symlink("nowhere", &path("/dangling")).expect("a link");
        for taken in ["/y", "/empty", "/full", "/dangling", "/x", "/"] {
            let error = store.refusal(op("/x", taken, false));
            assert_eq!(error, FileError::Exists { path: path(taken) });
        }
    }

    #[test]
    fn overwrite_replaces_a_file_and_an_empty_directory() {
        let mut store = a_project();
        store.ask(op("/x", "/y", true));
        store.ask(op("/dir", "/empty", true));
        assert_eq!((store.text("/y"), store.text("/empty/file")), ("x".into(), "f".into()));
    }

    #[test]
    fn overwrite_loses_no_directory_and_mixes_no_kinds() {
        let mut store = a_project();
        for (source, destination, text) in [
            ("/dir", "/full", "/full: directory not empty"),
            ("/x", "/empty", "/empty: is a directory"),
            ("/dir", "/x", "/x: not a directory"),
        ] {
            assert_eq!(store.refusal(op(source, destination, true)).to_string(), text);
        }
        assert!(store.holds("/full/other") && store.holds("/dir/file"));
    }

    #[test]
    fn onto_itself_with_overwrite_changes_nothing() {
        let mut store = a_project();
        store.ask(op("/dir", "//dir", true));
        assert!(store.holds("/dir/file"));
    }

    #[test]
    fn a_directory_does_not_go_into_itself_not_even_over_a_link() {
        let mut store = a_project();
        for inside in ["/dir/sub", "/link/sub"] {
            let error = store.refusal(op("/dir", inside, true));
            assert_eq!(error.to_string(), "dst_path: must not be inside src_path");
        }
        store.ask(op("/dir", "/dir/../beside", false));
        assert!(store.holds("/beside/file"));
    }

    #[test]
    fn the_root_is_not_moved() {
        for root in ["/", "/dir/.."] {
            let error = a_project().refusal(op(root, "/new", false));
            assert!(
                matches!(&error, FileError::Invalid { field, .. } if field == "src_path"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_missing_source_or_parent_is_not_found_and_named() {
        let mut store = a_project();
        for (source, destination, missing) in
            [("/nope", "/x", "/nope"), ("/x", "/nope/x", "/nope/x")]
        {
            let error = store.refusal(op(source, destination, false));
            assert_eq!(error, FileError::at(&path(missing))(StoreError::NotFound));
        }
    }
}
