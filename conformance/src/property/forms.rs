//! A short sequence as a story, as a shell script, as a Python program, and in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::step::FILES;
use super::{Action, Contradiction, Step};

/// Names for what the steps made.
fn names(steps: &[Step]) -> BTreeMap<usize, String> {
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

fn on(step: &Step, names: &BTreeMap<usize, String>) -> String {
    step.on.and_then(|on| names.get(&on)).cloned().unwrap_or_default()
}

/// The request of a step: method, path, and body. `{x}` is the id of what is called x.
fn request(
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

/// A story for `replay`. The last step expects what the model says.
pub(crate) fn story(steps: &[Step], found: &Contradiction, paths: &[&str]) -> String {
    let names = names(steps);
    let told = words(steps, found).replace('\\', "\\\\").replace('"', "\\\"");
    let mut out = format!("story = \"{told}\"\nrules = [\"{}\"]\nlive = 3\n", found.rule);
    for step in steps {
        for (method, path, body) in request(step, &names, paths) {
            let line = format!("{method} {path} {}", body.as_deref().unwrap_or(""));
            let path = path.replace('{', "${");
            let _ = write!(out, "\n[[step]]\nrequest = \"{method} {path}\"\n");
            if let Some(body) = body {
                if matches!(step.action, Action::Write(_)) {
                    let _ = writeln!(out, "bytes = \"{body}\"");
                } else {
                    let body =
                        body.replace("{prefix}", "${name}").replace("{template}", "${template}");
                    let inner = body.replacen('{', "{ ", 1).replace("\": ", "\" = ");
                    let _ = writeln!(out, "body = {inner}");
                }
            }
            let (needle, expect) = &found.expect;
            if step.label == found.label && line.contains(&**needle) {
                let _ = writeln!(out, "{expect}");
            }
            if let Some(name) = names.get(&step.label) {
                let _ = writeln!(out, "capture = {{ {name} = \"/id\" }}");
            }
        }
    }
    let _ = writeln!(out, "# wanted: {}\n# seen: {}", found.wanted, found.seen.replace('\n', " "));
    out
}

/// A shell script with curl and jq.
pub(crate) fn curl(steps: &[Step], found: &Contradiction, paths: &[&str]) -> String {
    let names = names(steps);
    let mut out = format!(
        "#!/bin/sh\n# {}\nset -eu\nurl=${{LEAP0_BASE_URL:?}}\nkey=${{LEAP0_API_KEY:?}}\n\
         prefix=case-$$\ntemplate=system/debian:bookworm\n\
         call() {{ curl -sS -H \"authorization: Bearer $key\" -H 'content-type: application/json' \"$@\"; }}\n",
        words(steps, found).replace('\n', " ")
    );
    for step in steps {
        for (method, path, body) in request(step, &names, paths) {
            let path = path.replace('{', "${");
            let data = body.map_or(String::new(), |body| {
                let body =
                    body.replace("{prefix}", "'$prefix'").replace("{template}", "'$template'");
                format!(" -d '{body}'")
            });
            let call = format!("call -X {method} \"$url{path}\"{data}");
            let _ = match names.get(&step.label) {
                Some(name) => writeln!(out, "{name}=$({call} | jq -r .id)"),
                None => writeln!(out, "{call}; echo"),
            };
        }
    }
    let _ = writeln!(out, "# wanted: {}\n# seen: {}", found.wanted, found.seen.replace('\n', " "));
    out
}

/// A program for the vendor's Python client.
pub(crate) fn python(steps: &[Step], found: &Contradiction) -> String {
    let names = names(steps);
    let mut out = format!(
        "# {}\n# pip install leap0==0.8.0; LEAP0_API_KEY and LEAP0_BASE_URL are read from the \
         environment.\nimport os\nfrom leap0 import Leap0Client\n\nclient = Leap0Client()\n\
         prefix = f\"case-{{os.getpid()}}\"\n",
        words(steps, found).replace('\n', " ")
    );
    for step in steps {
        let (it, own) = (on(step, &names), names.get(&step.label).cloned().unwrap_or_default());
        let _ = match step.action {
            Action::Create => writeln!(out, "{own} = client.sandboxes.create(timeout=240)"),
            Action::Restore => {
                writeln!(out, "{own} = client.snapshots.restore(f\"{{prefix}}-{it}\", timeout=240)")
            }
            Action::Snapshot { kill } => {
                let kill = if kill { ", kill_sandbox_after=True" } else { "" };
                writeln!(out, "{own} = {it}.create_snapshot(name=f\"{{prefix}}-{own}\"{kill})")
            }
            Action::SnapshotAgain { name_of } => {
                let name = names.get(&name_of).cloned().unwrap_or_default();
                writeln!(out, "{it}.create_snapshot(name=f\"{{prefix}}-{name}\")")
            }
            Action::Write(file) => {
                writeln!(out, "{it}.filesystem.write_file(\"{}\", {:?})", FILES[file], step.value())
            }
            Action::Look => writeln!(
                out,
                "print([{it}.filesystem.read_file(path) for path in {FILES:?} if \
                 {it}.filesystem.exists(path)])"
            ),
            Action::Pause => writeln!(out, "{it}.pause()"),
            Action::Stop => writeln!(
                out,
                "client._transport.request(\"POST\", f\"/v1/sandbox/{{{it}.id}}/stop\")"
            ),
            Action::Start => writeln!(
                out,
                "client._transport.request(\"POST\", f\"/v1/sandbox/{{{it}.id}}/start\")"
            ),
            Action::Delete => writeln!(out, "{it}.delete()"),
            Action::DeleteSnapshot => writeln!(out, "client.snapshots.delete({it})"),
        };
    }
    let _ = writeln!(out, "# wanted: {}\n# seen: {}", found.wanted, found.seen.replace('\n', " "));
    out
}

/// What happened, in a paragraph.
pub(crate) fn words(steps: &[Step], found: &Contradiction) -> String {
    let names = names(steps);
    let told: Vec<String> = steps
        .iter()
        .map(|step| {
            let it = on(step, &names).replace('_', " ");
            let own = names.get(&step.label).cloned().unwrap_or_default().replace('_', " ");
            match step.action {
                Action::Create => format!("{own} is made"),
                Action::Restore => format!("{own} is restored from {it}"),
                Action::Snapshot { kill: false } => format!("{own} is taken of {it}"),
                Action::Snapshot { kill: true } => format!("{own} is taken of {it}, which it ends"),
                Action::SnapshotAgain { .. } => {
                    format!("a name that is taken is asked for on {it}")
                }
                Action::Write(file) => {
                    format!("step {} writes {} in {it}", step.label, FILES[file])
                }
                Action::Look => format!("{it} is looked at"),
                Action::Pause => format!("{it} is paused"),
                Action::Stop => format!("{it} is stopped"),
                Action::Start => format!("{it} is started"),
                Action::Delete => format!("{it} is deleted"),
                Action::DeleteSnapshot => format!("{it} is deleted"),
            }
        })
        .collect();
    let seen: String = found.seen.chars().take(120).collect();
    format!("{}. Then {}, but {} was seen.", capital(&told.join("; ")), found.wanted, seen)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
