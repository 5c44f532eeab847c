//! What clients ask for, carried out: lock, step, commit, unlock, then the effect.
//!
//! A request waits for an effect but does not own it: the effect runs in a task of its own, so a
//! client that hangs up strands nothing. The lock of a world is never held across an `await`.

mod archive;
mod drive;
mod end;
mod error;
mod fault;
mod guest;
mod host;
mod keep;
mod page;
mod rate;
mod recall;
mod records;
mod sandbox;
mod sandboxes;
mod settings;
mod share;
mod shelf;
mod snapshots;
mod state;
#[cfg(test)]
mod tests;
mod time;
mod transitions;
mod world;

pub use error::ServiceError;
pub use fault::FaultPoint;
pub use host::Host;
pub use page::{Listing, Order, Page, SandboxQuery, SandboxSort, SnapshotQuery, SnapshotSort};
pub use recall::{RecallError, Recalled};
pub use sandbox::{Sandbox, Spec};
pub use settings::{DeleteInUse, PauseSource, Settings, TimeoutAction};
pub use shelf::Snapshot;
pub use snapshots::{CreateSnapshot, Restore, SnapshotRef, SourceAfter};
pub use transitions::Transitions;
pub use world::World;
