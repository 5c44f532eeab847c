//! `tree`: names below a directory.

use crate::pattern::Patterns;
use crate::walk::{Unreadable, Walk};
use crate::{FileError, FileKind, FileReply, FsPath, Store, TreeEntry, TreeKind};

/// Lists what is below `path`, down to `max_depth` levels (FS-25).
pub(crate) fn tree(
    store: &dyn Store,
    path: &FsPath,
    exclude: &[String],
    max_depth: Option<u32>,
) -> Result<FileReply, FileError> {
    if max_depth == Some(0) {
        let rule = "must be at least 1".to_owned();
        return Err(FileError::Invalid { field: "max_depth".into(), rule });
    }
    let exclude = Patterns::new("exclude", exclude)?;
    let levels = max_depth.and_then(|depth| usize::try_from(depth).ok()).unwrap_or(usize::MAX);
    let mut walk = Walk::new(store, path, &exclude, Unreadable::Skip)?.up_to(levels);
    let mut entries = Vec::new();
    while let Some(entry) = walk.next(store)? {
        entries.push(TreeEntry {
            depth: u32::try_from(entry.depth).unwrap_or(u32::MAX),
            name: entry.path.name().to_owned(),
            kind: match entry.meta.kind {
                FileKind::Directory => TreeKind::Directory,
                FileKind::File | FileKind::Symlink | FileKind::Special => TreeKind::File,
            },
            listed: entry.listed,
        });
    }
    Ok(FileReply::Tree(entries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreError;
    use crate::testing::{DirStore, a_store_with, path};

    fn op(at: &str, exclude: &[&str], max_depth: Option<u32>) -> crate::FileOp {
        let exclude = exclude.iter().map(ToString::to_string).collect();
        crate::FileOp::Tree { path: path(at), exclude, max_depth }
    }

    fn drawn(store: &mut DirStore, op: crate::FileOp) -> String {
        let FileReply::Tree(entries) = store.ask(op) else { panic!("not a tree") };
        let line = |entry: &TreeEntry| {
            let mark = match (entry.kind, entry.listed) {
                (TreeKind::File, _) => "",
                (TreeKind::Directory, true) => "/",
                (TreeKind::Directory, false) => "/...",
            };
            format!("{}{}{mark}", " ".repeat(entry.depth as usize - 1), entry.name)
        };
        entries.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn a_project() -> DirStore {
        a_store_with(&[
            ("/p/z", ""),
            ("/p/a/deep/file", ""),
            ("/p/a/b", ""),
            ("/p/empty/", ""),
            ("/p/link", "-> a"),
        ])
    }

    #[test]
    fn a_tree_is_sorted_by_name_and_a_link_is_a_file() {
        let tree = drawn(&mut a_project(), op("/p", &[], None));
        assert_eq!(tree, "a/\n b\n deep/\n  file\nempty/\nlink\nz");
    }

    #[test]
    fn a_depth_of_one_is_the_direct_children_and_theirs_are_unknown() {
        let tree = drawn(&mut a_project(), op("/p", &[], Some(1)));
        assert_eq!(tree, "a/...\nempty/...\nlink\nz");
        let tree = drawn(&mut a_project(), op("/p", &[], Some(2)));
        assert_eq!(tree, "a/\n b\n deep/...\nempty/\nlink\nz");
    }

    #[test]
    fn a_depth_of_zero_is_refused() {
        let error = a_project().refusal(op("/p", &[], Some(0)));
        assert_eq!(error.to_string(), "max_depth: must be at least 1");
    }

    #[test]
    fn what_is_excluded_is_not_in_the_tree() {
        assert_eq!(drawn(&mut a_project(), op("/p", &["a", "l*"], None)), "empty/\nz");
    }

    #[test]
    fn a_directory_that_may_not_be_read_has_unknown_children() {
        let mut store = a_project();
        store.refuse("/p/a", StoreError::Denied);
        assert_eq!(drawn(&mut store, op("/p", &[], None)), "a/...\nempty/\nlink\nz");
    }

    #[test]
    fn a_missing_base_is_not_found_and_a_file_is_no_base() {
        let error = a_project().refusal(op("/nope", &[], None));
        assert_eq!(error, FileError::at(&path("/nope"))(StoreError::NotFound));
        let error = a_project().refusal(op("/p/z", &[], None));
        assert_eq!(error.to_string(), "/p/z: not a directory");
    }
}
