//! `copy`.

use crate::pattern::Patterns;
use crate::walk::{Entry, Unreadable, Walk};
use crate::{CopyPath, FileError, FileKind, FileReply, FsPath, Meta, Store, StoreError};

/// Permission bits that the owner needs on a directory while it is being filled.
const FILLABLE: u32 = 0o700;

/// Copies a file, or a directory with all below it.
///
/// `overwrite` lets a file replace a file and a directory be merged into a directory, as `cp -rT`
/// does: what the source does not have stays, as does the mode of a directory that was there. A
/// file never replaces a directory, nor the other way round.
pub(crate) fn copy(store: &mut dyn Store, request: &CopyPath) -> Result<FileReply, FileError> {
    let CopyPath { source, destination, recursive, overwrite } = request;
    let meta = store.stat(source).map_err(FileError::at(source))?;
    if meta.kind == FileKind::Directory && !recursive {
        // FS-10
        return Err(FileError::NeedsRecursive {
            path: source.clone(),
            rule: "is a directory; set recursive to copy it with all below it".into(),
        });
    }
    match store.lstat(destination) {
        Ok(_) if !overwrite => {
            return Err(FileError::Exists { path: destination.clone() });
        }
        Ok(_) | Err(StoreError::NotFound) => {}
        Err(error) => return Err(FileError::at(destination)(error)),
    }
    if source.tidy() == destination.tidy() {
        return Err(same_file());
    }
    if meta.kind == FileKind::Directory {
        if destination.is_within(source) {
            return Err(invalid_destination("must not be inside src_path"));
        }
        copy_directory(store, request, meta)?;
    } else {
        FileError::unless_file(meta.kind, source)?;
        copy_file(store, source, destination)?;
    }
    Ok(FileReply::Done)
}

fn copy_directory(store: &mut dyn Store, request: &CopyPath, meta: Meta) -> Result<(), FileError> {
    let (base, entries) = entries_below(store, &request.source)?;
    let mut read_only = Vec::new();
    let root = Entry { path: base.clone(), depth: 0, meta, listed: true };
    for entry in std::iter::once(root).chain(entries) {
        let below = entry.path.as_str().strip_prefix(base.as_str()).unwrap_or_default();
        let to = match below.trim_start_matches('/') {
            "" => request.destination.clone(),
            below => request.destination.join(below),
        };
        match entry.meta.kind {
            FileKind::Directory => {
                let mode = entry.meta.mode;
                let created = make_directory(store, &to, mode | FILLABLE, request.overwrite)?;
                if created && mode & FILLABLE != FILLABLE {
                    read_only.push((to, mode));
                }
            }
            FileKind::Symlink => copy_link(store, &entry.path, &to)?,
            FileKind::File => copy_file(store, &entry.path, &to)?,
            FileKind::Special => FileError::unless_file(entry.meta.kind, &entry.path)?,
        }
    }
    // The innermost first, while the way to it is still open.
    for (path, mode) in read_only.into_iter().rev() {
        store.chmod(&path, mode).map_err(FileError::at(&path))?;
    }
    Ok(())
}

/// All there is to copy, before the first byte is written: a copy that over some link ends up
/// inside its own source then still ends, and what can't be copied is refused in time.
fn entries_below(store: &dyn Store, source: &FsPath) -> Result<(FsPath, Vec<Entry>), FileError> {
    let nothing = Patterns::new("exclude", &[])?;
    let mut walk = Walk::new(store, source, &nothing, Unreadable::Refuse)?;
    let mut entries = Vec::new();
    while let Some(entry) = walk.next(store)? {
        if entry.meta.kind == FileKind::Special {
            FileError::unless_file(entry.meta.kind, &entry.path)?;
        }
        entries.push(entry);
    }
    Ok((walk.base().clone(), entries))
}

