//! The multipart reader: what an independent writer has written comes back byte for byte, and
//! anything else is answered soundly.

use std::cell::OnceCell;
use std::sync::Arc;

use leap0_emulator::Emulator;
use serde_json::Value;

use crate::wire::{answers, emulator, first, is_sound};

/// What stands between parts in the inputs.
pub(crate) const BOUNDARY: &str = "b0undary";

thread_local! {
    static SANDBOX: OnceCell<(Arc<Emulator>, String)> = const { OnceCell::new() };
}

/// The input is the body of `filesystem/write-files`.
pub(crate) fn holds(body: &[u8]) {
    let answer = write_files(body);
    is_sound(&answer);
    let (status, _) = first(&answer).expect("a whole request is answered");
    assert!(matches!(status, 200..=299 | 400 | 403 | 404 | 409 | 413), "{status}");
}

/// Files as another program writes them as a form come back as they are.
pub(crate) fn comes_back(files: &[(String, Vec<u8>)]) {
    let mut form = Vec::new();
    for (path, data) in files {
        form.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{path}\"; \
                 filename=\"f\"\r\ncontent-type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        form.extend_from_slice(data);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let answer = write_files(&form);
    let (status, body) = first(&answer).expect("answered");
    assert_eq!(status, 204, "{}", String::from_utf8_lossy(&body));
    for (place, (path, data)) in files.iter().enumerate() {
        // Of parts with the same name the last wins (FS-22).
        if files[place + 1..].iter().any(|(later, _)| later == path) {
            continue;
        }
        let body = serde_json::json!({ "path": path }).to_string();
        let answer = ask("POST {}/filesystem/read-file", "", body.as_bytes());
        let (status, read) = first(&answer).expect("answered");
        assert_eq!((status, &read), (200, data), "{path}");
    }
}

fn write_files(form: &[u8]) -> Vec<u8> {
    let kind = format!("content-type: multipart/form-data; boundary={BOUNDARY}\r\n");
    ask("POST {}/filesystem/write-files", &kind, form)
}

/// Asks something of a sandbox, whose path is `{}` in the call.
fn ask(call: &str, head: &str, body: &[u8]) -> Vec<u8> {
    SANDBOX.with(|cell| {
        let (emulator, id) = cell.get_or_init(|| {
            let emulator = emulator();
            let body = br#"{"template_name":"system/debian:bookworm","timeout":28800}"#;
            let created = answers(&emulator, &request("POST /v1/sandbox", "", body));
            let (status, body) = first(&created).expect("answered");
            assert_eq!(status, 201);
            let sandbox: Value = serde_json::from_slice(&body).expect("JSON");
            let id = sandbox["id"].as_str().expect("an id").to_owned();
            (emulator, id)
        });
        let call = call.replace("{}", &format!("/v1/sandbox/{id}"));
        answers(emulator, &request(&call, head, body))
    })
}

fn request(call: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "{call} HTTP/1.1\r\nhost: localhost\r\nauthorization: k\r\n{head}content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}
