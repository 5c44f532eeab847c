//! What can be said to each built operation, and what the vendor documents as its errors.

/// The words of one operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vocabulary {
    /// The operation's name.
    pub(crate) operation: &'static str,
    /// Parameters of all eras, in the body or the query.
    pub(crate) parameters: &'static [&'static str],
    /// Error statuses beside 401, which every operation has.
    pub(crate) errors: &'static [u16],
}

const fn words(
    operation: &'static str,
    parameters: &'static [&'static str],
    errors: &'static [u16],
) -> Vocabulary {
    Vocabulary { operation, parameters, errors }
}

const RESTORE: &[&str] =
    &["snapshot_name", "snapshot_id", "timeout", "timeout_min", "auto_pause", "network_policy"];
const LIST: [&str; 3] = ["sort", "order-by", "page"];

/// One entry for each built operation.
pub(crate) const VOCABULARY: &[Vocabulary] = &[
    words(
        "sandbox/create",
        &[
            "template_name",
            "env_vars",
            "mounts",
            "vcpu",
            "memory",
            "memory_mib",
            "timeout",
            "timeout_min",
            "auto_pause",
            "network_policy",
            // Sent by the Go client, and ignored.
            "otel_export",
            "telemetry",
        ],
        &[400, 409],
    ),
    words("sandbox/get", &[], &[404]),
    words(
        "sandbox/list",
        &["state", LIST[0], LIST[1], "order_by", LIST[2], "page-size", "page_size"],
        &[400],
    ),
    words("sandbox/delete", &[], &[404, 409]),
    words("sandbox/pause", &[], &[404, 409]),
    words("sandbox/stop", &[], &[404, 409]),
    words("sandbox/start", &[], &[404, 409, 429, 503]),
    words("snapshot/create", &["name", "kill_sandbox_after"], &[400, 404, 409]),
    words("snapshot/pause", &["name"], &[400, 404, 409]),
    words("snapshot/resume", RESTORE, &[400, 404, 429, 503]),
    words("snapshot/restore", RESTORE, &[400, 404, 429, 503]),
    words(
        "snapshot/list",
        &["query", LIST[0], LIST[1], "order_by", LIST[2], "page-size", "page_size"],
        &[400],
    ),
    words("snapshot/delete", &[], &[404, 409]),
    words("process/execute", &["command", "cwd", "envs", "env", "timeout"], &[400]),
    words("system/workdir", &[], &[404]),
    words("system/user-home-dir", &[], &[404]),
    words("filesystem/ls", &["path", "recursive", "exclude"], &[400, 404]),
    words("filesystem/stat", &["path"], &[400, 404]),
    words("filesystem/exists", &["path"], &[400]),
    words("filesystem/mkdir", &["path", "recursive", "permissions"], &[400, 409]),
    words("filesystem/write-file", &["path", "permissions"], &[400]),
    words("filesystem/write-files", &[], &[400]),
    words("filesystem/read-file", &["path", "offset", "limit", "head", "tail"], &[400, 404]),
    words("filesystem/read-files", &["paths"], &[400]),
    words("filesystem/delete", &["path", "recursive"], &[400, 404]),
    words("filesystem/set-permissions", &["path", "mode", "owner", "group"], &[400, 404]),
    words("filesystem/glob", &["path", "pattern", "exclude"], &[400]),
    words("filesystem/grep", &["path", "pattern", "include", "exclude"], &[400]),
    words("filesystem/edit-file", &["path", "edits"], &[400, 404]),
    words("filesystem/edit-files", &["files", "find", "replace"], &[400]),
    words("filesystem/move", &["src_path", "dst_path", "overwrite"], &[400, 404]),
    words("filesystem/copy", &["src_path", "dst_path", "recursive", "overwrite"], &[400, 404, 409]),
    words("filesystem/tree", &["path", "exclude", "max_depth"], &[400, 404]),
];

/// The words of an operation, if it is built.
pub(crate) fn of(operation: &str) -> Option<&'static Vocabulary> {
    VOCABULARY.iter().find(|words| words.operation == operation)
}

#[cfg(test)]
mod tests {
    use super::super::operation;
    use super::*;

    #[test]
    fn every_built_operation_has_its_words_and_no_other() {
        let (mut built, _) = operation::names();
        let mut known: Vec<_> = VOCABULARY.iter().map(|words| words.operation).collect();
        built.sort_unstable();
        known.sort_unstable();
        assert_eq!(built, known);
    }
}
