//! Sandboxes and snapshots without HTTP and without machines: what they are, how they change, and
//! the ports that a back end, a clock and an id source stand behind.
//!
//! ```text
//! service ──▶ lifecycle   (pure: what should happen to this event in this state?)
//!    └──────▶ backend     (ports: verbs on a machine)
//! ```

pub mod backend;
pub mod clock;
pub mod id;
pub mod lifecycle;
pub mod service;
pub mod spec;
pub mod storage;
pub mod template;
