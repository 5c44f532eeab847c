//! The commands of a sequence.

/// A command. It names what it acts on by the step that made it, so that a sequence without some
/// of its steps still means the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The number of the step, which a shorter sequence keeps.
    pub(crate) label: usize,
    /// The step that made what this one acts on.
    pub(crate) on: Option<usize>,
    pub(crate) action: Action,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Makes a sandbox.
    Create,
    /// Writes a value that no other step writes to one of a few files.
    Write(usize),
    /// Reads the state and every file.
    Look,
    Pause,
    Stop,
    Start,
    /// Makes a snapshot, with a name of its own or that of an earlier one.
    Snapshot {
        kill: bool,
    },
    /// Makes a snapshot under the name that another step has given.
    SnapshotAgain {
        name_of: usize,
    },
    /// Makes a sandbox from a snapshot.
    Restore,
    DeleteSnapshot,
    Delete,
}

/// The files that are written: two on disk, two in memory.
pub(crate) const FILES: [&str; 4] = ["/tmp/one", "/tmp/two", "/dev/shm/one", "/dev/shm/two"];

impl Step {
    /// Whether the step makes a sandbox.
    pub(crate) fn makes_sandbox(&self) -> bool {
        matches!(self.action, Action::Create | Action::Restore)
    }

    /// Whether the step makes a snapshot.
    pub(crate) fn makes_snapshot(&self) -> bool {
        matches!(self.action, Action::Snapshot { .. })
    }

    /// The steps that this one can't do without.
    pub(crate) fn needs(&self) -> Vec<usize> {
        let mut needs: Vec<usize> = self.on.into_iter().collect();
        if let Action::SnapshotAgain { name_of } = self.action {
            needs.push(name_of);
        }
        needs
    }

    /// The same, acting on what `heir` made where it acted on what `step` made.
    pub(crate) fn with(&self, step: usize, heir: usize) -> Self {
        let moved = |label: usize| if label == step { heir } else { label };
        let action = match self.action {
            Action::SnapshotAgain { name_of } => Action::SnapshotAgain { name_of: moved(name_of) },
            action => action,
        };
        Self { label: self.label, on: self.on.map(moved), action }
    }

    /// The value that the step writes.
    pub(crate) fn value(&self) -> String {
        format!("written by step {}", self.label)
    }
}
