//! Every operation of the vendor's API, with a request that goes well.

/// An operation that is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// `{id}` stands for a running sandbox, `{snapshot}` for a snapshot of it, `{new}` for a name
    /// that nothing has yet.
    pub(crate) path: &'static str,
    pub(crate) query: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) body: &'static str,
    /// The status of the answer when all goes well.
    pub(crate) success: u16,
}

const JSON: &str = "application/json";

const fn built(
    name: &'static str,
    request: (&'static str, &'static str),
    body: &'static str,
    success: u16,
) -> Built {
    let (method, path) = request;
    Built { name, method, path, query: "", kind: JSON, body, success }
}

/// The operations that are built. Needs a snapshot named `base` and a file `/workspace/f` that
/// holds `text`.
pub(crate) const BUILT: &[Built] = &[
    built(
        "sandbox/create",
        ("POST", "/v1/sandbox"),
        r#"{"template_name":"system/debian:bookworm","vcpu":1,"memory":1024,"timeout":300,"auto_pause":true,"env_vars":{"A":"b"},"network_policy":{"mode":"custom","allow_domains":["example.com"],"allow_cidrs":["10.0.0.0/8"],"transforms":[{"domain":"a.example.com","inject_headers":{"x":"y"},"strip_headers":["z"]}]}}"#,
        201,
    ),
    built("sandbox/list", ("GET", "/v1/sandboxes"), "", 200),
    built("sandbox/get", ("GET", "/v1/sandbox/{id}"), "", 200),
    built("sandbox/delete", ("DELETE", "/v1/sandbox/{id}"), "", 204),
    built("sandbox/pause", ("POST", "/v1/sandbox/{id}/pause"), "", 201),
    built("sandbox/stop", ("POST", "/v1/sandbox/{id}/stop"), "", 200),
    built("sandbox/start", ("POST", "/v1/sandbox/{id}/start"), "", 200),
    built(
        "snapshot/create",
        ("POST", "/v1/sandbox/{id}/snapshot/create"),
        r#"{"name":"{new}","kill_sandbox_after":false}"#,
        201,
    ),
    built(
        "snapshot/pause",
        ("POST", "/v1/sandbox/{id}/snapshot/pause"),
        r#"{"name":"{new}"}"#,
        201,
    ),
    built(
        "snapshot/resume",
        ("POST", "/v1/snapshot/resume"),
        r#"{"snapshot_name":"base","timeout_min":5,"auto_pause":false}"#,
        201,
    ),
    built(
        "snapshot/restore",
        ("POST", "/v1/snapshot/restore"),
        r#"{"snapshot_name":"base","timeout":300,"auto_pause":false,"network_policy":{"mode":"deny-all"}}"#,
        201,
    ),
    Built {
        query: "query=b&page=1&page-size=5",
        ..built("snapshot/list", ("GET", "/v1/snapshots"), "", 200)
    },
    built("snapshot/delete", ("DELETE", "/v1/snapshot/{snapshot}"), "", 204),
    built(
        "process/execute",
        ("POST", "/v1/sandbox/{id}/process/execute"),
        r#"{"command":"true","cwd":"/","envs":{"A":"b"},"timeout":5}"#,
        200,
    ),
    built("system/workdir", ("GET", "/v1/sandbox/{id}/system/workdir"), "", 200),
    built("system/user-home-dir", ("GET", "/v1/sandbox/{id}/system/user-home-dir"), "", 200),
    built(
        "filesystem/ls",
        ("POST", "/v1/sandbox/{id}/filesystem/ls"),
        r#"{"path":"/workspace","recursive":true,"exclude":["*.md"]}"#,
        200,
    ),
    built(
        "filesystem/stat",
        ("POST", "/v1/sandbox/{id}/filesystem/stat"),
        r#"{"path":"/workspace/f"}"#,
        200,
    ),
    built(
        "filesystem/exists",
        ("POST", "/v1/sandbox/{id}/filesystem/exists"),
        r#"{"path":"/workspace/f"}"#,
        200,
    ),
    built(
        "filesystem/mkdir",
        ("POST", "/v1/sandbox/{id}/filesystem/mkdir"),
        r#"{"path":"/workspace/{new}","recursive":true,"permissions":"755"}"#,
        204,
    ),
    Built {
        query: "path=/workspace/{new}&permissions=644",
        kind: "application/octet-stream",
        ..built(
            "filesystem/write-file",
            ("POST", "/v1/sandbox/{id}/filesystem/write-file"),
            "bytes",
            204,
        )
    },
    Built {
        kind: "multipart/form-data; boundary=b",
        ..built(
            "filesystem/write-files",
            ("POST", "/v1/sandbox/{id}/filesystem/write-files"),
            "--b\r\nContent-Disposition: form-data; name=\"/workspace/{new}\"; filename=\"upload\"\r\n\r\nbytes\r\n--b--\r\n",
            204,
        )
    },
    built(
        "filesystem/read-file",
        ("POST", "/v1/sandbox/{id}/filesystem/read-file"),
        r#"{"path":"/workspace/f","offset":0,"limit":10}"#,
        200,
    ),
    built(
        "filesystem/read-files",
        ("POST", "/v1/sandbox/{id}/filesystem/read-files"),
        r#"{"paths":["/workspace/f"]}"#,
        200,
    ),
    built(
        "filesystem/set-permissions",
        ("POST", "/v1/sandbox/{id}/filesystem/set-permissions"),
        r#"{"path":"/workspace/f","mode":"644"}"#,
        204,
    ),
    built(
        "filesystem/glob",
        ("POST", "/v1/sandbox/{id}/filesystem/glob"),
        r#"{"path":"/workspace","pattern":"*","exclude":["x"]}"#,
        200,
    ),
    built(
        "filesystem/grep",
        ("POST", "/v1/sandbox/{id}/filesystem/grep"),
        r#"{"path":"/workspace","pattern":"t","include":"*","exclude":["x"]}"#,
        200,
    ),
    built(
        "filesystem/edit-file",
        ("POST", "/v1/sandbox/{id}/filesystem/edit-file"),
        r#"{"path":"/workspace/f","edits":[{"find":"text","replace":"text"}]}"#,
        200,
    ),
    built(
        "filesystem/edit-files",
        ("POST", "/v1/sandbox/{id}/filesystem/edit-files"),
        r#"{"files":["/workspace/f"],"find":"text","replace":"text"}"#,
        200,
    ),
    built(
        "filesystem/copy",
        ("POST", "/v1/sandbox/{id}/filesystem/copy"),
        r#"{"src_path":"/workspace/f","dst_path":"/workspace/{new}","recursive":false,"overwrite":false}"#,
        204,
    ),
    built(
        "filesystem/tree",
        ("POST", "/v1/sandbox/{id}/filesystem/tree"),
        r#"{"path":"/workspace","exclude":["x"],"max_depth":2}"#,
        200,
    ),
    built(
        "filesystem/move",
        ("POST", "/v1/sandbox/{id}/filesystem/move"),
        r#"{"src_path":"/workspace/f","dst_path":"/workspace/{new}","overwrite":false}"#,
        204,
    ),
    built(
        "filesystem/delete",
        ("POST", "/v1/sandbox/{id}/filesystem/delete"),
        r#"{"path":"/workspace/f"}"#,
        204,
    ),
];

