//! From a request on the wire to the handler of its operation, and back.

pub(crate) mod auth;
mod body;
mod dispatch;
pub(crate) mod operation;
mod reply;
mod route;
mod status;

pub(crate) use body::{BodyError, read as read_body};
pub(crate) use dispatch::{Request, answer};
pub(crate) use operation::Operation;
pub(crate) use reply::{Content, Failure, Reply};
