//! Requests and answers in every dialect at once: requests are read in any client era's words,
//! answers carry the words of all of them.

mod error;
mod fields;
pub(crate) mod file_tree;
pub(crate) mod files;
pub(crate) mod list;
pub(crate) mod multipart;
mod network;
mod process;
mod query;
mod sandbox;
mod snapshot;
mod system;

pub(crate) use error::{ErrorBody, FieldError};
pub(crate) use fields::Fields;
pub(crate) use files::{EditOutcomeBody, ExistsBody, ItemsBody};
pub(crate) use list::{SandboxListBody, SnapshotListBody};
pub(crate) use process::{ExecBody, execute};
pub(crate) use sandbox::{SandboxBody, create_sandbox, rfc3339};
pub(crate) use snapshot::{SnapshotBody, create_snapshot, pause_snapshot, restore_snapshot};
pub(crate) use system::{UserHomeDirBody, WorkdirBody};