/// The operations that are answered 501: method, path and name.
pub(crate) const NOT_BUILT: &[(&str, &str, &str)] = &[
    ("POST", "/v1/sandbox/{id}/mounts", "mounts/create"),
    ("PATCH", "/v1/sandbox/{id}/mounts/{mount_id}", "mounts/update"),
    ("DELETE", "/v1/sandbox/{id}/mounts/{mount_id}", "mounts/delete"),
    ("POST", "/v1/sandbox/{id}/presigned-url", "presigned-url/create"),
    ("DELETE", "/v1/sandbox/{id}/presigned-url/{url_id}", "presigned-url/delete"),
    ("POST", "/v1/template", "template/create"),
    ("PATCH", "/v1/template/{template_id}", "template/rename"),
    ("DELETE", "/v1/template/{template_id}", "template/delete"),
    ("GET", "/v1/sandbox/{id}/pty", "pty/list"),
    ("POST", "/v1/sandbox/{id}/pty", "pty/create"),
    ("GET", "/v1/sandbox/{id}/pty/{pty_id}", "pty/get"),
    ("DELETE", "/v1/sandbox/{id}/pty/{pty_id}", "pty/delete"),
    ("POST", "/v1/sandbox/{id}/pty/{pty_id}/resize", "pty/resize"),
    ("GET", "/v1/sandbox/{id}/pty/{pty_id}/connect", "pty/connect"),
    ("POST", "/v1/sandbox/{id}/ssh/access", "ssh/access"),
    ("DELETE", "/v1/sandbox/{id}/ssh/access", "ssh/delete"),
    ("POST", "/v1/sandbox/{id}/ssh/validate", "ssh/validate"),
    ("POST", "/v1/sandbox/{id}/ssh/regen", "ssh/regen"),
    ("DELETE", "/v1/sandbox/{id}/ssh/{ssh_id}", "ssh/delete"),
    ("POST", "/v1/sandbox/{id}/ssh/{ssh_id}/validate", "ssh/validate"),
    ("POST", "/v1/sandbox/{id}/ssh/{ssh_id}/regen", "ssh/regen"),
    ("POST", "/v1/sandbox/{id}/lsp/start", "lsp/start"),
    ("POST", "/v1/sandbox/{id}/lsp/stop", "lsp/stop"),
    ("POST", "/v1/sandbox/{id}/lsp/did-open", "lsp/did-open"),
    ("POST", "/v1/sandbox/{id}/lsp/did-close", "lsp/did-close"),
    ("POST", "/v1/sandbox/{id}/lsp/completions", "lsp/completions"),
    ("POST", "/v1/sandbox/{id}/lsp/document-symbols", "lsp/document-symbols"),
    ("POST", "/v1/sandbox/{id}/git/clone", "git/clone"),
    ("POST", "/v1/sandbox/{id}/git/status", "git/status"),
    ("POST", "/v1/sandbox/{id}/git/branches", "git/branches"),
    ("POST", "/v1/sandbox/{id}/git/diff-unstaged", "git/diff-unstaged"),
    ("POST", "/v1/sandbox/{id}/git/diff-staged", "git/diff-staged"),
    ("POST", "/v1/sandbox/{id}/git/diff", "git/diff"),
    ("POST", "/v1/sandbox/{id}/git/reset", "git/reset"),
    ("POST", "/v1/sandbox/{id}/git/log", "git/log"),
    ("POST", "/v1/sandbox/{id}/git/show", "git/show"),
    ("POST", "/v1/sandbox/{id}/git/create-branch", "git/create-branch"),
    ("POST", "/v1/sandbox/{id}/git/checkout-branch", "git/checkout-branch"),
    ("POST", "/v1/sandbox/{id}/git/delete-branch", "git/delete-branch"),
    ("POST", "/v1/sandbox/{id}/git/add", "git/add"),
    ("POST", "/v1/sandbox/{id}/git/commit", "git/commit"),
    ("POST", "/v1/sandbox/{id}/git/push", "git/push"),
    ("POST", "/v1/sandbox/{id}/git/pull", "git/pull"),
];

/// What stands for the names in a path, a query or a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) sandbox: String,
    pub(crate) snapshot: String,
    pub(crate) new: String,
}

impl Names {
    /// Puts the names in their places; whatever else is named is named `x`.
    pub(crate) fn fill(&self, text: &str) -> String {
        ["{mount_id}", "{url_id}", "{template_id}", "{pty_id}", "{ssh_id}"]
            .iter()
            .fold(text.to_owned(), |text, name| text.replace(name, "x"))
            .replace("{id}", &self.sandbox)
            .replace("{snapshot}", &self.snapshot)
            .replace("{new}", &self.new)
    }
}