/// Whether the directory is new; one that is there is merged into.
fn make_directory(
    store: &mut dyn Store,
    path: &FsPath,
    mode: u32,
    overwrite: bool,
) -> Result<bool, FileError> {
    match store.mkdir(path, mode) {
        Ok(()) => Ok(true),
        Err(StoreError::AlreadyExists) if overwrite => match store.stat(path) {
            Ok(meta) if meta.kind == FileKind::Directory => Ok(false),
            Ok(_) => Err(FileError::at(path)(StoreError::NotADirectory)),
            Err(error) => Err(FileError::at(path)(error)),
        },
        Err(StoreError::AlreadyExists) => Err(FileError::Exists { path: path.clone() }),
        Err(error) => Err(FileError::at(path)(error)),
    }
}

fn copy_link(store: &mut dyn Store, from: &FsPath, to: &FsPath) -> Result<(), FileError> {
    let target = store.read_link(from).map_err(FileError::at(from))?;
    match store.lstat(to) {
        Ok(meta) if meta.kind == FileKind::Directory => {
            return Err(FileError::at(to)(StoreError::IsADirectory));
        }
        Ok(_) => store.remove_file(to).map_err(FileError::at(to))?,
        Err(StoreError::NotFound) => {}
        Err(error) => return Err(FileError::at(to)(error)),
    }
    store.symlink(&target, to).map_err(FileError::at(to))
}

fn copy_file(store: &mut dyn Store, from: &FsPath, to: &FsPath) -> Result<(), FileError> {
    match store.stat(to) {
        Ok(meta) => FileError::unless_file(meta.kind, to)?,
        Err(StoreError::NotFound) => {}
        Err(error) => return Err(FileError::at(to)(error)),
    }
    store.copy_file(from, to).map_err(|error| match error {
        StoreError::Invalid => same_file(),
        error => FileError::at(to)(error),
    })
}

fn same_file() -> FileError {
    invalid_destination("must not be the same file as src_path")
}

