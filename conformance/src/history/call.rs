//! What clients asked for, when, and what they were told.

/// Calls of several clients on one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// Where it was recorded, for people.
    pub(crate) target: String,
    /// The seed that its calls were chosen by.
    pub(crate) seed: u64,
    /// Whether the target refuses to delete a snapshot while a copy of it runs, as was seen when
    /// nothing else was going on. Not everybody does (SNAP-DEL-05).
    pub(crate) keeps_used: bool,
    /// In no order.
    pub(crate) calls: Vec<Call>,
}

/// One call of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) client: usize,
    pub(crate) operation: Operation,
    /// When it was sent, in nanoseconds since the history began.
    pub(crate) begin: u64,
    /// None if the call is open: what it asks for may happen at any later time, or never.
    pub(crate) answer: Option<Told>,
}

/// What was asked for. Sandboxes and snapshots go by their ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Create,
    Get {
        sandbox: String,
    },
    Pause {
        sandbox: String,
    },
    Stop {
        sandbox: String,
    },
    Start {
        sandbox: String,
    },
    Delete {
        sandbox: String,
    },
    Capture {
        sandbox: String,
        name: String,
    },
    Restore {
        name: String,
    },
    DeleteSnapshot {
        snapshot: String,
    },
    /// A look for snapshots of exactly this name in the list.
    Find {
        name: String,
    },
    Write {
        sandbox: String,
        file: String,
        value: String,
    },
    Read {
        sandbox: String,
        file: String,
    },
    /// A command that writes a value to a file.
    Execute {
        sandbox: String,
        file: String,
        value: String,
    },
}

/// An answer, as far as a judge looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// When it was there, in nanoseconds since the history began.
    pub(crate) end: u64,
    pub(crate) status: u16,
    /// The state of the sandbox.
    pub(crate) state: Option<String>,
    /// The id of what was made.
    pub(crate) made: Option<String>,
    /// The ids of the snapshots that were found.
    pub(crate) found: Vec<String>,
    /// What was in the file.
    pub(crate) value: Option<String>,
    /// How the command ended.
    pub(crate) exit_code: Option<i64>,
}

impl Operation {
    /// The sandbox that it acts on.
    pub(crate) fn sandbox(&self) -> Option<&str> {
        match self {
            Self::Get { sandbox }
            | Self::Pause { sandbox }
            | Self::Stop { sandbox }
            | Self::Start { sandbox }
            | Self::Delete { sandbox }
            | Self::Capture { sandbox, .. }
            | Self::Write { sandbox, .. }
            | Self::Read { sandbox, .. }
            | Self::Execute { sandbox, .. } => Some(sandbox),
            Self::Create
            | Self::Restore { .. }
            | Self::DeleteSnapshot { .. }
            | Self::Find { .. } => None,
        }
    }

    /// What it writes to a file.
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::Write { value, .. } | Self::Execute { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The name in files and in the register.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Create => "sandbox/create",
            Self::Get { .. } => "sandbox/get",
            Self::Pause { .. } => "sandbox/pause",
            Self::Stop { .. } => "sandbox/stop",
            Self::Start { .. } => "sandbox/start",
            Self::Delete { .. } => "sandbox/delete",
            Self::Capture { .. } => "snapshot/create",
            Self::Restore { .. } => "snapshot/restore",
            Self::DeleteSnapshot { .. } => "snapshot/delete",
            Self::Find { .. } => "snapshot/list",
            Self::Write { .. } => "filesystem/write-file",
            Self::Read { .. } => "filesystem/read-file",
            Self::Execute { .. } => "process/execute",
        }
    }
}

impl Call {
    pub(crate) fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|told| told.status)
    }
}
