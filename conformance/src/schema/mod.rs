//! What is looked at in every exchange, whatever the check that made it is about.

mod observer;
mod path;
mod validate;

pub(crate) use observer::{Observed, Observer};
pub(crate) use path::operation;
