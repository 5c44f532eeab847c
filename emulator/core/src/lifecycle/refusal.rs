//! Why an event is refused.

use super::State;

/// An event that this phase does not allow. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The operation needs a running sandbox (SB-PAUSE-02, SB-STOP-01, SNAP-CREATE-02).
    #[error("sandbox is not running (state: {0})")]
    NotRunning(State),
    /// The operation needs a stopped sandbox (SB-START-01).
    #[error("sandbox is not stopped (state: {0})")]
    NotStopped(State),
    /// The operation needs a sandbox that is not changing its state (SB-DEL-02).
    #[error("sandbox is in a transition state ({0})")]
    InTransition(State),
    /// A stopped sandbox does not start by itself (SB-STOP-03).
    #[error("sandbox is {0}; start it with POST /v1/sandbox/{{id}}/start")]
    PoweredOff(State),
    /// The sandbox is being or has been removed.
    #[error("sandbox not found")]
    Gone,
    /// An effect's outcome arrived where none is under way.
    #[error("no effect is under way (state: {0})")]
    NothingUnderWay(State),
}
