//! The status of every refusal, in one place.

use std::time::Duration;

use hyper::StatusCode;
use leap0_emulator_core::lifecycle::Refusal;
use leap0_emulator_core::service::ServiceError;
use leap0_files::{FileError, StoreError};

use super::{Failure, Operation, refused_by};
use crate::wire::FieldError;

/// Seconds after which a client may try again where a limit was reached.
const RETRY_AFTER_SECS: u64 = 1;

impl Failure {
    /// What `error` is answered with on `operation`.
    pub(crate) fn of_service(operation: Operation, error: &ServiceError) -> Self {
        let rule = refused_by::of_service(operation, error);
        Self { rule, ..Self::status_of_service(operation, error) }
    }

    /// With the rule of the field that it names first, if it does not know one yet.
    pub(crate) fn on(self, operation: Operation) -> Self {
        let first = self.errors.iter().flatten().next();
        let of_field = first.and_then(|error| refused_by::of_field(operation, error.field()));
        Self { rule: self.rule.or(of_field), ..self }
    }

    fn status_of_service(operation: Operation, error: &ServiceError) -> Self {
        let failure = |status| Self::new(status, error.to_string());
        match error {
            ServiceError::SandboxNotFound
            | ServiceError::SnapshotNotFound
            | ServiceError::NoSuchSnapshot(_) => failure(StatusCode::NOT_FOUND),
            ServiceError::Refused(refusal) => match refusal {
                Refusal::NotRunning(_)
                | Refusal::NotStopped(_)
                | Refusal::InTransition(_)
                | Refusal::PoweredOff(_)
                | Refusal::NothingUnderWay(_) => failure(StatusCode::CONFLICT),
                Refusal::Gone => failure(StatusCode::NOT_FOUND),
            },
            ServiceError::NameTaken(_)
            | ServiceError::NameReserved(_)
            | ServiceError::SnapshotInUse { .. }
            | ServiceError::Interrupted(_) => failure(StatusCode::CONFLICT),
            // The same limit is a conflict for a create and "too many" for a start or restore.
            ServiceError::LimitReached { .. } => match operation {
                Operation::SnapshotRestore | Operation::SandboxStart => Self {
                    retry_after: Some(RETRY_AFTER_SECS),
                    ..failure(StatusCode::TOO_MANY_REQUESTS)
                },
                _ => failure(StatusCode::CONFLICT),
            },
            ServiceError::InTransition => failure(StatusCode::CONFLICT),
            ServiceError::CannotFork | ServiceError::CannotExport => {
                failure(StatusCode::NOT_IMPLEMENTED)
            }
            ServiceError::BadArchive(rule) => {
                Self::invalid(vec![FieldError::new("body", rule.clone())])
            }
            ServiceError::NoSuchDirectory(_) => {
                Self::invalid(vec![FieldError::new("cwd", error.to_string())])
            }
            ServiceError::File(error) => Self::of_file(error),
            ServiceError::NoCapacity(_)
            | ServiceError::NotSaved(_)
            | ServiceError::MachineFailed => Self {
                retry_after: Some(RETRY_AFTER_SECS),
                ..failure(StatusCode::SERVICE_UNAVAILABLE)
            },
        }
    }

    /// The organisation has sent more requests than it may (LIM-04).
    pub(crate) fn too_many_requests(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let message = format!("rate limit reached; try again in {seconds} seconds");
        Self {
            retry_after: Some(seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, message).by("LIM-04")
        }
    }

    fn of_file(error: &FileError) -> Self {
        let failure = |status| Self::new(status, error.to_string());
        let invalid = || Self {
            errors: Some(vec![FieldError::new("path", error.to_string())]),
            ..failure(StatusCode::BAD_REQUEST)
        };
        match error {
            FileError::Store { error: store, .. } => match store {
                // FS-04
                StoreError::NotFound => failure(StatusCode::NOT_FOUND),
                // FS-03
                StoreError::Denied => failure(StatusCode::FORBIDDEN),
                StoreError::AlreadyExists => failure(StatusCode::CONFLICT),
                StoreError::NotADirectory
                | StoreError::IsADirectory
                | StoreError::NotEmpty
                | StoreError::LinkLoop
                | StoreError::NameTooLong
                | StoreError::NoSpace
                | StoreError::Invalid
                | StoreError::Other(_) => invalid(),
            },
            // FS-02, FS-09
            FileError::Exists { .. } => failure(StatusCode::CONFLICT),
            // FS-05, FS-08, FS-10
            FileError::NotARegularFile { .. } | FileError::NeedsRecursive { .. } => invalid(),
            FileError::Invalid { field, rule } => {
                Self::invalid(vec![FieldError::new(field.clone(), rule.clone())])
            }
        }
    }
}
