//! Which operation a request asks for.

/// The operation of the register that a method and a path stand for.
pub(crate) fn operation(method: &str, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or("").strip_prefix("/v1/")?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let parts: Vec<_> = path.split('/').collect();
    let name = match (method, &*parts) {
        ("POST", ["sandbox"]) => "sandbox/create",
        ("GET", ["sandboxes"]) => "sandbox/list",
        ("GET", ["snapshots"]) => "snapshot/list",
        ("POST", ["snapshot", "resume"]) => "snapshot/resume",
        ("POST", ["snapshot", "restore"]) => "snapshot/restore",
        ("DELETE", ["snapshot", _]) => "snapshot/delete",
        ("GET", ["sandbox", _]) => "sandbox/get",
        ("DELETE", ["sandbox", _]) => "sandbox/delete",
        ("POST", ["sandbox", _, what @ ("pause" | "stop" | "start")]) => {
            return Some(format!("sandbox/{what}"));
        }
        ("POST", ["sandbox", _, "snapshot", what @ ("create" | "pause")]) => {
            return Some(format!("snapshot/{what}"));
        }
        ("POST", ["sandbox", _, "filesystem", what]) => return Some(format!("filesystem/{what}")),
        ("POST", ["sandbox", _, "process", "execute"]) => "process/execute",
        ("GET", ["sandbox", _, "system", what @ ("workdir" | "user-home-dir")]) => {
            return Some(format!("system/{what}"));
        }
        _ => return None,
    };
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn a_path_is_an_operation_with_and_without_a_slash() {
        for (method, path, wanted) in [
            ("POST", "/v1/sandbox/", "sandbox/create"),
            ("GET", "/v1/sandbox/x/", "sandbox/get"),
            ("GET", "/v1/sandboxes?page=1", "sandbox/list"),
            ("DELETE", "/v1/snapshot/resume", "snapshot/delete"),
            ("POST", "/v1/sandbox/x/filesystem/write-file?path=%2Fa", "filesystem/write-file"),
        ] {
            assert_eq!(operation(method, path).as_deref(), Some(wanted));
        }
        assert_eq!(operation("PUT", "/v1/sandbox"), None);
        assert_eq!(operation("GET", "/other"), None);
    }
}
