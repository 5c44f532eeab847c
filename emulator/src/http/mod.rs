//! From a request on the wire to the handler of its operation, and back.

pub(crate) mod access;
pub(crate) mod auth;
mod body;
pub(crate) mod control_access;
mod dispatch;
pub(crate) mod operation;
mod refused_by;
mod reply;
mod reply_body;
mod route;
mod sdk;
mod status;
mod vocabulary;

pub(crate) use body::{BodyError, read as read_body};
pub(crate) use dispatch::{Hangup, Request, answer};
pub(crate) use operation::Operation;
pub(crate) use refused_by::RefusedBy;
pub(crate) use reply::{Content, Failure, Reply};
pub(crate) use reply_body::ReplyBody;
pub(crate) use sdk::Sdk;
pub(crate) use vocabulary::{VOCABULARY, of as vocabulary};
