//! QEMU's two JSON protocols: QMP, which drives a machine from outside, and that of
//! `qemu-guest-agent`, which answers from inside.
//!
//! The commands and their answers are the `qapi` crate's types. The client that carries them is
//! ours, because a call that nobody waits for any more, an event that a newer QEMU invented or an
//! answer left over from a restored snapshot are ordinary here and must not end a connection.

mod agent;
mod client;
mod error;
mod monitor;

pub(crate) use agent::Agent;
pub(crate) use client::Client;
pub(crate) use error::QmpError;
pub(crate) use monitor::{BlockdevAdd, Monitor};

#[cfg(test)]
mod tests;
