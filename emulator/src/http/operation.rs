//! Every operation of the vendor's API, with its method and path: the one table of routes.

use hyper::Method;

/// An operation that is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    SandboxCreate,
    SandboxGet,
    SandboxList,
    SandboxDelete,
    SandboxPause,
    SandboxStop,
    SandboxStart,
    SnapshotCreate,
    SnapshotPause,
    SnapshotRestore,
    SnapshotList,
    SnapshotDelete,
    ProcessExecute,
    FsLs,
    FsStat,
    FsExists,
    FsMkdir,
    FsWriteFile,
    FsReadFile,
    FsDelete,
    FsWriteFiles,
    FsReadFiles,
    FsSetPermissions,
    FsGlob,
    FsGrep,
    FsEditFile,
    FsEditFiles,
    FsMove,
    FsCopy,
    FsTree,
    SystemWorkdir,
    SystemUserHomeDir,
    /// Known to the vendor, answered 501 here (WIRE-11).
    NotBuilt,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) method: &'static Method,
    /// Without a final slash: both forms are served (WIRE-06).
    pub(crate) path: &'static str,
    /// The operation's name, as capabilities and messages print it.
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

const GET: &Method = &Method::GET;
const POST: &Method = &Method::POST;
const PATCH: &Method = &Method::PATCH;
const DELETE: &Method = &Method::DELETE;

const fn row(
    method: &'static Method,
    path: &'static str,
    name: &'static str,
    operation: Operation,
) -> Row {
    Row { method, path, name, operation }
}

