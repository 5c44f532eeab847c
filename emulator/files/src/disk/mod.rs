//! The store over the file system of this machine, as the user that this process runs as.
//!
//! The kernel resolves paths and checks permissions. What is added here is what single calls of the
//! kernel don't promise: modes that no umask touches, writes that are undone when they fail, and
//! that nothing waits for the other end of a pipe.
//!
//! Two promises of [`Store`](crate::Store) a disk can't keep whole: a tree whose removal fails has
//! lost what was removed before, and a file whose disk breaks while it is overwritten is damaged.

mod names;
mod refusal;
mod remove;
mod replace;
mod store;

#[cfg(test)]
mod tests;

pub use store::DiskStore;
