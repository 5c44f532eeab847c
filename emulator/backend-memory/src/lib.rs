//! An in-memory back end whose sandboxes have contents.
//!
//! A machine is a tree of files and whatever commands run in it. The tree is
//! structure-shared, so snapshot, pause, restore and fork are O(1) whatever it holds. Commands are
//! run by a shell interpreter inside this process, each on a thread of its own, and see nothing but
//! the tree: no file, process, variable or network of the host.
//!
//! It does not keep processes: they end with their machine. It does not know the filesystem API,
//! whose meaning is `leap0-files`, nor any lifecycle rule.
//!
//! ```text
//! MemoryBackend ──▶ MemoryMachine ──▶ Files (the tree under its lock)
//!                        │               ▲            ▲
//!                        │               │ View       │ ShellFiles
//!                        ├── files() ────┘            │
//!                        └── exec() ──▶ shell (a thread for each command)
//! ```

mod archive;
mod backend;
mod files;
mod gate;
mod kept;
mod live;
mod machine;
mod saved;
mod shell;
mod template;
mod tree;
mod view;

pub use backend::{MemoryBackend, Settings};
