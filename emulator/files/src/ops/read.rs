//! `read-file` and `read-files`.

use memchr::{memchr_iter, memrchr_iter};

use crate::{FileContent, FileError, FileReply, FsPath, ReadFile, ReadWindow, Store};

/// Most bytes that one operation reads into a reply, 256 MiB. A larger file is read in parts.
pub const MAX_READ_BYTES: u64 = 256 << 20;

/// Bytes that `head` and `tail` look at first; twice as many each time that is not enough.
const FIRST_SPAN: u64 = 64 << 10;

/// Reads a window of one file; a link is followed.
pub(crate) fn read_file(store: &dyn Store, request: &ReadFile) -> Result<FileReply, FileError> {
    let path = &request.path;
    let size = size_of_file(store, path)?;
    let data = match request.window {
        ReadWindow::Bytes { offset, limit } => {
            let left = size.saturating_sub(offset);
            check_bound(path, limit.map_or(left, |limit| limit.min(left)))?;
            // FS-12: beyond the end is nothing. A file's size may be 0 though it has contents, as
            // in /proc; and no kernel takes every offset, so a wild one does not reach it.
            let (offset, limit) =
                if offset > size.max(MAX_READ_BYTES) { (0, Some(0)) } else { (offset, limit) };
            store.read(path, offset, limit).map_err(FileError::at(path))?
        }
        ReadWindow::Head(lines) => head(store, path, lines)?,
        ReadWindow::Tail(lines) => tail(store, path, size, lines)?,
    };
    Ok(FileReply::Bytes(data))
}

/// Reads files in full. One that can't be read fails them all (FS-21).
pub(crate) fn read_files(store: &dyn Store, paths: Vec<FsPath>) -> Result<FileReply, FileError> {
    if paths.is_empty() {
        let rule = "must hold at least one path".to_owned();
        return Err(FileError::Invalid { field: "paths".into(), rule });
    }
    let mut total = 0_u64;
    for path in &paths {
        total = total.saturating_add(size_of_file(store, path)?);
        check_bound(path, total)?;
    }
    let mut files = Vec::new();
    for path in paths {
        let data = store.read(&path, 0, None).map_err(FileError::at(&path))?;
        files.push(FileContent { path, data });
    }
    Ok(FileReply::Files(files))
}

/// Reads all of a file that is known to be a regular one.
pub(super) fn read_whole(
    store: &dyn Store,
    path: &FsPath,
    size: u64,
) -> Result<Vec<u8>, FileError> {
    check_bound(path, size)?;
    store.read(path, 0, None).map_err(FileError::at(path))
}

/// The size of the regular file that `path` leads to; anything else is refused (FS-05), a pipe
/// included, because reading it waits for a writer.
pub(super) fn size_of_file(store: &dyn Store, path: &FsPath) -> Result<u64, FileError> {
    let meta = store.stat(path).map_err(FileError::at(path))?;
    FileError::unless_file(meta.kind, path)?;
    Ok(meta.size)
}

fn check_bound(path: &FsPath, bytes: u64) -> Result<(), FileError> {
    if bytes <= MAX_READ_BYTES {
        return Ok(());
    }
    let rule = format!("{path}: more than {MAX_READ_BYTES} bytes to be read at once");
    Err(FileError::Invalid { field: "path".into(), rule })
}

/// The first `lines` lines with their newlines, like head(1).
fn head(store: &dyn Store, path: &FsPath, lines: u64) -> Result<Vec<u8>, FileError> {
    let Some(last) = lines.checked_sub(1) else {
        return Ok(Vec::new());
    };
    let last = usize::try_from(last).unwrap_or(usize::MAX);
    let mut span = FIRST_SPAN;
    loop {
        let mut bytes = store.read(path, 0, Some(span)).map_err(FileError::at(path))?;
        if let Some(newline) = memchr_iter(b'\n', &bytes).nth(last) {
            bytes.truncate(newline + 1);
            return Ok(bytes);
        }
        if (bytes.len() as u64) < span {
            return Ok(bytes);
        }
        span *= 2;
        check_bound(path, span)?;
    }
}