fn invalid_destination(rule: &str) -> FileError {
    FileError::Invalid { field: "dst_path".into(), rule: rule.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{DirStore, a_store_with, path};

    fn op(source: &str, destination: &str, overwrite: bool) -> FileOp {
        let (source, destination) = (path(source), path(destination));
        FileOp::Copy(CopyPath { source, destination, recursive: true, overwrite })
    }

    fn a_project() -> DirStore {
        a_store_with(&[
            ("/x", "x"),
            ("/dir/file", "f"),
            ("/dir/sub/deep", "d"),
            ("/dir/link", "-> file"),
            ("/dir/dangling", "-> nowhere"),
            ("/link", "-> dir"),
        ])
    }

    #[test]
    fn a_file_is_copied_with_its_mode() {
        let mut store = a_project();
        store.chmod(&path("/x"), 0o750).expect("mine");
        assert_eq!(store.ask(op("/x", "/copy", false)), FileReply::Done);
        assert_eq!((store.text("/copy"), store.info("/copy").mode), ("x".into(), "750".into()));
        assert!(store.holds("/x"));
    }

    #[test]
    fn a_directory_needs_recursive() {
        let mut store = a_project();
        let (source, destination) = (path("/dir"), path("/copy"));
        let request = CopyPath { source, destination, recursive: false, overwrite: false };
        let error = store.refusal(FileOp::Copy(request));
        assert!(matches!(error, FileError::NeedsRecursive { .. }), "{error:?}");
        assert!(!store.holds("/copy"));
    }

    #[test]
    fn a_directory_is_copied_with_all_below_it_and_links_stay_links() {
        let mut store = a_project();
        store.ask(op("/dir", "/copy", false));
        assert_eq!(
            (store.text("/copy/file"), store.text("/copy/sub/deep")),
            ("f".into(), "d".into())
        );
        assert_eq!(store.info("/copy/link").link_target.as_deref(), Some("file"));
        assert_eq!(store.info("/copy/dangling").link_target.as_deref(), Some("nowhere"));
    }

    #[test]
    fn a_read_only_directory_is_copied_with_its_contents_and_mode() {
        let mut store = a_project();
        store.chmod(&path("/dir/sub"), 0o500).expect("mine");
        store.chmod(&path("/dir"), 0o555).expect("mine");
        store.ask(op("/dir", "/copy", false));
        assert_eq!(
            (store.info("/copy").mode, store.info("/copy/sub").mode),
            ("555".into(), "500".into())
        );
        assert_eq!(store.text("/copy/sub/deep"), "d");
        for restored in ["/dir", "/dir/sub", "/copy", "/copy/sub"] {
            store.chmod(&path(restored), 0o755).expect("mine");
        }
    }

    #[test]
    fn the_source_itself_is_followed() {
        let mut store = a_project();
        store.ask(op("/link", "/copy", false));
        assert!(store.info("/copy").is_dir);
        store.ask(op("/dir/link", "/text", false));
        assert_eq!(store.text("/text"), "f");
    }

    #[test]
    fn a_taken_destination_is_refused_without_overwrite() {
        let mut store = a_project();
        for (source, taken) in
            [("/x", "/dir/file"), ("/x", "/x"), ("/dir", "/x"), ("/x", "/dir/dangling")]
        {
            let error = store.refusal(op(source, taken, false));
            assert_eq!(error, FileError::Exists { path: path(taken) });
        }
    }

    #[test]
    fn overwrite_replaces_files_and_merges_directories() {
        let mut store = a_project();
        for (name, text) in [("/new/file", "old"), ("/new/kept", "k"), ("/new/link", "l")] {
            store.ask(FileOp::WriteFile(crate::WriteFile {
                path: path(name),
                data: text.into(),
                mode: None,
            }));
        }
        store.ask(op("/dir", "/new", true));
        assert_eq!((store.text("/new/file"), store.text("/new/kept")), ("f".into(), "k".into()));
        assert!(store.info("/new/link").is_symlink);
        store.ask(op("/dir", "/new", true));
    }

    #[test]
    fn overwrite_mixes_no_kinds() {
        let mut store = a_project();
        let error = store.refusal(op("/x", "/dir", true));
        assert_eq!(error.to_string(), "/dir: is a directory, not a regular file");
        let error = store.refusal(op("/dir", "/x", true));
        assert_eq!(error.to_string(), "/x: not a directory");
    }

    #[test]
    fn a_file_does_not_overwrite_itself_under_any_name() {
        let mut store = a_project();
        for (source, same) in
            [("/x", "//x"), ("/dir/link", "/dir/file"), ("/dir/file", "/link/link")]
        {
            let error = store.refusal(op(source, same, true));
            assert_eq!(error.to_string(), "dst_path: must not be the same file as src_path");
        }
        assert_eq!((store.text("/x"), store.text("/dir/file")), ("x".into(), "f".into()));
    }

    #[test]
    fn a_directory_is_not_copied_into_itself_and_over_a_link_the_copy_still_ends() {
        let mut store = a_project();
        let error = store.refusal(op("/dir", "/dir/sub/copy", false));
        assert_eq!(error.to_string(), "dst_path: must not be inside src_path");
        store.ask(op("/dir", "/link/copy", false));
        assert!(store.holds("/dir/copy/sub/deep") && !store.holds("/dir/copy/copy"));
    }

    #[test]
    fn what_cannot_be_copied_is_refused_before_anything_is_written() {
        let mut store = a_project();
        let _socket =
            std::os::unix::net::UnixListener::bind(store.host("/dir/z")).expect("a socket");
        let error = store.refusal(op("/dir", "/copy", false));
        assert_eq!(error.to_string(), "/dir/z: is a device, pipe or socket, not a regular file");
        assert!(!store.holds("/copy"));
        let mut store = a_project();
        store.refuse("/dir/sub", StoreError::Denied);
        let error = store.refusal(op("/dir", "/copy", false));
        assert_eq!(error, FileError::at(&path("/dir/sub"))(StoreError::Denied));
        assert!(!store.holds("/copy"));
    }

    #[test]
    fn a_missing_source_or_parent_is_not_found_and_named() {
        let mut store = a_project();
        for (source, destination, missing) in
            [("/nope", "/y", "/nope"), ("/x", "/nope/x", "/nope/x"), ("/dir", "/nope/x", "/nope/x")]
        {
            let error = store.refusal(op(source, destination, false));
            assert_eq!(error, FileError::at(&path(missing))(StoreError::NotFound));
        }
    }
}
