//! `filesystem/*` on the wire.

use leap0_files::{
    CopyPath, Edit, EditFile, EditFiles, EditOutcome, FileInfo, FileOp, FsPath, Glob, Grep, Mkdir,
    MovePath, ReadFile, ReadWindow, SetPermissions, WriteFile,
};
use serde::Serialize;

use super::query::Query;
use super::{FieldError, Fields};
use crate::http::Operation;

/// Several answers of one kind.
#[derive(Debug, Serialize)]
pub(crate) struct ItemsBody<T = FileInfo> {
    pub(crate) items: Vec<T>,
}

/// The answer to `filesystem/exists`.
#[derive(Debug, Serialize)]
pub(crate) struct ExistsBody {
    pub(crate) exists: bool,
}

/// What `edit-files` did to one file, in the API's words.
#[derive(Debug, Serialize)]
pub(crate) struct EditOutcomeBody<'a> {
    file: &'a FsPath,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> EditOutcomeBody<'a> {
    pub(crate) fn of(outcome: &'a EditOutcome) -> Self {
        let error = outcome.error.as_deref();
        Self { file: &outcome.file, success: error.is_none(), error }
    }
}

/// Reads an operation whose request is JSON.
pub(crate) fn operation(
    operation: Operation,
    mut fields: Fields,
) -> Result<FileOp, Vec<FieldError>> {
    let op = match operation {
        Operation::FsLs => ls(&mut fields),
        Operation::FsStat => path(&mut fields, "path").map(FileOp::Stat),
        Operation::FsExists => path(&mut fields, "path").map(FileOp::Exists),
        Operation::FsMkdir => mkdir(&mut fields),
        Operation::FsReadFile => read_file(&mut fields),
        Operation::FsReadFiles => paths(&mut fields, "paths").map(FileOp::ReadFiles),
        Operation::FsDelete => delete(&mut fields),
        Operation::FsSetPermissions => set_permissions(&mut fields),
        Operation::FsGlob => glob(&mut fields),
        Operation::FsGrep => grep(&mut fields),
        Operation::FsEditFile => edit_file(&mut fields),
        Operation::FsEditFiles => edit_files(&mut fields),
        Operation::FsMove => move_path(&mut fields),
        Operation::FsCopy => copy(&mut fields),
        Operation::FsTree => tree(&mut fields),
        other => unreachable!("{other:?} is no filesystem operation with a JSON request"),
    };
    fields.finish(|| op.expect("what is missing was refused"))
}

fn ls(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    let recursive = flag(fields, "recursive");
    let exclude = exclude(fields);
    Some(FileOp::Ls { path: path?, recursive, exclude })
}

fn mkdir(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    let recursive = flag(fields, "recursive");
    let mode = octal(fields, "permissions").unwrap_or(DEFAULT_DIRECTORY_MODE);
    Some(FileOp::Mkdir(Mkdir { path: path?, recursive, mode }))
}

fn read_file(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    let window = window(fields);
    Some(FileOp::ReadFile(ReadFile { path: path?, window }))
}

fn delete(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    let recursive = flag(fields, "recursive");
    Some(FileOp::Delete { path: path?, recursive })
}

fn set_permissions(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    let given = ["mode", "owner", "group"].iter().any(|field| fields.value(field).is_some());
    if !given {
        // FS-19
        fields.refuse("mode", "at least one of mode, owner and group is required");
    }
    let mode = octal(fields, "mode");
    let (owner, group) = (fields.text("owner"), fields.text("group"));
    Some(FileOp::SetPermissions(SetPermissions { path: path?, mode, owner, group }))
}

fn glob(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    let pattern = fields.text("pattern");
    let exclude = exclude(fields);
    Some(FileOp::Glob(Glob { path: path?, pattern, exclude }))
}

fn grep(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    // FS-14
    let pattern = fields.required_text("pattern");
    let include = fields.text("include");
    let exclude = exclude(fields);
    Some(FileOp::Grep(Grep { path: path?, pattern: pattern?, include, exclude }))
}

fn edit_file(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    let objects = fields.objects("edits");
    if objects.as_ref().is_some_and(Vec::is_empty) {
        fields.refuse("edits", "must have at least one item");
    }
    let mut edits = Vec::new();
    for mut inner in objects.unwrap_or_default() {
        edits.extend(edit(&mut inner));
        fields.refuse_all(inner.into_errors());
    }
    Some(FileOp::EditFile(EditFile { path: path?, edits }))
}

fn edit_files(fields: &mut Fields) -> Option<FileOp> {
    let files = paths(fields, "files");
    let edit = edit(fields);
    Some(FileOp::EditFiles(EditFiles { files: files?, edit: edit? }))
}

fn move_path(fields: &mut Fields) -> Option<FileOp> {
    let (source, destination) = (path(fields, "src_path"), path(fields, "dst_path"));
    let overwrite = flag(fields, "overwrite");
    let (source, destination) = (source?, destination?);
    Some(FileOp::Move(MovePath { source, destination, overwrite }))
}

fn copy(fields: &mut Fields) -> Option<FileOp> {
    let (source, destination) = (path(fields, "src_path"), path(fields, "dst_path"));
    let (recursive, overwrite) = (flag(fields, "recursive"), flag(fields, "overwrite"));
    let (source, destination) = (source?, destination?);
    Some(FileOp::Copy(CopyPath { source, destination, recursive, overwrite }))
}