/// The vendor's operations; a sandbox is resumed by use and by no path of its own (SB-PAUSE-04).
/// Two rows may share a path, never a path and a method.
pub(crate) const TABLE: &[Row] = {
    use Operation as Op;
    &[
        row(POST, "/v1/sandbox", "sandbox/create", Op::SandboxCreate),
        row(GET, "/v1/sandboxes", "sandbox/list", Op::SandboxList),
        row(GET, "/v1/sandbox/{id}", "sandbox/get", Op::SandboxGet),
        row(DELETE, "/v1/sandbox/{id}", "sandbox/delete", Op::SandboxDelete),
        row(POST, "/v1/sandbox/{id}/pause", "sandbox/pause", Op::SandboxPause),
        row(POST, "/v1/sandbox/{id}/stop", "sandbox/stop", Op::SandboxStop),
        row(POST, "/v1/sandbox/{id}/start", "sandbox/start", Op::SandboxStart),
        row(POST, "/v1/sandbox/{id}/snapshot/create", "snapshot/create", Op::SnapshotCreate),
        row(POST, "/v1/sandbox/{id}/snapshot/pause", "snapshot/pause", Op::SnapshotPause),
        // REQ-04: one handler. SNAP-DEL-07: for other methods they are ids.
        row(POST, "/v1/snapshot/resume", "snapshot/resume", Op::SnapshotRestore),
        row(DELETE, "/v1/snapshot/resume", "snapshot/delete", Op::SnapshotDelete),
        row(POST, "/v1/snapshot/restore", "snapshot/restore", Op::SnapshotRestore),
        row(DELETE, "/v1/snapshot/restore", "snapshot/delete", Op::SnapshotDelete),
        row(GET, "/v1/snapshots", "snapshot/list", Op::SnapshotList),
        row(DELETE, "/v1/snapshot/{snapshot_id}", "snapshot/delete", Op::SnapshotDelete),
        // PROC-OP-EXECUTE, SYS-OP-*, FS-OP-*
        row(POST, "/v1/sandbox/{id}/process/execute", "process/execute", Op::ProcessExecute),
        row(GET, "/v1/sandbox/{id}/system/workdir", "system/workdir", Op::SystemWorkdir),
        row(
            GET,
            "/v1/sandbox/{id}/system/user-home-dir",
            "system/user-home-dir",
            Op::SystemUserHomeDir,
        ),
        row(POST, "/v1/sandbox/{id}/filesystem/ls", "filesystem/ls", Op::FsLs),
        row(POST, "/v1/sandbox/{id}/filesystem/stat", "filesystem/stat", Op::FsStat),
        row(POST, "/v1/sandbox/{id}/filesystem/exists", "filesystem/exists", Op::FsExists),
        row(POST, "/v1/sandbox/{id}/filesystem/mkdir", "filesystem/mkdir", Op::FsMkdir),
        row(
            POST,
            "/v1/sandbox/{id}/filesystem/write-file",
            "filesystem/write-file",
            Op::FsWriteFile,
        ),
        row(POST, "/v1/sandbox/{id}/filesystem/read-file", "filesystem/read-file", Op::FsReadFile),
        row(POST, "/v1/sandbox/{id}/filesystem/delete", "filesystem/delete", Op::FsDelete),
        row(
            POST,
            "/v1/sandbox/{id}/filesystem/write-files",
            "filesystem/write-files",
            Op::FsWriteFiles,
        ),
        row(
            POST,
            "/v1/sandbox/{id}/filesystem/read-files",
            "filesystem/read-files",
            Op::FsReadFiles,
        ),
        row(
            POST,
            "/v1/sandbox/{id}/filesystem/set-permissions",
            "filesystem/set-permissions",
            Op::FsSetPermissions,
        ),
        row(POST, "/v1/sandbox/{id}/filesystem/glob", "filesystem/glob", Op::FsGlob),
        row(POST, "/v1/sandbox/{id}/filesystem/grep", "filesystem/grep", Op::FsGrep),
        row(POST, "/v1/sandbox/{id}/filesystem/edit-file", "filesystem/edit-file", Op::FsEditFile),
        row(
            POST,
            "/v1/sandbox/{id}/filesystem/edit-files",
            "filesystem/edit-files",
            Op::FsEditFiles,
        ),
        row(POST, "/v1/sandbox/{id}/filesystem/move", "filesystem/move", Op::FsMove),
        row(POST, "/v1/sandbox/{id}/filesystem/copy", "filesystem/copy", Op::FsCopy),
        row(POST, "/v1/sandbox/{id}/filesystem/tree", "filesystem/tree", Op::FsTree),
        later(POST, "/v1/sandbox/{id}/mounts", "mounts/create"),
        later(PATCH, "/v1/sandbox/{id}/mounts/{mount_id}", "mounts/update"),
        later(DELETE, "/v1/sandbox/{id}/mounts/{mount_id}", "mounts/delete"),
        later(POST, "/v1/sandbox/{id}/presigned-url", "presigned-url/create"),
        later(DELETE, "/v1/sandbox/{id}/presigned-url/{url_id}", "presigned-url/delete"),
        later(POST, "/v1/template", "template/create"),
        later(PATCH, "/v1/template/{template_id}", "template/rename"),
        later(DELETE, "/v1/template/{template_id}", "template/delete"),
        later(GET, "/v1/sandbox/{id}/pty", "pty/list"),
        later(POST, "/v1/sandbox/{id}/pty", "pty/create"),
        later(GET, "/v1/sandbox/{id}/pty/{pty_id}", "pty/get"),
        later(DELETE, "/v1/sandbox/{id}/pty/{pty_id}", "pty/delete"),
        later(POST, "/v1/sandbox/{id}/pty/{pty_id}/resize", "pty/resize"),
        later(GET, "/v1/sandbox/{id}/pty/{pty_id}/connect", "pty/connect"),
        later(POST, "/v1/sandbox/{id}/ssh/access", "ssh/access"),
        // REQ-07: the older clients' spelling of the three below.
        later(DELETE, "/v1/sandbox/{id}/ssh/access", "ssh/delete"),
        later(POST, "/v1/sandbox/{id}/ssh/validate", "ssh/validate"),
        later(POST, "/v1/sandbox/{id}/ssh/regen", "ssh/regen"),
        later(DELETE, "/v1/sandbox/{id}/ssh/{ssh_id}", "ssh/delete"),
        later(POST, "/v1/sandbox/{id}/ssh/{ssh_id}/validate", "ssh/validate"),
        later(POST, "/v1/sandbox/{id}/ssh/{ssh_id}/regen", "ssh/regen"),
        later(POST, "/v1/sandbox/{id}/lsp/start", "lsp/start"),
        later(POST, "/v1/sandbox/{id}/lsp/stop", "lsp/stop"),
        later(POST, "/v1/sandbox/{id}/lsp/did-open", "lsp/did-open"),
        later(POST, "/v1/sandbox/{id}/lsp/did-close", "lsp/did-close"),
        later(POST, "/v1/sandbox/{id}/lsp/completions", "lsp/completions"),
        later(POST, "/v1/sandbox/{id}/lsp/document-symbols", "lsp/document-symbols"),
        later(POST, "/v1/sandbox/{id}/git/clone", "git/clone"),
        later(POST, "/v1/sandbox/{id}/git/status", "git/status"),
        later(POST, "/v1/sandbox/{id}/git/branches", "git/branches"),
        later(POST, "/v1/sandbox/{id}/git/diff-unstaged", "git/diff-unstaged"),
        later(POST, "/v1/sandbox/{id}/git/diff-staged", "git/diff-staged"),
        later(POST, "/v1/sandbox/{id}/git/diff", "git/diff"),
        later(POST, "/v1/sandbox/{id}/git/reset", "git/reset"),
        later(POST, "/v1/sandbox/{id}/git/log", "git/log"),
        later(POST, "/v1/sandbox/{id}/git/show", "git/show"),
        later(POST, "/v1/sandbox/{id}/git/create-branch", "git/create-branch"),
        later(POST, "/v1/sandbox/{id}/git/checkout-branch", "git/checkout-branch"),
        later(POST, "/v1/sandbox/{id}/git/delete-branch", "git/delete-branch"),
        later(POST, "/v1/sandbox/{id}/git/add", "git/add"),
        later(POST, "/v1/sandbox/{id}/git/commit", "git/commit"),
        later(POST, "/v1/sandbox/{id}/git/push", "git/push"),
        later(POST, "/v1/sandbox/{id}/git/pull", "git/pull"),
    ]
};

const fn later(method: &'static Method, path: &'static str, name: &'static str) -> Row {
    row(method, path, name, Operation::NotBuilt)
}

/// The names of the operations that are built, and of those that are not.
pub(crate) fn names() -> (Vec<&'static str>, Vec<&'static str>) {
    let mut built = Vec::new();
    let mut not_built = Vec::new();
    for row in TABLE {
        let list = if row.operation == Operation::NotBuilt { &mut not_built } else { &mut built };
        if !list.contains(&row.name) {
            list.push(row.name);
        }
    }
    (built, not_built)
}
