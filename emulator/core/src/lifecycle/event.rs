//! What happens to a sandbox, and what the service owes it in return.

use super::AfterSnapshot;

/// Something that happens to a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client wants to use what runs inside.
    Use,
    /// A client asks for a pause.
    Pause,
    /// A client asks for a stop.
    Stop,
    /// A client asks for a start.
    Start,
    /// A client asks for a named snapshot.
    Snapshot(AfterSnapshot),
    /// A client asks for its deletion.
    Delete,
    /// The clock has passed a deadline; possibly one that no longer counts.
    DeadlineReached,
    /// The effect under way has succeeded.
    EffectFinished,
    /// The effect under way has failed and changed nothing.
    EffectFailed,
}

/// What has to be done for a phase to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Boot a machine from the saved disk.
    Start,
    /// Store a named snapshot of the running machine.
    Snapshot,
    /// Save memory and disk and end the machine.
    Pause,
    /// Bring the machine back from its saved state.
    Resume,
    /// End the machine and keep its disk.
    Stop,
    /// Remove the machine, or what is saved of it.
    Destroy,
}
