//! What outlives the emulator's process, in one folder of the host.
//!
//! [`DataFolder`] is the [`Storage`](leap0_emulator_core::storage::Storage) of `--data-dir`. A
//! database beside which lie the files of large objects, one thread that writes it, and a lock that
//! keeps a second emulator out. `README.md` has the format and what is on the disk when.

mod backend;
mod database;
mod disk;
mod entry;
mod error;
#[cfg(feature = "faults")]
mod faults;
mod file_changes;
mod folder;
mod format;
mod images;
mod ledger;
mod object_files;
mod open;
mod overlay;
mod reader;
mod record;
mod reserve;
mod tables;
mod transaction;
mod verify;
mod writer;

pub use error::OpenError;
#[cfg(feature = "faults")]
pub use faults::{Fault, Faults};
pub use folder::DataFolder;
pub use verify::{Report, verify};
