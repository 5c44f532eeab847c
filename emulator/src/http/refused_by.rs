//! Which rule refused a request, for the report of what a client did.

use leap0_emulator_core::lifecycle::Refusal;
use leap0_emulator_core::service::ServiceError;
use leap0_files::{FileError, StoreError};

use super::Operation;

/// The id of the rule behind a refusal, as it travels with the answer. It is not sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedBy(pub(crate) &'static str);

/// The rule behind what the service refused; `None` where it failed, or where several rules meet.
pub(super) fn of_service(operation: Operation, error: &ServiceError) -> Option<&'static str> {
    match error {
        ServiceError::SandboxNotFound => Some("SB-GET-02"),
        ServiceError::SnapshotNotFound => Some("SNAP-DEL-04"),
        ServiceError::NoSuchSnapshot(_) => Some("SNAP-REST-02"),
        ServiceError::Refused(refusal) => of_refusal(operation, *refusal),
        ServiceError::NameTaken(_) => Some("SNAP-CREATE-08"),
        ServiceError::NameReserved(_) => Some("SNAP-CREATE-09"),
        ServiceError::LimitReached { .. } => match operation {
            Operation::SnapshotRestore => Some("SNAP-REST-09"),
            Operation::SandboxStart => Some("SB-START-03"),
            _ => Some("SB-CREATE-05"),
        },
        ServiceError::SnapshotInUse { .. } => Some("SNAP-DEL-03"),
        ServiceError::Interrupted(_) => Some("PROC-11"),
        ServiceError::NoSuchDirectory(_) => Some("PROC-04"),
        ServiceError::File(error) => of_file(error),
        ServiceError::NoCapacity(_)
        | ServiceError::NotSaved(_)
        | ServiceError::MachineFailed
        | ServiceError::InTransition
        | ServiceError::CannotFork
        | ServiceError::CannotExport
        | ServiceError::BadArchive(_) => None,
    }
}

fn of_refusal(operation: Operation, refusal: Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::NotRunning(_) => match operation {
            Operation::SandboxPause => Some("SB-PAUSE-02"),
            Operation::SandboxStop => Some("SB-STOP-01"),
            _ => Some("SNAP-CREATE-02"),
        },
        Refusal::NotStopped(_) => Some("SB-START-01"),
        Refusal::InTransition(_) => Some("SB-DEL-02"),
        Refusal::PoweredOff(_) => Some("SB-STOP-03"),
        Refusal::Gone => Some("SB-GET-02"),
        Refusal::NothingUnderWay(_) => None,
    }
}

fn of_file(error: &FileError) -> Option<&'static str> {
    match error {
        FileError::Store { error, .. } => match error {
            StoreError::NotFound => Some("FS-04"),
            StoreError::Denied => Some("FS-03"),
            StoreError::NotADirectory
            | StoreError::IsADirectory
            | StoreError::AlreadyExists
            | StoreError::NotEmpty
            | StoreError::LinkLoop
            | StoreError::NameTooLong
            | StoreError::NoSpace
            | StoreError::Invalid
            | StoreError::Other(_) => None,
        },
        FileError::NotARegularFile { .. } => Some("FS-05"),
        // FS-02 or FS-09, and FS-08 or FS-10, by the operation.
        FileError::Exists { .. } | FileError::NeedsRecursive { .. } | FileError::Invalid { .. } => {
            None
        }
    }
}
