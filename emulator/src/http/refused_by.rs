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

/// The rule behind a 400 that names this field first, as far as one rule speaks of the field.
pub(super) fn of_field(operation: Operation, field: &str) -> Option<&'static str> {
    let name = field.split(['.', '[']).next().unwrap_or_default();
    let of_files = of_file_operation(operation);
    if name == "body" {
        // What is no JSON object, but for those whose body is none.
        return Some(
            of_files.filter(|_| operation == Operation::FsWriteFiles).unwrap_or("WIRE-07"),
        );
    }
    if of_files.is_some() {
        return of_files;
    }
    match (operation, name) {
        (Operation::SandboxCreate, "template_name") => Some("SB-CREATE-02"),
        (Operation::SandboxCreate, "env_vars") => Some("SB-CREATE-11"),
        (Operation::SandboxCreate, "mounts") => Some("SB-CREATE-12"),
        (Operation::SandboxCreate, "auto_pause") => Some("SB-CREATE-09"),
        (Operation::SandboxCreate | Operation::SnapshotRestore, "network_policy") => Some("NET-01"),
        (
            Operation::SandboxCreate | Operation::SnapshotRestore,
            "vcpu" | "memory" | "memory_mib" | "timeout" | "timeout_min",
        ) => Some("SB-CREATE-03"),
        (Operation::SnapshotRestore, "snapshot_name" | "snapshot_id") => Some("SNAP-REST-02"),
        (Operation::SnapshotRestore, "auto_pause") => Some("SNAP-REST-05"),
        (Operation::SnapshotCreate | Operation::SnapshotPause, "name") => Some("SNAP-CREATE-06"),
        (Operation::SnapshotCreate, "kill_sandbox_after") => Some("SNAP-KILL-01"),
        (Operation::ProcessExecute, "timeout") => Some("PROC-06"),
        (Operation::ProcessExecute, "cwd") => Some("PROC-04"),
        (Operation::ProcessExecute, "env" | "envs") => Some("REQ-05"),
        (Operation::ProcessExecute, _) => Some("PROC-OP-EXECUTE"),
        _ => None,
    }
}

/// The rule that says what a filesystem operation takes.
fn of_file_operation(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::FsLs => "FS-OP-LS",
        Operation::FsStat => "FS-OP-STAT",
        Operation::FsExists => "FS-OP-EXISTS",
        Operation::FsMkdir => "FS-OP-MKDIR",
        Operation::FsWriteFile => "FS-OP-WRITE-FILE",
        Operation::FsWriteFiles => "FS-OP-WRITE-FILES",
        Operation::FsReadFile => "FS-OP-READ-FILE",
        Operation::FsReadFiles => "FS-OP-READ-FILES",
        Operation::FsDelete => "FS-OP-DELETE",
        Operation::FsSetPermissions => "FS-OP-SET-PERMISSIONS",
        Operation::FsGlob => "FS-OP-GLOB",
        Operation::FsGrep => "FS-OP-GREP",
        Operation::FsEditFile => "FS-OP-EDIT-FILE",
        Operation::FsEditFiles => "FS-OP-EDIT-FILES",
        Operation::FsMove => "FS-OP-MOVE",
        Operation::FsCopy => "FS-OP-COPY",
        Operation::FsTree => "FS-OP-TREE",
        _ => return None,
    })
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
