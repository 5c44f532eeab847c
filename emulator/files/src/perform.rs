//! The way in: one operation to its meaning.

use crate::{FileError, FileOp, FileReply, Store, ops};

/// Performs `op` on `store`.
///
/// Total: any operation on any store ends in a reply or an error. An error leaves undone whatever
/// it names, but not what an operation over several files did before it.
pub fn perform(store: &mut dyn Store, op: FileOp) -> Result<FileReply, FileError> {
    match op {
        FileOp::Ls { path, recursive, exclude } => ops::ls(store, &path, recursive, &exclude),
        FileOp::Stat(path) => ops::stat(store, &path),
        FileOp::Exists(path) => ops::exists(store, &path),
        FileOp::Mkdir(mkdir) => ops::mkdir(store, &mkdir),
        FileOp::WriteFile(file) => ops::write_file(store, &file),
        FileOp::WriteFiles(files) => ops::write_files(store, &files),
        FileOp::ReadFile(read) => ops::read_file(store, &read),
        FileOp::ReadFiles(paths) => ops::read_files(store, paths),
        FileOp::Delete { path, recursive } => ops::delete(store, &path, recursive),
        FileOp::SetPermissions(change) => ops::set_permissions(store, &change),
        FileOp::Glob(glob) => ops::glob(store, &glob),
        FileOp::Grep(grep) => ops::grep(store, &grep),
        FileOp::EditFile(edit) => ops::edit_file(store, &edit),
        FileOp::EditFiles(edit) => ops::edit_files(store, edit),
        FileOp::Move(request) => ops::move_path(store, &request),
        FileOp::Copy(request) => ops::copy(store, &request),
        FileOp::Tree { path, exclude, max_depth } => ops::tree(store, &path, &exclude, max_depth),
    }
}
