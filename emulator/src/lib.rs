//! The Leap0 REST API on a socket.
//!
//! ```text
//! http ──▶ handlers ──▶ wire        (bytes ⇄ requests and answers, in every dialect)
//!             └───────▶ service     (leap0-emulator-core)
//! ```
//!
//! `http` owns sockets, routes, keys, the order of checks and the status of every answer; `wire`
//! owns JSON, query strings and media types; `handlers` join the two with the service.

mod handlers;
mod http;
pub mod server;
mod tenant;
mod wire;

pub use http::access::Access;
pub use http::auth::{ApiKey, Keys};
pub use http::control_access::{ControlAccess, ControlToken};
pub use server::{Dropped, Emulator, Limits};
