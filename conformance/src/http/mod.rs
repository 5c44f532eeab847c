//! What goes over the wire: requests, answers, and the client that keeps both.

mod answer;
mod client;
mod multipart;
mod request;

pub(crate) use answer::{Answer, Exchange};
pub(crate) use client::{BadUrl, Client, Origin};
pub(crate) use multipart::{form, parts};
pub(crate) use request::{Auth, Request};
