//! `grep`: lines by content.

use memchr::memchr;
use regex::bytes::{Regex, RegexBuilder};

use super::read::read_whole;
use crate::pattern::Patterns;
use crate::walk::{Unreadable, Walk};
use crate::{FileError, FileKind, FileReply, FsPath, Grep, GrepMatch, Store, StoreError};

/// Most lines in one reply. More is an error, as are the bounds below: a shortened answer would
/// look like a complete one.
pub const MAX_GREP_MATCHES: usize = 10_000;
/// Longest line in a reply, in bytes.
pub const MAX_GREP_LINE_BYTES: usize = 1 << 20;
/// Most bytes of lines in one reply.
pub const MAX_GREP_BYTES: usize = 16 << 20;
/// Largest compiled regular expression, in bytes.
pub const MAX_REGEX_BYTES: usize = 10 << 20;

/// A file with a NUL in so many first bytes is binary and not searched, as git does it.
const BINARY_PROBE_BYTES: u64 = 8 << 10;

/// Finds the lines that match. A missing base is not found (FS-15).
pub(crate) fn grep(store: &dyn Store, request: &Grep) -> Result<FileReply, FileError> {
    let exclude = Patterns::new("exclude", &request.exclude)?;
    let include = match &request.include {
        Some(include) => Some(Patterns::new("include", std::slice::from_ref(include))?),
        None => None,
    };
    let included = |path: &FsPath, base: &FsPath| {
        include.as_ref().is_none_or(|include| include.matches(path, base))
    };
    let base = &request.path;
    let mut search = Search { regex: compile(&request.pattern)?, found: Vec::new(), bytes: 0 };

    let meta = store.stat(base).map_err(FileError::at(base))?;
    if meta.kind != FileKind::Directory {
        FileError::unless_file(meta.kind, base)?;
        let file = base.tidy();
        if included(&file, &file.parent().unwrap_or_else(FsPath::root)) {
            search.file(store, &file, meta.size)?;
        }
        return Ok(FileReply::Matches(search.found));
    }
    let mut walk = Walk::new(store, base, &exclude, Unreadable::Skip)?;
    while let Some(entry) = walk.next(store)? {
        if entry.meta.kind != FileKind::File || !included(&entry.path, walk.base()) {
            continue;
        }
        match search.file(store, &entry.path, entry.meta.size) {
            // As the walk: what may not be read, or has vanished, is not searched.
            Err(FileError::Store { error: StoreError::Denied | StoreError::NotFound, .. }) => {}
            answer => answer?,
        }
    }
    Ok(FileReply::Matches(search.found))
}

/// FS-14: a regular expression; text that is none is searched for literally.
fn compile(pattern: &str) -> Result<Regex, FileError> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_REGEX_BYTES).build();
    match build(pattern) {
        Err(regex::Error::Syntax(_)) => build(&regex::escape(pattern)),
        answer => answer,
    }
    .map_err(|error| match error {
        regex::Error::CompiledTooBig(bytes) => {
            invalid(format!("must compile to at most {bytes} bytes"))
        }
        error => invalid(error.to_string()),
    })
}

struct Search {
    regex: Regex,
    found: Vec<GrepMatch>,
    bytes: usize,
}

