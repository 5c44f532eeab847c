//! `write-file` and `write-files`.

use super::mkdir::create_parents;
use super::permissions::check_mode;
use crate::{FileError, FileKind, FileReply, FsPath, Store, StoreError, WriteFile};

/// Writes one file; a link is followed.
pub(crate) fn write_file(store: &mut dyn Store, file: &WriteFile) -> Result<FileReply, FileError> {
    check_target(store, file)?;
    write(store, file)?;
    Ok(FileReply::Done)
}

/// Writes the files in order, after every target has been checked (FS-20): what can be refused
/// beforehand is refused before anything is written. Of two with one path the last wins (FS-22).
pub(crate) fn write_files(
    store: &mut dyn Store,
    files: &[WriteFile],
) -> Result<FileReply, FileError> {
    for file in files {
        check_target(store, file)?;
    }
    for file in files {
        write(store, file)?;
    }
    Ok(FileReply::Done)
}

/// Refuses what is there and no regular file. Not left to the store alone, because opening a pipe
/// for writing waits for a reader.
fn check_target(store: &dyn Store, file: &WriteFile) -> Result<(), FileError> {
    if let Some(mode) = file.mode {
        check_mode("permissions", mode)?;
    }
    match store.stat(&file.path) {
        Ok(meta) => FileError::unless_file(meta.kind, &file.path),
        Err(StoreError::NotFound) => Ok(()),
        Err(error) => Err(FileError::at(&file.path)(error)),
    }
}

fn write(store: &mut dyn Store, file: &WriteFile) -> Result<(), FileError> {
    let refused = |error| write_error(&file.path, error);
    match store.write(&file.path, &file.data, file.mode) {
        // FS-06. FS-07 is the store's.
        Err(StoreError::NotFound) => {
            create_parents(store, &file.path)?;
            store.write(&file.path, &file.data, file.mode).map_err(refused)
        }
        answer => answer.map_err(refused),
    }
}

fn write_error(path: &FsPath, error: StoreError) -> FileError {
    match error {
        StoreError::IsADirectory => {
            FileError::NotARegularFile { path: path.clone(), kind: FileKind::Directory }
        }
        error => FileError::at(path)(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{a_store_with, path};

    fn file(at: &str, data: &str, mode: Option<u32>) -> WriteFile {
        WriteFile { path: path(at), data: data.into(), mode }
    }

    #[test]
    fn missing_parents_are_created_with_755() {
        let mut store = a_store_with(&[]);
        store.ask(FileOp::WriteFile(file("/a/b/x", "new", None)));
        assert_eq!(store.text("/a/b/x"), "new");
        assert_eq!((store.info("/a").mode, store.info("/a/b").mode), ("755".into(), "755".into()));
    }

    #[test]
    fn a_new_file_is_644_and_an_old_one_keeps_its_mode_unless_one_is_given() {
        let mut store = a_store_with(&[]);
        for (mode, expected) in [(None, "644"), (Some(0o600), "600"), (None, "600")] {
            store.ask(FileOp::WriteFile(file("/x", "text", mode)));
            assert_eq!(store.info("/x").mode, expected);
        }
    }

    #[test]
    fn writing_replaces_all_of_the_old_contents() {
        let mut store = a_store_with(&[("/x", "a long text")]);
        store.ask(FileOp::WriteFile(file("/x", "short", None)));
        assert_eq!(store.text("/x"), "short");
    }

    #[test]
    fn a_link_is_followed() {
        let mut store = a_store_with(&[("/x", "old"), ("/link", "-> x")]);
        store.ask(FileOp::WriteFile(file("/link", "new", None)));
        assert_eq!(store.text("/x"), "new");
        assert!(store.info("/link").is_symlink);
    }

    #[test]
    fn a_directory_is_no_target() {
        let mut store = a_store_with(&[("/dir/", "")]);
        for target in ["/dir", "/", "/new/"] {
            let error = store.refusal(FileOp::WriteFile(file(target, "x", None)));
            assert_eq!(error.to_string(), format!("{target}: is a directory, not a regular file"));
        }
    }

    #[test]
    fn a_write_the_store_denies_is_denied() {
        let mut store = a_store_with(&[("/x", "old")]);
        store.refuse("/x", StoreError::Denied);
        let error = store.refusal(FileOp::WriteFile(file("/x", "new", None)));
        assert_eq!(error, FileError::at(&path("/x"))(StoreError::Denied));
    }

    #[test]
    fn of_several_files_none_is_written_when_one_target_is_refused() {
        let mut store = a_store_with(&[("/dir/", "")]);
        let files = vec![file("/first", "1", None), file("/dir", "2", None)];
        store.refusal(FileOp::WriteFiles(files));
        assert!(!store.holds("/first"));
    }

    #[test]
    fn several_files_are_written_in_order_so_of_two_with_one_path_the_last_wins() {
        let mut store = a_store_with(&[]);
        let files = vec![file("/a/x", "1", None), file("/a/x", "2", None), file("/y", "3", None)];
        assert_eq!(store.ask(FileOp::WriteFiles(files)), FileReply::Done);
        assert_eq!((store.text("/a/x"), store.text("/y")), ("2".into(), "3".into()));
    }
}
