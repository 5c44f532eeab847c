//! `stat` and `exists`: one path, itself.

use crate::{FileError, FileInfo, FileKind, FileReply, FsPath, Meta, Store, StoreError};

/// Describes the path itself (FS-26).
pub(crate) fn stat(store: &dyn Store, path: &FsPath) -> Result<FileReply, FileError> {
    let meta = store.lstat(path).map_err(FileError::at(path))?;
    Ok(FileReply::Info(describe(store, path.tidy(), meta)))
}

/// Whether `stat` would find the path: a link exists, wherever it points.
pub(crate) fn exists(store: &dyn Store, path: &FsPath) -> Result<FileReply, FileError> {
    match store.lstat(path) {
        Ok(_) => Ok(FileReply::Exists(true)),
        Err(StoreError::NotFound | StoreError::NotADirectory) => Ok(FileReply::Exists(false)),
        Err(error) => Err(FileError::at(path)(error)),
    }
}

/// Puts what `lstat` told of `path` into the API's words.
pub(super) fn describe(store: &dyn Store, path: FsPath, meta: Meta) -> FileInfo {
    let is_symlink = meta.kind == FileKind::Symlink;
    FileInfo {
        name: path.name().to_owned(),
        is_dir: meta.kind == FileKind::Directory,
        size: meta.size,
        mode: format!("{:o}", meta.mode),
        mtime: meta.mtime,
        owner: meta.owner,
        group: meta.group,
        is_symlink,
        // The only way to fail is that the link has vanished since.
        link_target: if is_symlink { store.read_link(&path).ok() } else { None },
        path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{a_store_with, path};

    #[test]
    fn a_file_is_described_in_the_words_of_the_api() {
        let mut store = a_store_with(&[("/dir/x.txt", "hello")]);
        let meta = store.lstat(&path("/dir/x.txt")).expect("it is there");
        let info = store.info("//dir/./x.txt");
        assert_eq!((info.name.as_str(), info.path.as_str()), ("x.txt", "/dir/x.txt"));
        assert_eq!((info.size, info.mode.as_str(), info.is_dir), (5, "644", false));
        assert_eq!((info.mtime, info.owner, info.group), (meta.mtime, meta.owner, meta.group));
        assert_eq!((info.is_symlink, info.link_target), (false, None));
    }

    #[test]
    fn a_mode_is_octal_text_without_a_leading_zero() {
        let mut store = a_store_with(&[("/dir/", "")]);
        store.chmod(&path("/dir"), 0o1777).expect("mine");
        assert_eq!(store.info("/dir").mode, "1777");
        store.chmod(&path("/dir"), 0o755).expect("mine");
        assert_eq!(store.info("/dir").mode, "755");
    }

    #[test]
    fn a_link_is_described_itself() {
        let mut store = a_store_with(&[("/dir/", ""), ("/link", "-> dir")]);
        let info = store.info("/link");
        assert!(info.is_symlink && !info.is_dir);
        assert_eq!(info.link_target.as_deref(), Some("dir"));
    }

    #[test]
    fn the_root_is_called_by_its_path() {
        let info = a_store_with(&[]).info("/");
        assert_eq!((info.name.as_str(), info.path.as_str(), info.is_dir), ("/", "/", true));
    }

    #[test]
    fn describing_a_missing_path_names_it() {
        let mut store = a_store_with(&[]);
        let error = store.refusal(FileOp::Stat(path("/nope")));
        assert_eq!(error.to_string(), "/nope: no such file or directory");
    }

    #[test]
    fn what_can_be_described_exists_and_a_dangling_link_can() {
        let mut store = a_store_with(&[("/file", ""), ("/link", "-> nowhere")]);
        for (asked, expected) in
            [("/", true), ("/file", true), ("/link", true), ("/nope", false), ("/file/x", false)]
        {
            let reply = store.ask(FileOp::Exists(path(asked)));
            assert_eq!(reply, FileReply::Exists(expected), "{asked}");
        }
    }
}
