//! One handler per operation: read the request, ask the service, write the answer.

pub(crate) mod control;
mod files;
mod process;
mod sandboxes;
mod snapshots;
mod system;

use crate::http::{Failure, Operation, Reply, Request};

/// Carries out a built operation.
pub(crate) async fn handle(request: Request) -> Result<Reply, Failure> {
    let result = match request.operation {
        Operation::SandboxCreate => sandboxes::create(&request).await,
        Operation::SandboxGet => sandboxes::get(&request),
        Operation::SandboxList => sandboxes::list(&request),
        Operation::SandboxDelete => sandboxes::delete(&request).await,
        Operation::SandboxPause => sandboxes::pause(&request).await,
        Operation::SandboxStop => sandboxes::stop(&request).await,
        Operation::SandboxStart => sandboxes::start(&request).await,
        Operation::SnapshotCreate => snapshots::create(&request).await,
        Operation::SnapshotPause => snapshots::pause(&request).await,
        Operation::SnapshotRestore => snapshots::restore(&request).await,
        Operation::SnapshotList => snapshots::list(&request),
        Operation::SnapshotDelete => snapshots::delete(&request).await,
        Operation::ProcessExecute => process::execute(&request).await,
        Operation::FsLs
        | Operation::FsStat
        | Operation::FsExists
        | Operation::FsMkdir
        | Operation::FsWriteFile
        | Operation::FsReadFile
        | Operation::FsDelete
        | Operation::FsWriteFiles
        | Operation::FsReadFiles
        | Operation::FsSetPermissions
        | Operation::FsGlob
        | Operation::FsGrep
        | Operation::FsEditFile
        | Operation::FsEditFiles
        | Operation::FsMove
        | Operation::FsCopy
        | Operation::FsTree => files::perform(&request).await,
        Operation::SystemWorkdir => system::workdir(&request).await,
        Operation::SystemUserHomeDir => system::user_home_dir(&request).await,
        Operation::NotBuilt => return Err(Failure::not_built("this operation")),
    };
    result.map_err(|refused| refused.into_failure(request.operation))
}

/// Why a handler refused: the request itself, or the service.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The request is malformed, or asks for what is not built.
    Request(Failure),
    /// The service said no.
    Service(leap0_emulator_core::service::ServiceError),
}

impl Refused {
    fn into_failure(self, operation: Operation) -> Failure {
        match self {
            Self::Request(failure) => failure,
            Self::Service(error) => Failure::of_service(operation, &error),
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Request(failure)
    }
}

impl From<Vec<crate::wire::FieldError>> for Refused {
    fn from(errors: Vec<crate::wire::FieldError>) -> Self {
        Self::Request(Failure::invalid(errors))
    }
}

impl From<leap0_emulator_core::service::ServiceError> for Refused {
    fn from(error: leap0_emulator_core::service::ServiceError) -> Self {
        Self::Service(error)
    }
}
