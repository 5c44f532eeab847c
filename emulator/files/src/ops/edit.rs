//! `edit-file` and `edit-files`: text replaced by text.

use std::slice;

use memchr::memmem;
use similar::TextDiff;

use super::read::{read_whole, size_of_file};
use crate::{Edit, EditFile, EditFiles, EditOutcome, Edited, FileError, FileReply, FsPath, Store};

/// Largest file that is edited, before and after, in bytes: 16 MiB. Edits are for source text, and
/// the diff holds old and new once more.
pub const MAX_EDIT_BYTES: u64 = 16 << 20;

/// Applies the edits in order and writes the file once, so all of them or none (FS-17).
pub(crate) fn edit_file(store: &mut dyn Store, request: &EditFile) -> Result<FileReply, FileError> {
    if request.edits.is_empty() {
        return Err(invalid("edits", "must hold at least one edit"));
    }
    if request.edits.iter().any(|edit| edit.find.is_empty()) {
        return Err(invalid("edits", "find must not be empty"));
    }
    let change = change(store, &request.path, &request.edits)?;
    let diff = change.diff(&request.path);
    Ok(FileReply::Edited(Edited { diff, replacements: change.replacements }))
}

/// Applies one edit to each file. What fails for one says so there and stops no other (FS-18).
pub(crate) fn edit_files(
    store: &mut dyn Store,
    request: EditFiles,
) -> Result<FileReply, FileError> {
    if request.files.is_empty() {
        return Err(invalid("files", "must hold at least one path"));
    }
    if request.edit.find.is_empty() {
        return Err(invalid("find", "must not be empty"));
    }
    let mut outcomes = Vec::new();
    for file in request.files {
        let error = match change(store, &file, slice::from_ref(&request.edit)) {
            Ok(Change { replacements: 0, .. }) => Some("no match".to_owned()),
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        };
        outcomes.push(EditOutcome { file, error });
    }
    Ok(FileReply::EditOutcomes(outcomes))
}

/// A file's bytes before and after.
struct Change {
    old: Vec<u8>,
    new: Vec<u8>,
    replacements: u64,
}

impl Change {
    fn diff(&self, path: &FsPath) -> String {
        let old = String::from_utf8_lossy(&self.old);
        let new = String::from_utf8_lossy(&self.new);
        TextDiff::from_lines(old.as_ref(), new.as_ref())
            .unified_diff()
            .header(path.as_str(), path.as_str())
            .to_string()
    }
}

/// Edits one file; a link is followed, and the mode stays.
fn change(store: &mut dyn Store, path: &FsPath, edits: &[Edit]) -> Result<Change, FileError> {
    let size = size_of_file(store, path)?;
    check_bound(path, size)?;
    let old = read_whole(store, path, size)?;
    let mut new = old.clone();
    let mut replacements = 0;
    for edit in edits {
        let places: Vec<usize> = memmem::find_iter(&new, &edit.find).collect();
        // Counted first: a reply to a small request must not fill the memory.
        let grown = places.len().saturating_mul(edit.replace.len());
        let kept = new.len() - places.len() * edit.find.len();
        check_bound(path, kept.saturating_add(grown) as u64)?;
        new = replace(&new, &places, edit);
        replacements += places.len() as u64;
    }
    if new != old {
        store.write(path, &new, None).map_err(FileError::at(path))?;
    }
    Ok(Change { old, new, replacements })
}

/// Puts the replacement at each of `places`, which are in order and do not overlap.
fn replace(text: &[u8], places: &[usize], edit: &Edit) -> Vec<u8> {
    let mut edited = Vec::new();
    let mut copied = 0;
    for &place in places {
        edited.extend_from_slice(&text[copied..place]);
        edited.extend_from_slice(edit.replace.as_bytes());
        copied = place + edit.find.len();
    }
    edited.extend_from_slice(&text[copied..]);
    edited
}

fn check_bound(path: &FsPath, bytes: u64) -> Result<(), FileError> {
    if bytes <= MAX_EDIT_BYTES {
        return Ok(());
    }
    let rule = format!("{path}: more than {MAX_EDIT_BYTES} bytes to be edited");
    Err(FileError::Invalid { field: "path".into(), rule })
}

