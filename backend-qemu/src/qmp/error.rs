//! Why a command of QEMU's protocols failed.

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QmpError {
    /// The other side is gone, so the outcome is unknown.
    #[error("{command}: the connection ended")]
    Closed {
        /// The command that was to be answered.
        command: &'static str,
    },
    /// It refused.
    #[error("{command}: {error}")]
    Refused {
        /// The command.
        command: &'static str,
        /// Its answer.
        error: qapi::Error,
    },
    /// A job started and failed.
    #[error("job {job}: {error}")]
    Job {
        /// The job's id.
        job: String,
        /// What `query-jobs` says.
        error: String,
    },
    /// It said something that it may not say.
    #[error("{command}: {problem}")]
    Protocol {
        /// The command, or what was awaited.
        command: &'static str,
        /// What is wrong with the answer.
        problem: String,
    },
}
