//! Families of rules, in the order in which the register lists them.

/// A group of rules whose ids begin alike.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// What the ids begin with, without the hyphen after it.
    pub prefix: &'static str,
    /// What the rules are about.
    pub title: &'static str,
    pub(crate) members: Members,
}

/// What follows the prefix in an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    /// Two digits, rising.
    Numbered,
    /// The name of an operation, in capitals.
    Operations,
    /// A word for an operation and a state of the sandbox.
    Cells,
}

/// Every family.
pub const FAMILIES: &[Family] = {
    use Members::{Cells, Numbered, Operations};
    &[
        family("AUTH", "Keys", Numbered),
        family("WIRE", "HTTP and JSON", Numbered),
        family("REQ", "Requests in every dialect", Numbered),
        family("RESP", "Answers in every dialect", Numbered),
        family("SB", "Sandboxes", Numbered),
        family("SB-CREATE", "Creating a sandbox", Numbered),
        family("SB-GET", "Reading a sandbox", Numbered),
        family("SB-LIST", "Listing sandboxes", Numbered),
        family("SB-PAUSE", "Pausing and resuming a sandbox", Numbered),
        family("SB-STOP", "Stopping a sandbox", Numbered),
        family("SB-START", "Starting a sandbox", Numbered),
        family("SB-TMO", "Timeouts", Numbered),
        family("SB-DEL", "Deleting a sandbox", Numbered),
        family("SNAP-CREATE", "Creating a snapshot", Numbered),
        family("SNAP-KILL", "Creating a snapshot and ending its source", Numbered),
        family("SNAP-PAUSE", "Pausing into a snapshot", Numbered),
        family("SNAP-REST", "Restoring a snapshot", Numbered),
        family("SNAP-LIST", "Listing snapshots", Numbered),
        family("SNAP-DEL", "Deleting a snapshot", Numbered),
        family("FS-OP", "Operations on files", Operations),
        family("FS", "Files", Numbered),
        family("PROC-OP", "Operations on processes", Operations),
        family("PROC", "Commands", Numbered),
        family("SYS-OP", "Operations on the system", Operations),
        family("STATE", "What each operation answers in each state", Cells),
        family("NET", "Network policies", Numbered),
        family("LIM", "Limits", Numbered),
        family("CTL", "Control of a local server", Numbered),
    ]
};

/// The operations that [`Members::Cells`] names, in their order.
pub(crate) const CELL_OPERATIONS: &[&str] =
    &["GET", "DELETE", "PAUSE", "STOP", "START", "SNAPSHOT", "MOUNTS", "USE"];

/// The states that [`Members::Cells`] names, in their order.
pub(crate) const CELL_STATES: &[&str] = &[
    "STARTING",
    "RUNNING",
    "SNAPSHOTTING",
    "PAUSED",
    "UNPAUSING",
    "STOPPING",
    "STOPPED",
    "DELETING",
    "ABSENT",
];

const fn family(prefix: &'static str, title: &'static str, members: Members) -> Family {
    Family { prefix, title, members }
}

impl Members {
    /// The place in its family of the rule whose id ends in `tail`, if there can be such a rule.
    /// Operations have no order among them.
    pub(crate) fn place(self, tail: &str) -> Option<usize> {
        match self {
            Self::Numbered => {
                let digits = tail.len() == 2 && tail.bytes().all(|byte| byte.is_ascii_digit());
                let number = if digits { tail.parse().ok() } else { None };
                number.filter(|number| *number > 0)
            }
            Self::Operations => {
                let word =
                    |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase());
                tail.split('-').all(word).then_some(0)
            }
            Self::Cells => {
                let (operation, state) = tail.split_once('-')?;
                let row = CELL_OPERATIONS.iter().position(|known| *known == operation)?;
                let column = CELL_STATES.iter().position(|known| *known == state)?;
                Some(row * CELL_STATES.len() + column)
            }
        }
    }
}