fn tree(fields: &mut Fields) -> Option<FileOp> {
    let path = path(fields, "path");
    let exclude = exclude(fields);
    let max_depth =
        fields.int("max_depth", 1..=u64::MAX).map(|depth| u32::try_from(depth).unwrap_or(u32::MAX));
    Some(FileOp::Tree { path: path?, exclude, max_depth })
}

/// One replacement; an absent `replace` deletes (FS-17).
fn edit(fields: &mut Fields) -> Option<Edit> {
    let find = fields.required_text("find");
    if find.as_deref() == Some("") {
        fields.refuse("find", "must not be empty");
    }
    let replace = fields.text("replace").unwrap_or_default();
    Some(Edit { find: find?, replace })
}

fn flag(fields: &mut Fields, field: &str) -> bool {
    fields.bool(field).unwrap_or(false)
}

fn exclude(fields: &mut Fields) -> Vec<String> {
    fields.texts("exclude").unwrap_or_default()
}

fn octal(fields: &mut Fields, field: &str) -> Option<u32> {
    let text = fields.text(field)?;
    mode(&text).map_err(|rule| fields.refuse(field, rule)).ok()
}

/// A list of at least one path.
fn paths(fields: &mut Fields, field: &str) -> Option<Vec<FsPath>> {
    if fields.value(field).is_none() {
        fields.refuse(field, "is required");
    }
    let texts = fields.texts(field)?;
    if texts.is_empty() {
        fields.refuse(field, "must have at least one item");
    }
    let mut paths = Vec::with_capacity(texts.len());
    for (index, text) in texts.into_iter().enumerate() {
        match FsPath::new(text) {
            Ok(path) => paths.push(path),
            Err(rule) => fields.refuse(&format!("{field}[{index}]"), rule.to_string()),
        }
    }
    Some(paths)
}

const DEFAULT_DIRECTORY_MODE: u32 = 0o755;

/// Reads `filesystem/write-file`: the fields in the query, the bytes in the body.
pub(crate) fn write_file(query: &str, body: &[u8]) -> Result<FileOp, Vec<FieldError>> {
    let query = Query::new(query);
    let mut errors = Vec::new();
    let path = match query.get(&["path"]).map(FsPath::new) {
        Some(Ok(path)) => Some(path),
        Some(Err(rule)) => {
            errors.push(FieldError::new("path", rule.to_string()));
            None
        }
        None => {
            errors.push(FieldError::new("path", "is required"));
            None
        }
    };
    let mode = match query.get(&["permissions"]).map(mode) {
        Some(Ok(mode)) => Some(mode),
        Some(Err(rule)) => {
            errors.push(FieldError::new("permissions", rule));
            None
        }
        None => None,
    };
    match path {
        Some(path) if errors.is_empty() => {
            Ok(FileOp::WriteFile(WriteFile { path, data: body.to_vec(), mode }))
        }
        Some(_) | None => Err(errors),
    }
}

/// A path that has to be there (FS-01).
fn path(fields: &mut Fields, field: &str) -> Option<FsPath> {
    let text = fields.required_text(field)?;
    FsPath::new(text).map_err(|rule| fields.refuse(field, rule.to_string())).ok()
}

/// Permission bits in octal, with or without a leading zero (FS-07).
fn mode(text: &str) -> Result<u32, &'static str> {
    let octal = (1..=5).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    match u32::from_str_radix(text, 8) {
        Ok(mode) if octal && mode <= 0o7777 => Ok(mode),
        Ok(_) | Err(_) => Err("must be permission bits in octal, such as 644"),
    }
}

/// FS-11: by bytes or by lines, and by lines from one end only.
fn window(fields: &mut Fields) -> ReadWindow {
    let offset = fields.int("offset", 0..=u64::MAX);
    let limit = fields.int("limit", 0..=u64::MAX);
    let head = fields.int("head", 0..=u64::MAX);
    let tail = fields.int("tail", 0..=u64::MAX);
    match (head, tail) {
        (Some(_), Some(_)) => fields.refuse("tail", "must not be combined with head"),
        (Some(_), None) if offset.is_some() || limit.is_some() => {
            fields.refuse("head", "must not be combined with offset or limit");
        }
        (None, Some(_)) if offset.is_some() || limit.is_some() => {
            fields.refuse("tail", "must not be combined with offset or limit");
        }
        _ => {}
    }
    match (head, tail) {
        (Some(lines), _) => ReadWindow::Head(lines),
        (None, Some(lines)) => ReadWindow::Tail(lines),
        (None, None) => ReadWindow::Bytes { offset: offset.unwrap_or(0), limit },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_octal_with_or_without_a_leading_zero() {
        assert_eq!(mode("644"), Ok(0o644));
        assert_eq!(mode("0644"), Ok(0o644));
        assert_eq!(mode("1777"), Ok(0o1777));
        assert_eq!(mode("07777"), Ok(0o7777));
        for bad in ["", "8", "rwx", "0o644", "17777", "000644", "+644", " 644"] {
            assert!(mode(bad).is_err(), "{bad}");
        }
    }
}
