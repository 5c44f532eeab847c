//! A call in numbers, as the search goes through it by the thousand.

/// One call, or a part of one that has a time of its own.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) kind: Kind,
    pub(super) reply: Reply,
    pub(super) begin: u64,
    /// `u64::MAX` if it is open.
    pub(super) end: u64,
    /// Whether somebody may have seen it half done, so that it has to be taken in steps.
    pub(super) stepwise: bool,
    /// Whether it was answered before it was done.
    pub(super) early: bool,
    /// Whether its sandbox may be paused while it is under way, so that it makes a difference
    /// whether it has still to be done: it may have to wake the sandbox again.
    pub(super) wakeful: bool,
    /// If it acts on a restored sandbox: the name of the snapshot.
    pub(super) copy_of: Option<u32>,
    /// Its place in the history.
    pub(super) origin: usize,
}

/// What it does, with numbers for names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Create {
        made: u32,
    },
    Get {
        sandbox: u32,
        seen: Seen,
    },
    Pause {
        sandbox: u32,
    },
    Stop {
        sandbox: u32,
    },
    Start {
        sandbox: u32,
    },
    Delete {
        sandbox: u32,
    },
    Capture {
        sandbox: u32,
        name: u32,
        made: u32,
    },
    Restore {
        name: u32,
        made: u32,
    },
    DeleteSnapshot {
        name: u32,
        snapshot: u32,
    },
    Find {
        name: u32,
        found: Found,
    },
    Write {
        sandbox: u32,
        file: u32,
        value: u32,
    },
    Read {
        sandbox: u32,
        file: u32,
        value: u32,
    },
    /// A use that changes no file: it may wake a sandbox, or be refused.
    Touch {
        sandbox: u32,
    },
}

/// What a look at a sandbox showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    Running,
    Paused,
    Stopped,
    /// Any state that is on the way to another.
    Passing,
    Gone,
}

/// What a look for a name showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Found {
    Nothing,
    One(u32),
    Several,
}

/// How it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reply {
    /// It may be done, before its end if it has one, or not.
    Open,
    Done,
    /// 404
    Missing,
    /// 409
    Conflict,
}

/// The value of a file that is not there.
pub(super) const ABSENT: u32 = u32::MAX;
/// Every value that nobody ever reads: which of them it is makes no difference.
pub(super) const UNREAD: u32 = u32::MAX - 1;

impl Kind {
    /// The sandbox that it is sent to.
    pub(super) fn sandbox(&self) -> Option<u32> {
        match *self {
            Self::Get { sandbox, .. }
            | Self::Pause { sandbox }
            | Self::Stop { sandbox }
            | Self::Start { sandbox }
            | Self::Delete { sandbox }
            | Self::Capture { sandbox, .. }
            | Self::Write { sandbox, .. }
            | Self::Read { sandbox, .. }
            | Self::Touch { sandbox } => Some(sandbox),
            Self::Create { .. }
            | Self::Restore { .. }
            | Self::DeleteSnapshot { .. }
            | Self::Find { .. } => None,
        }
    }

    /// The sandbox that it makes.
    pub(super) fn made(&self) -> Option<u32> {
        match *self {
            Self::Create { made } | Self::Restore { made, .. } => Some(made),
            _ => None,
        }
    }

    /// The name of the snapshot that it is about.
    pub(super) fn name(&self) -> Option<u32> {
        match *self {
            Self::Capture { name, .. }
            | Self::Restore { name, .. }
            | Self::DeleteSnapshot { name, .. }
            | Self::Find { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether it is served by what runs in the sandbox, and so wakes one that is paused.
    pub(super) fn is_use(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::Read { .. } | Self::Touch { .. })
    }
}

impl Task {
    pub(super) fn new(kind: Kind, reply: Reply, begin: u64, end: u64) -> Self {
        let (stepwise, early, wakeful, copy_of, origin) = (false, false, false, None, 0);
        Self { kind, reply, begin, end, stepwise, early, wakeful, copy_of, origin }
    }

    /// What two tasks have to have in common for their order to make no difference.
    pub(super) fn sameness(&self) -> (Kind, Reply, bool) {
        (self.kind, self.reply, self.early)
    }

    /// Whether it changes nothing when it is answered as it was.
    pub(super) fn is_look(&self) -> bool {
        match self.reply {
            Reply::Missing | Reply::Conflict => true,
            Reply::Done => {
                matches!(self.kind, Kind::Get { .. } | Kind::Read { .. } | Kind::Find { .. })
            }
            Reply::Open => false,
        }
    }
}
