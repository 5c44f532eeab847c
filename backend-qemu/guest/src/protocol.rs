//! What the emulator and the program inside a virtual machine say to each other over a virtio
//! serial port.
//!
//! The port is a pipe of bytes that a snapshot cuts anywhere: a machine restored from it first
//! emits what its source was about to say, and may hold half of a request that its source was about
//! to hear. So each [frame](crate::frame) can be told from rubbish, and carries the session that it
//! belongs to. A session begins with [`Request::Hello`] under a number that was never used before;
//! the guest then forgets whom it owed answers, and either side drops frames of other sessions.
//! Commands under way run on, unheard.

use std::collections::BTreeMap;

use leap0_files::{FileError, FileOp, FileReply};
use serde::{Deserialize, Serialize};

/// The name of the port, as `/sys/class/virtio-ports/*/name` shows it in the guest.
pub const PORT_NAME: &str = "io.leap0.guest";

/// Told by each side in its hello; sides that differ don't talk.
pub const VERSION: u32 = 1;

/// What a frame carries from the emulator to the guest, or back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message<T> {
    /// The session, drawn at random by the emulator.
    pub session: u64,
    /// The call within the session; its answer carries the same number.
    pub call: u32,
    /// What is asked or answered.
    pub body: T,
}

/// What the emulator asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Opens a session.
    Hello,
    /// The machine is new, or new again: it takes a name, the time and fresh randomness.
    Assume(Identity),
    /// Runs a command to its end; answered when it has ended.
    Exec(Exec),
    /// Performs a filesystem operation as the sandbox's user.
    Files(FileOp),
}

/// What the guest answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Request::Hello`].
    Hello {
        /// [`VERSION`] of the guest.
        version: u32,
    },
    /// To [`Request::Assume`].
    Assumed,
    /// To [`Request::Exec`].
    Exited(Exited),
    /// To [`Request::Exec`]: the working directory is missing or is no directory (PROC-04).
    NoSuchDirectory(String),
    /// To [`Request::Files`].
    Files(Result<FileReply, FileError>),
    /// To anything: it could not be done for a reason of the machine's own. The text is for a log.
    Failed(String),
}

/// Who a machine is from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its host name, also written to `/etc/hostname` and `/etc/hosts`.
    pub hostname: String,
    /// For `/etc/machine-id`.
    pub machine_id: [u8; 16],
    /// The time, in nanoseconds since 1970-01-01 UTC.
    pub unix_nanos: i64,
    /// Mixed into the kernel's random number generator, which then starts anew.
    pub entropy: [u8; 32],
}

/// A command for `/bin/sh -c` (PROC-01), run as the sandbox's user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exec {
    /// The script; not empty.
    pub script: String,
    /// The working directory (PROC-04).
    pub cwd: String,
    /// The whole environment; nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// After how many milliseconds its processes are killed (PROC-05).
    pub timeout_ms: u64,
    /// Most bytes of each of standard output and standard error; what goes beyond ends it.
    pub output_limit: u64,
}

/// What a command left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exited {
    /// How it ended.
    pub status: Status,
    /// Standard output.
    #[serde(with = "serde_bytes")]
    pub stdout: Vec<u8>,
    /// Standard error.
    #[serde(with = "serde_bytes")]
    pub stderr: Vec<u8>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It exited with this status.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It was killed at its timeout.
    TimedOut,
    /// It was killed for saying more than the limit.
    TooMuchOutput,
}
