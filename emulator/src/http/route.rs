//! From method and path to an operation and the ids in the path.

use std::sync::LazyLock;

use hyper::Method;
use leap0_emulator_core::id::{SandboxId, SnapshotId};
use percent_encoding::percent_decode_str;

use super::operation::{Row, TABLE};

/// A path that the vendor has, with what it names.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) row: &'static Row,
    pub(crate) sandbox: Option<SandboxId>,
    pub(crate) snapshot: Option<SnapshotId>,
}

/// Why a path leads nowhere (WIRE-05).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// The vendor has no such path.
    UnknownPath,
    /// The path exists, with other methods.
    WrongMethod {
        /// Those methods, for the `allow` header.
        allowed: String,
    },
}

static ROUTER: LazyLock<matchit::Router<Vec<&'static Row>>> = LazyLock::new(|| {
    let mut rows: Vec<(&str, Vec<&Row>)> = Vec::new();
    for row in TABLE {
        match rows.iter_mut().find(|(path, _)| *path == row.path) {
            Some((_, methods)) => methods.push(row),
            None => rows.push((row.path, vec![row])),
        }
    }
    let mut router = matchit::Router::new();
    for (path, methods) in rows {
        router.insert(path, methods).expect("the table has no conflicting paths");
    }
    router
});

/// Finds the operation. Both slash forms are the same path (WIRE-06).
pub(crate) fn find(method: &Method, path: &str) -> Result<Route, NoRoute> {
    let path = match path.strip_suffix('/') {
        Some("") | None => path,
        Some(stripped) => stripped,
    };
    let found = ROUTER.at(path).map_err(|_| NoRoute::UnknownPath)?;
    let Some(row) = found.value.iter().find(|row| *row.method == *method) else {
        let allowed: Vec<_> = found.value.iter().map(|row| row.method.as_str()).collect();
        return Err(NoRoute::WrongMethod { allowed: allowed.join(", ") });
    };
    let snapshot = match found.params.get("snapshot_id") {
        Some(id) => Some(SnapshotId::from_client(&decoded(id))),
        // SNAP-DEL-07: `DELETE /v1/snapshot/resume` looks up a snapshot of that id.
        None if row.name == "snapshot/delete" => {
            path.rsplit('/').next().map(SnapshotId::from_client)
        }
        None => None,
    };
    let sandbox = found.params.get("id").map(|id| SandboxId::from_client(&decoded(id)));
    Ok(Route { row, sandbox, snapshot })
}

/// An id as it was meant; what is not UTF-8 names nothing.
fn decoded(id: &str) -> std::borrow::Cow<'_, str> {
    percent_decode_str(id).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::super::Operation;
    use super::*;

    #[test]
    fn both_slash_forms_are_one_path() {
        for path in ["/v1/sandbox", "/v1/sandbox/"] {
            let route = find(&Method::POST, path).expect("a route");
            assert_eq!(route.row.operation, Operation::SandboxCreate);
        }
        for path in ["/v1/sandbox/sbx-a", "/v1/sandbox/sbx-a/"] {
            let route = find(&Method::GET, path).expect("a route");
            assert_eq!(route.sandbox, Some(SandboxId::from_client("sbx-a")));
        }
        assert_eq!(find(&Method::GET, "/").unwrap_err(), NoRoute::UnknownPath);
        assert_eq!(find(&Method::GET, "/v1/sandbox/a//").unwrap_err(), NoRoute::UnknownPath);
    }

    #[test]
    fn a_known_path_tells_its_methods() {
        let allowed = "GET, DELETE".to_owned();
        let refused = find(&Method::PUT, "/v1/sandbox/sbx-a").unwrap_err();
        assert_eq!(refused, NoRoute::WrongMethod { allowed });
    }

    #[test]
    fn deleting_a_snapshot_called_resume_looks_for_its_id() {
        let route = find(&Method::DELETE, "/v1/snapshot/resume").expect("a route");
        assert_eq!(route.row.operation, Operation::SnapshotDelete);
        assert_eq!(route.snapshot, Some(SnapshotId::from_client("resume")));
        let route = find(&Method::POST, "/v1/snapshot/resume").expect("a route");
        assert_eq!(route.row.operation, Operation::SnapshotRestore);
        // SNAP-LIST-04, SNAP-DEL-06
        assert!(matches!(
            find(&Method::GET, "/v1/snapshot/snap-a").unwrap_err(),
            NoRoute::WrongMethod { .. }
        ));
        assert_eq!(find(&Method::DELETE, "/v1/snapshot/").unwrap_err(), NoRoute::UnknownPath);
    }

    #[test]
    fn no_two_rows_share_method_and_path() {
        for (index, row) in TABLE.iter().enumerate() {
            assert!(
                !TABLE[..index].iter().any(|r| r.path == row.path && r.method == row.method),
                "{} {}",
                row.method,
                row.path
            );
        }
    }
}
