//! `ls`: the paths in a directory, or all below it.

use super::describe::describe;
use crate::pattern::Patterns;
use crate::walk::{Unreadable, Walk};
use crate::{FileError, FileKind, FileReply, FsPath, Store, StoreError};

/// Lists `path` (FS-23): its entries, sorted by name, or the path alone where it is no directory.
///
/// A link to a directory is listed as that directory, as a client that asks for one expects. A link
/// in the listing is described itself and not entered (FS-26).
pub(crate) fn ls(
    store: &dyn Store,
    path: &FsPath,
    recursive: bool,
    exclude: &[String],
) -> Result<FileReply, FileError> {
    let exclude = Patterns::new("exclude", exclude)?;
    let meta = store.lstat(path).map_err(FileError::at(path))?;
    if meta.kind != FileKind::Directory && !leads_to_a_directory(store, path, meta.kind)? {
        return Ok(FileReply::Listing(vec![describe(store, path.tidy(), meta)]));
    }
    let depth = if recursive { usize::MAX } else { 1 };
    let mut walk = Walk::new(store, path, &exclude, Unreadable::Skip)?.up_to(depth);
    let mut listing = Vec::new();
    while let Some(entry) = walk.next(store)? {
        listing.push(describe(store, entry.path, entry.meta));
    }
    Ok(FileReply::Listing(listing))
}

fn leads_to_a_directory(
    store: &dyn Store,
    path: &FsPath,
    kind: FileKind,
) -> Result<bool, FileError> {
    if kind != FileKind::Symlink {
        return Ok(false);
    }
    match store.stat(path) {
        Ok(target) => Ok(target.kind == FileKind::Directory),
        // A dangling link is still there to be described.
        Err(StoreError::NotFound | StoreError::NotADirectory | StoreError::LinkLoop) => Ok(false),
        Err(error) => Err(FileError::at(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{DirStore, a_store_with, path};

    fn op(at: &str, recursive: bool, exclude: &[&str]) -> FileOp {
        let exclude = exclude.iter().map(ToString::to_string).collect();
        FileOp::Ls { path: path(at), recursive, exclude }
    }

    fn listed(store: &mut DirStore, op: FileOp) -> Vec<String> {
        match store.ask(op) {
            FileReply::Listing(items) => items.into_iter().map(|item| item.path.into()).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn a_project() -> DirStore {
        a_store_with(&[
            ("/p/b.rs", "b"),
            ("/p/a/x.rs", "x"),
            ("/p/a/node_modules/dep/y.rs", "y"),
            ("/p/a.rs", "a"),
            ("/p/link", "-> a"),
        ])
    }

    #[test]
    fn a_directory_lists_its_entries_by_absolute_path_in_order() {
        let paths = listed(&mut a_project(), op("/p/", false, &[]));
        assert_eq!(paths, ["/p/a", "/p/a.rs", "/p/b.rs", "/p/link"]);
    }

    #[test]
    fn a_recursive_listing_is_depth_first_and_enters_no_link() {
        let paths = listed(&mut a_project(), op("/p", true, &["dep"]));
        let expected = ["/p/a", "/p/a/node_modules", "/p/a/x.rs", "/p/a.rs", "/p/b.rs", "/p/link"];
        assert_eq!(paths, expected);
    }

    #[test]
    fn an_excluded_name_is_left_out_at_any_depth_with_all_below_it() {
        let paths = listed(&mut a_project(), op("/p", true, &["node_modules", "*.rs"]));
        assert_eq!(paths, ["/p/a", "/p/link"]);
    }

    #[test]
    fn exclusion_is_not_for_the_components_of_the_path_itself() {
        assert_eq!(listed(&mut a_project(), op("/p/a/node_modules", false, &["p", "a"])).len(), 1);
    }

    #[test]
    fn a_file_lists_itself() {
        let mut store = a_project();
        assert_eq!(listed(&mut store, op("/p/b.rs", true, &[])), ["/p/b.rs"]);
    }

    #[test]
    fn a_link_to_a_directory_lists_it_and_any_other_link_lists_itself() {
        let mut store = a_project();
        let paths = listed(&mut store, op("/p/link", false, &[]));
        assert_eq!(paths, ["/p/link/node_modules", "/p/link/x.rs"]);
        store.symlink("nowhere", &path("/dangling")).expect("a link");
        assert_eq!(listed(&mut store, op("/dangling", false, &[])), ["/dangling"]);
    }

    #[test]
    fn a_missing_path_is_not_found() {
        let error = a_project().refusal(op("/nope", false, &[]));
        assert_eq!(error, FileError::at(&path("/nope"))(StoreError::NotFound));
    }

    #[test]
    fn a_directory_that_may_not_be_read_is_refused_as_the_base_and_skipped_below_it() {
        let mut store = a_project();
        store.refuse("/p/a", StoreError::Denied);
        let error = store.refusal(op("/p/a", false, &[]));
        assert_eq!(error, FileError::at(&path("/p/a"))(StoreError::Denied));
        let paths = listed(&mut store, op("/p", true, &[]));
        assert_eq!(paths, ["/p/a", "/p/a.rs", "/p/b.rs", "/p/link"]);
    }
}
