//! The model on a socket: a server in this process, for the suite to be judged by.

mod server;
mod wire;

pub(crate) use server::Reference;

/// The key that the reference server knows.
pub(crate) const KEY: &str = "reference-key";
/// The key of another organisation.
pub(crate) const OTHER_KEY: &str = "reference-other";
