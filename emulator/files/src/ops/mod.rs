//! One module an operation, or a family of them.

mod copy;
mod delete;
mod describe;
mod edit;
mod glob;
mod grep;
mod ls;
mod mkdir;
mod move_path;
mod permissions;
mod read;
mod tree;
mod write;

pub use edit::MAX_EDIT_BYTES;
pub use grep::{MAX_GREP_BYTES, MAX_GREP_LINE_BYTES, MAX_GREP_MATCHES, MAX_REGEX_BYTES};
pub use read::MAX_READ_BYTES;

pub(crate) use copy::copy;
pub(crate) use delete::delete;
pub(crate) use describe::{exists, stat};
pub(crate) use edit::{edit_file, edit_files};
pub(crate) use glob::glob;
pub(crate) use grep::grep;
pub(crate) use ls::ls;
pub(crate) use mkdir::mkdir;
pub(crate) use move_path::move_path;
pub(crate) use permissions::set_permissions;
pub(crate) use read::{read_file, read_files};
pub(crate) use tree::tree;
pub(crate) use write::{write_file, write_files};
