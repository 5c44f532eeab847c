//! A sequence as a story for `replay`.

use std::fmt::Write as _;

use super::super::{Action, Contradiction, Expected, Step};
use super::request::{names, request};
use super::words;

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
            if step.label == found.label && line.contains(&*found.request) {
                let _ = writeln!(out, "{}", expectation(&found.expect));
            }
            if let Some(name) = names.get(&step.label) {
                let _ = writeln!(out, "capture = {{ {name} = \"/id\" }}");
            }
        }
    }
    let _ = writeln!(out, "# wanted: {}\n# seen: {}", found.wanted, found.seen.replace('\n', " "));
    out
}

/// What a story says of the answer.
fn expectation(expected: &Expected) -> String {
    match expected {
        Expected::Status(status) => format!("expect.status = {status}"),
        Expected::Refused => "expect.status = [400, 403, 404, 409, 429]".to_owned(),
        Expected::State(state) => format!("expect = {{ json = {{ \"/state\" = \"{state}\" }} }}"),
        Expected::Contents(text) => format!("expect = {{ status = 200, text = {text:?} }}"),
    }
}
