//! The files of one machine, as a persistent tree.
//!
//! Owns what Linux would call the file system: directories, files, links and devices with owners
//! and permission bits, how a path is walked, who may do what, and how much room is left. Nodes are
//! shared by `Arc` and changed by copying the path to them, so a clone of a [`Tree`] is O(1)
//! whatever it holds, and the two clones never see each other's changes.
//!
//! It does not lock, does not know the time, and knows neither the filesystem API nor the shell:
//! those are views over it.

mod access;
mod attributes;
mod create;
mod node;
mod read;
mod remove;
mod root;
mod space;
mod users;
mod walk;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

pub(crate) use access::{Caller, Right};
pub(crate) use node::{Body, Device, Node, Stamp};
pub(crate) use read::Contents;
pub(crate) use root::{MAX_DEPTH, Tree};
pub(crate) use space::{ENTRY_BYTES, Space};
pub(crate) use users::{Group, User, group, passwd};
pub(crate) use walk::Links;