/// The last `lines` lines with their newlines, like tail(1): the newline that ends the file ends
/// its last line and starts no new one.
fn tail(store: &dyn Store, path: &FsPath, size: u64, lines: u64) -> Result<Vec<u8>, FileError> {
    let lines = usize::try_from(lines).unwrap_or(usize::MAX);
    if lines == 0 {
        return Ok(Vec::new());
    }
    let mut span = FIRST_SPAN;
    loop {
        let offset = size.saturating_sub(span);
        let mut bytes = store.read(path, offset, None).map_err(FileError::at(path))?;
        let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if let Some(newline) = memrchr_iter(b'\n', body).nth(lines - 1) {
            return Ok(bytes.split_off(newline + 1));
        }
        if offset == 0 {
            return Ok(bytes);
        }
        span *= 2;
        check_bound(path, span)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DirStore, a_store_with, path};
    use crate::{FileOp, StoreError};

    fn op(at: &str, window: ReadWindow) -> FileOp {
        FileOp::ReadFile(ReadFile { path: path(at), window })
    }

    fn bytes(store: &mut DirStore, window: ReadWindow) -> String {
        match store.ask(op("/x", window)) {
            FileReply::Bytes(bytes) => String::from_utf8(bytes).expect("text"),
            other => panic!("{other:?}"),
        }
    }

    const ALL: ReadWindow = ReadWindow::Bytes { offset: 0, limit: None };

    #[test]
    fn a_window_of_bytes_ends_where_the_file_does() {
        let mut store = a_store_with(&[("/x", "0123456789")]);
        for (offset, limit, expected) in [
            (0, None, "0123456789"),
            (8, None, "89"),
            (2, Some(3), "234"),
            (8, Some(u64::MAX), "89"),
            (3, Some(0), ""),
        ] {
            assert_eq!(bytes(&mut store, ReadWindow::Bytes { offset, limit }), expected);
        }
    }

    #[test]
    fn an_offset_beyond_the_end_reads_nothing() {
        let mut store = a_store_with(&[("/x", "0123456789")]);
        for offset in [10, 11, u64::MAX] {
            assert_eq!(bytes(&mut store, ReadWindow::Bytes { offset, limit: None }), "");
        }
    }

    #[test]
    fn head_and_tail_count_lines_as_the_commands_do() {
        let mut store = a_store_with(&[("/x", "a\n\nb\nc")]);
        for (lines, head, tail) in [
            (0, "", ""),
            (1, "a\n", "c"),
            (2, "a\n\n", "b\nc"),
            (4, "a\n\nb\nc", "a\n\nb\nc"),
            (u64::MAX, "a\n\nb\nc", "a\n\nb\nc"),
        ] {
            assert_eq!(bytes(&mut store, ReadWindow::Head(lines)), head, "head of {lines}");
            assert_eq!(bytes(&mut store, ReadWindow::Tail(lines)), tail, "tail of {lines}");
        }
    }

    #[test]
    fn a_newline_at_the_end_of_the_file_starts_no_line() {
        let mut store = a_store_with(&[("/x", "a\nb\n")]);
        assert_eq!(bytes(&mut store, ReadWindow::Tail(1)), "b\n");
        assert_eq!(bytes(&mut store, ReadWindow::Head(2)), "a\nb\n");
    }

    #[test]
    fn head_and_tail_reach_beyond_what_is_read_first() {
        let line = "n".repeat(99) + "\n";
        let mut store = a_store_with(&[("/x", &line.repeat(5000))]);
        for lines in [1, 1000, 3000, 5000, 6000] {
            let expected = 100 * usize::try_from(lines.min(5000)).expect("small");
            assert_eq!(bytes(&mut store, ReadWindow::Head(lines)).len(), expected);
            assert_eq!(bytes(&mut store, ReadWindow::Tail(lines)).len(), expected);
        }
    }

    #[test]
    fn a_directory_is_not_readable_and_the_message_says_so() {
        for window in [ALL, ReadWindow::Head(1), ReadWindow::Tail(1)] {
            let error = a_store_with(&[("/dir/", "")]).refusal(op("/dir", window));
            assert_eq!(error.to_string(), "/dir: is a directory, not a regular file");
        }
    }

    #[test]
    fn a_socket_is_not_readable() {
        let mut store = a_store_with(&[]);
        let _socket = std::os::unix::net::UnixListener::bind(store.host("/s")).expect("a socket");
        let error = store.refusal(op("/s", ALL));
        assert_eq!(error.to_string(), "/s: is a device, pipe or socket, not a regular file");
    }

    #[test]
    fn reading_follows_links_and_a_missing_file_is_not_found() {
        let mut store = a_store_with(&[("/y", "text"), ("/x", "-> y"), ("/loop", "-> loop")]);
        assert_eq!(bytes(&mut store, ALL), "text");
        let error = store.refusal(op("/nope", ALL));
        assert_eq!(error, FileError::at(&path("/nope"))(StoreError::NotFound));
        let error = store.refusal(op("/loop", ALL));
        assert_eq!(error, FileError::at(&path("/loop"))(StoreError::LinkLoop));
    }

    #[test]
    fn a_file_too_large_for_a_reply_is_readable_in_parts_only() {
        let mut store = a_store_with(&[("/x", "")]);
        let file = std::fs::File::create(store.host("/x")).expect("mine");
        file.set_len(1 << 40).expect("a sparse file");
        let error = store.refusal(op("/x", ALL));
        assert_eq!(error.to_string(), "path: /x: more than 268435456 bytes to be read at once");
        let end = ReadWindow::Bytes { offset: (1 << 40) - 3, limit: None };
        assert_eq!(bytes(&mut store, end), "\0\0\0");
    }

    #[test]
    fn several_files_come_in_the_order_asked_for_under_the_names_asked_for() {
        let mut store = a_store_with(&[("/a", "1"), ("/b", "2")]);
        let reply = store.ask(FileOp::ReadFiles(vec![path("//b"), path("/a")]));
        let content = |at, data: &str| FileContent { path: path(at), data: data.into() };
        assert_eq!(reply, FileReply::Files(vec![content("//b", "2"), content("/a", "1")]));
    }

    #[test]
    fn a_missing_file_among_several_fails_them_all_and_is_named() {
        let mut store = a_store_with(&[("/a", "1")]);
        let error = store.refusal(FileOp::ReadFiles(vec![path("/a"), path("/nope")]));
        assert_eq!(error, FileError::at(&path("/nope"))(StoreError::NotFound));
        let error = store.refusal(FileOp::ReadFiles(Vec::new()));
        assert_eq!(error.to_string(), "paths: must hold at least one path");
    }
}