impl Search {
    fn file(&mut self, store: &dyn Store, path: &FsPath, size: u64) -> Result<(), FileError> {
        let mut data =
            store.read(path, 0, Some(BINARY_PROBE_BYTES)).map_err(FileError::at(path))?;
        if memchr(0, &data).is_some() {
            return Ok(());
        }
        if data.len() as u64 >= BINARY_PROBE_BYTES {
            data = read_whole(store, path, size)?;
        }
        for (number, line) in (1..).zip(data.split_inclusive(|byte| *byte == b'\n')) {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if self.regex.is_match(line) {
                self.keep(path, number, line)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, path: &FsPath, number: u64, line: &[u8]) -> Result<(), FileError> {
        if line.len() > MAX_GREP_LINE_BYTES {
            return Err(invalid(format!(
                "matches line {number} of {path}, which is longer than {MAX_GREP_LINE_BYTES} bytes"
            )));
        }
        self.bytes += line.len();
        if self.bytes > MAX_GREP_BYTES {
            return Err(invalid(format!("matches more than {MAX_GREP_BYTES} bytes of lines")));
        }
        if self.found.len() == MAX_GREP_MATCHES {
            return Err(invalid(format!("matches more than {MAX_GREP_MATCHES} lines")));
        }
        let content = String::from_utf8_lossy(line).into_owned();
        self.found.push(GrepMatch { path: path.clone(), line: number, content });
        Ok(())
    }
}

fn invalid(rule: String) -> FileError {
    FileError::Invalid { field: "pattern".into(), rule }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOp;
    use crate::testing::{DirStore, a_store_with, path};

    fn op(at: &str, pattern: &str, include: Option<&str>) -> FileOp {
        FileOp::Grep(Grep {
            path: path(at),
            pattern: pattern.into(),
            include: include.map(Into::into),
            exclude: vec!["node_modules".into()],
        })
    }

    fn found(store: &mut DirStore, op: FileOp) -> Vec<String> {
        let FileReply::Matches(found) = store.ask(op) else { panic!("no matches") };
        found
            .iter()
            .map(|found| format!("{}:{}:{}", found.path, found.line, found.content))
            .collect()
    }

    fn a_project() -> DirStore {
        a_store_with(&[
            ("/p/a.py", "import os\n\nprint('caf\u{e9}')\r\nimport re"),
            ("/p/b/c.txt", "to import\n"),
            ("/p/node_modules/d.py", "import x\n"),
            ("/p/binary", "import\n\0"),
            ("/p/link", "-> a.py"),
        ])
    }

    #[test]
    fn lines_are_found_by_regular_expression_and_numbered_from_one() {
        let mut store = a_project();
        let lines = found(&mut store, op("/p", r"^import \w+$", None));
        assert_eq!(lines, ["/p/a.py:1:import os", "/p/a.py:4:import re"]);
        assert_eq!(found(&mut store, op("/p", "(?i)IMPORT", None)).len(), 3);
        assert_eq!(found(&mut store, op("/p", "", None)).len(), 5);
    }

    #[test]
    fn content_is_without_its_line_ending() {
        let lines = found(&mut a_project(), op("/p", r"caf.'\)$", None));
        assert_eq!(lines, ["/p/a.py:3:print('caf\u{e9}')"]);
    }

    #[test]
    fn what_is_no_regular_expression_is_literal_text() {
        let lines = found(&mut a_project(), op("/p", "print(", None));
        assert_eq!(lines, ["/p/a.py:3:print('caf\u{e9}')"]);
    }

    #[test]
    fn include_limits_the_files_and_a_link_is_not_followed_twice() {
        let mut store = a_project();
        assert_eq!(
            found(&mut store, op("/p", "import", Some("*.txt"))),
            ["/p/b/c.txt:1:to import"]
        );
        assert_eq!(found(&mut store, op("/p", "import", Some("link"))), [""; 0]);
    }

    #[test]
    fn a_file_is_searched_itself_over_a_link_too() {
        let mut store = a_project();
        assert_eq!(found(&mut store, op("/p/b/c.txt", "i", None)), ["/p/b/c.txt:1:to import"]);
        assert_eq!(found(&mut store, op("/p/link", "os", None)), ["/p/link:1:import os"]);
        assert_eq!(found(&mut store, op("/p/b/c.txt", "i", Some("*.py"))), [""; 0]);
    }

    #[test]
    fn a_nul_makes_a_file_binary_in_its_first_8_kib_only() {
        let late = "x\n".repeat(4096) + "\0 needle\n";
        let mut store = a_store_with(&[("/late", &late), ("/early", &late[2..])]);
        assert_eq!(found(&mut store, op("/", "needle", None)), ["/late:4097:\0 needle"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_hinder_nothing() {
        let mut store = a_store_with(&[]);
        store.write(&path("/latin"), b"caf\xe9 x\n", None).expect("mine");
        assert_eq!(found(&mut store, op("/", r"x$", None)), ["/latin:1:caf\u{fffd} x"]);
    }

    #[test]
    fn too_many_matches_are_an_error_that_names_the_bound() {
        let mut store = a_store_with(&[("/x", &"x\n".repeat(MAX_GREP_MATCHES))]);
        assert_eq!(found(&mut store, op("/", "x", None)).len(), MAX_GREP_MATCHES);
        store.write(&path("/y"), b"x", None).expect("mine");
        let error = store.refusal(op("/", "x", None));
        assert_eq!(error.to_string(), "pattern: matches more than 10000 lines");
    }

    #[test]
    fn a_reply_too_large_is_an_error_that_names_the_bound() {
        let line = "x".repeat(MAX_GREP_LINE_BYTES) + "\n";
        let mut store = a_store_with(&[("/x", &line.repeat(17))]);
        let error = store.refusal(op("/", "x", None));
        assert_eq!(error.to_string(), "pattern: matches more than 16777216 bytes of lines");
        store.write(&path("/x"), format!("\nx{line}").as_bytes(), None).expect("mine");
        let error = store.refusal(op("/", "x", None));
        let text = "pattern: matches line 2 of /x, which is longer than 1048576 bytes";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn an_expression_that_grows_too_large_is_an_error_that_names_the_bound() {
        let error = a_project().refusal(op("/p", r"(\w{100}){100}", None));
        assert_eq!(error.to_string(), "pattern: must compile to at most 10485760 bytes");
    }

    #[test]
    fn a_file_that_may_not_be_read_is_refused_as_the_base_and_skipped_below_it() {
        let mut store = a_project();
        store.refuse("/p/a.py", StoreError::Denied);
        let error = store.refusal(op("/p/a.py", "x", None));
        assert_eq!(error, FileError::at(&path("/p/a.py"))(StoreError::Denied));
        assert_eq!(found(&mut store, op("/p", "import", None)), ["/p/b/c.txt:1:to import"]);
    }

    #[test]
    fn a_missing_base_is_not_found() {
        let error = a_project().refusal(op("/nope", "x", None));
        assert_eq!(error, FileError::at(&path("/nope"))(StoreError::NotFound));
    }
}