fn invalid(field: &'static str, rule: &str) -> FileError {
    FileError::Invalid { field: field.into(), rule: rule.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DirStore, a_store_with, path};
    use crate::{FileOp, StoreError};

    fn edit(find: &str, replace: &str) -> Edit {
        Edit { find: find.into(), replace: replace.into() }
    }

    fn op(at: &str, edits: Vec<Edit>) -> FileOp {
        FileOp::EditFile(EditFile { path: path(at), edits })
    }

    fn edited(store: &mut DirStore, edits: Vec<Edit>) -> Edited {
        match store.ask(op("/x", edits)) {
            FileReply::Edited(edited) => edited,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_occurrence_is_replaced_and_the_diff_is_unified() {
        let mut store = a_store_with(&[("/x", "one\ntwo one\nthree")]);
        let edited = edited(&mut store, vec![edit("one", "1")]);
        assert_eq!(store.text("/x"), "1\ntwo 1\nthree");
        assert_eq!(edited.replacements, 2);
        let expected = "--- /x\n+++ /x\n@@ -1,3 +1,3 @@\n-one\n-two one\n+1\n+two 1\n three\n\
                        \\ No newline at end of file\n";
        assert_eq!(edited.diff, expected);
    }

    #[test]
    fn each_edit_works_on_what_the_one_before_it_left() {
        let mut store = a_store_with(&[("/x", "a b\n")]);
        let edited = edited(&mut store, vec![edit("a", "b"), edit("b", ""), edit("nope", "x")]);
        assert_eq!((store.text("/x").as_str(), edited.replacements), (" \n", 3));
    }

    #[test]
    fn occurrences_do_not_overlap_and_are_literal() {
        let mut store = a_store_with(&[("/x", "aaa .*")]);
        assert_eq!(edited(&mut store, vec![edit("aa", "b"), edit(".*", "$0")]).replacements, 2);
        assert_eq!(store.text("/x"), "ba $0");
    }

    #[test]
    fn text_that_is_not_there_changes_nothing() {
        let mut store = a_store_with(&[("/x", "text")]);
        store.refuse_writes("/x");
        let edited = edited(&mut store, vec![edit("nope", "x"), edit("text", "text")]);
        assert_eq!((edited.diff.as_str(), edited.replacements), ("", 1));
    }

    #[test]
    fn a_file_keeps_its_mode_and_what_is_not_text_in_it() {
        let mut store = a_store_with(&[]);
        store.write(&path("/x"), b"caf\xe9 a\r\n", Some(0o750)).expect("mine");
        edited(&mut store, vec![edit("a\r", "b\r")]);
        assert_eq!(store.read(&path("/x"), 0, None).expect("mine"), b"caf\xe9 b\r\n");
        assert_eq!(store.info("/x").mode, "750");
    }

    #[test]
    fn no_edit_and_an_edit_that_finds_nothing_are_refused() {
        let mut store = a_store_with(&[("/x", "text")]);
        let error = store.refusal(op("/x", vec![edit("text", "new"), edit("", "x")]));
        assert_eq!(error.to_string(), "edits: find must not be empty");
        let error = store.refusal(op("/x", Vec::new()));
        assert_eq!(error.to_string(), "edits: must hold at least one edit");
        assert_eq!(store.text("/x"), "text");
    }

    #[test]
    fn a_missing_file_is_not_found_and_a_directory_is_no_file() {
        let mut store = a_store_with(&[("/dir/", "")]);
        let error = store.refusal(op("/nope", vec![edit("a", "b")]));
        assert_eq!(error, FileError::at(&path("/nope"))(StoreError::NotFound));
        let error = store.refusal(op("/dir", vec![edit("a", "b")]));
        assert_eq!(error.to_string(), "/dir: is a directory, not a regular file");
    }

    #[test]
    fn a_result_too_large_is_refused_before_it_is_made() {
        let mut store = a_store_with(&[("/x", &"a".repeat(1 << 16))]);
        let error = store.refusal(op("/x", vec![edit("a", &"b".repeat(1 << 20))]));
        assert_eq!(error.to_string(), "path: /x: more than 16777216 bytes to be edited");
    }

    #[test]
    fn a_large_file_changed_in_every_line_is_answered() {
        let lines: Vec<String> = (0..50_000).map(|line| format!("line {line}\n")).collect();
        let mut store = a_store_with(&[("/x", &lines.concat())]);
        let edited = edited(&mut store, vec![edit("line", "row")]);
        assert_eq!((edited.replacements, edited.diff.lines().count()), (50_000, 100_003));
    }

    #[test]
    fn editing_several_files_answers_for_each_and_stops_for_none() {
        let mut store = a_store_with(&[("/a", "x"), ("/b", "y"), ("/dir/", ""), ("/c", "xx")]);
        let files = ["/a", "/b", "/nope", "/dir", "/c"].map(path).to_vec();
        let reply = store.ask(FileOp::EditFiles(EditFiles { files, edit: edit("x", "z") }));
        let outcome =
            |at, error: Option<&str>| EditOutcome { file: path(at), error: error.map(Into::into) };
        let expected = vec![
            outcome("/a", None),
            outcome("/b", Some("no match")),
            outcome("/nope", Some("/nope: no such file or directory")),
            outcome("/dir", Some("/dir: is a directory, not a regular file")),
            outcome("/c", None),
        ];
        assert_eq!(reply, FileReply::EditOutcomes(expected));
        assert_eq!((store.text("/a"), store.text("/c")), ("z".into(), "zz".into()));
    }

    #[test]
    fn editing_no_files_or_for_no_text_is_refused() {
        let mut store = a_store_with(&[("/a", "x")]);
        let request = |files, find| FileOp::EditFiles(EditFiles { files, edit: edit(find, "") });
        let error = store.refusal(request(Vec::new(), "x"));
        assert_eq!(error.to_string(), "files: must hold at least one path");
        let error = store.refusal(request(vec![path("/a")], ""));
        assert_eq!(error.to_string(), "find: must not be empty");
    }
}
