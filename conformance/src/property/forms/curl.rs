//! A sequence as a shell script with curl and jq.

use std::fmt::Write as _;

use super::super::{Contradiction, Expected, Step};
use super::request::{names, request};
use super::words;

/// What every script begins with. `call` leaves the status and the body of the answer behind.
const HEAD: &str = r#"set -eu
url=${LEAP0_BASE_URL:?}
key=${LEAP0_API_KEY:?}
prefix=case-$$
template=system/debian:bookworm
made=
answer=$(mktemp)
call() {
    echo "$1 $2"
    method=$1 path=$2
    shift 2
    status=$(curl -sS -o "$answer" -w '%{http_code}' -X "$method" "$url$path" \
        -H "authorization: Bearer $key" -H 'content-type: application/json' "$@")
}
clean_up() {
    for path in $made; do
        curl -sS -o "$answer" -X DELETE "$url$path" -H "authorization: Bearer $key"
    done
    rm -f "$answer"
}
trap clean_up EXIT
contradiction() {
    echo "wanted: $wanted"
    echo "seen: $status $(cat "$answer")"
    exit 1
}
"#;

/// The script. It ends with 1 where it sees the contradiction, and with 0 where all is as wanted.
pub(crate) fn curl(steps: &[Step], found: &Contradiction, paths: &[&str]) -> String {
    let names = names(steps);
    let told = words(steps, found).replace('\n', " ");
    let mut out = format!("#!/bin/sh\n# {told}\n{HEAD}wanted={}\n\n", quoted(&found.wanted));
    for step in steps {
        for (method, path, body) in request(step, &names, paths) {
            let line = format!("{method} {path} {}", body.as_deref().unwrap_or(""));
            let data = body.map_or(String::new(), |body| {
                let filled =
                    body.replace("{prefix}", "'$prefix'").replace("{template}", "'$template'");
                format!(" -d '{filled}'")
            });
            let _ = writeln!(out, "call {method} \"{}\"{data}", path.replace('{', "${"));
            if step.label == found.label && line.contains(&*found.request) {
                let _ = writeln!(out, "{} || contradiction", test(&found.expect));
            }
            if let Some(name) = names.get(&step.label) {
                let family = if step.makes_sandbox() { "sandbox" } else { "snapshot" };
                let _ = writeln!(out, "{name}=$(jq -r .id \"$answer\")");
                // The latest first: a snapshot goes after its copies.
                let _ = writeln!(out, "made=\"/v1/{family}/${name} $made\"");
            }
        }
    }
    out.push_str("echo \"as wanted: $wanted\"\n");
    out
}

/// A shell command that succeeds if the last answer is as expected.
fn test(expected: &Expected) -> String {
    match expected {
        Expected::Status(status) => format!("[ \"$status\" = {status} ]"),
        Expected::Refused => "[ \"${status%??}\" = 4 ]".to_owned(),
        Expected::State(state) => format!("[ \"$(jq -r .state \"$answer\")\" = {state} ]"),
        Expected::Contents(text) => {
            format!("[ \"$status $(cat \"$answer\")\" = {} ]", quoted(&format!("200 {text}")))
        }
    }
}

/// A text as a word of a shell script.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
