//! The steps of a sequence as requests, with names for what they make.

use std::collections::BTreeMap;

use super::super::step::FILES;
use super::super::{Action, Step};

/// Names for what the steps made.
pub(super) fn names(steps: &[Step]) -> BTreeMap<usize, String> {
    let (mut sandboxes, mut snapshots) = (0, 0);
    let mut names = BTreeMap::new();
    for step in steps {
        if step.makes_sandbox() {
            sandboxes += 1;
            names.insert(step.label, format!("sandbox_{sandboxes}"));
        } else if step.makes_snapshot() {
            snapshots += 1;
            names.insert(step.label, format!("snapshot_{snapshots}"));
        }
    }
    names
}

/// What a step acts on, by its name.
pub(super) fn on(step: &Step, names: &BTreeMap<usize, String>) -> String {
    step.on.and_then(|on| names.get(&on)).cloned().unwrap_or_default()
}

/// The request of a step: method, path, and body. `{x}` is the id of what is called x.
pub(super) fn request(
    step: &Step,
    names: &BTreeMap<usize, String>,
    paths: &[&str],
) -> Vec<(&'static str, String, Option<String>)> {
    let it = on(step, names);
    let own = names.get(&step.label).cloned().unwrap_or_default();
    let path = |what: &str| format!("/v1/sandbox/{{{it}}}{what}");
    let called = |name: &str| format!("{{\"name\": \"{{prefix}}-{name}\"}}");
    match step.action {
        Action::Create => {
            let body = "{\"template_name\": \"{template}\", \"timeout\": 240}".to_owned();
            vec![("POST", "/v1/sandbox".to_owned(), Some(body))]
        }
        Action::Restore => {
            let path = paths.get(step.label % paths.len().max(1)).copied();
            let body = format!("{{\"snapshot_name\": \"{{prefix}}-{it}\", \"timeout\": 240}}");
            vec![("POST", path.unwrap_or("/v1/snapshot/restore").to_owned(), Some(body))]
        }
        Action::Snapshot { kill } => {
            let body = if kill {
                format!("{{\"name\": \"{{prefix}}-{own}\", \"kill_sandbox_after\": true}}")
            } else {
                called(&own)
            };
            vec![("POST", path("/snapshot/create"), Some(body))]
        }
        Action::SnapshotAgain { name_of } => {
            let name = names.get(&name_of).cloned().unwrap_or_default();
            vec![("POST", path("/snapshot/create"), Some(called(&name)))]
        }
        Action::Write(file) => {
            let what = format!("/filesystem/write-file?path={}", FILES[file]);
            vec![("POST", path(&what), Some(step.value()))]
        }
        Action::Look => {
            let mut all = vec![("GET", path(""), None)];
            for file in FILES {
                let body = Some(format!("{{\"path\": \"{file}\"}}"));
                all.push(("POST", path("/filesystem/read-file"), body));
            }
            all
        }
        Action::Pause => vec![("POST", path("/pause"), None)],
        Action::Stop => vec![("POST", path("/stop"), None)],
        Action::Start => vec![("POST", path("/start"), None)],
        Action::Delete => vec![("DELETE", path(""), None)],
        Action::DeleteSnapshot => vec![("DELETE", format!("/v1/snapshot/{{{it}}}"), None)],
    }
}
