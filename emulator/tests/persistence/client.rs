//! A client that speaks just enough HTTP, and an emulator that it can end.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::emulator::Emulator;

pub(crate) const KEY: &str = "k";
const TEMPLATE: &str = "system/debian:bookworm";

/// An emulator of these machines on this data folder.
pub(crate) fn start_on(machines: &[&str], test: &str, folder: &Path) -> Emulator {
    let folder = folder.to_str().expect("UTF-8");
    let flags = [machines, &["--data-dir", folder, "--max-sandboxes", "none"]].concat();
    Emulator::start(test, &flags).expect("it starts")
}

/// Far longer than an end takes.
const ENDS_WITHIN: Duration = Duration::from_mins(1);

/// Asks an emulator to end, and waits until it has.
pub(crate) fn stop(mut emulator: Emulator) {
    let pid = emulator.child.id().to_string();
    let asked = Command::new("kill").args(["-s", "TERM", &pid]).status();
    assert!(asked.is_ok_and(|status| status.success()), "kill is there");
    let (ended, end) = mpsc::channel();
    thread::scope(|scope| {
        let child = &mut emulator.child;
        scope.spawn(move || ended.send(child.wait()));
        let waited = end.recv_timeout(ENDS_WITHIN);
        if waited.is_err() {
            // Or the thread would wait for ever.
            let _ = Command::new("kill").args(["-s", "KILL", &pid]).status();
        }
        let status = waited.expect("it ends when it is asked to").expect("a child");
        assert!(status.success(), "{status}");
    });
}

/// A status and a body; null if it has none.
pub(crate) type Answer = (u16, Value);

/// Sends one request, without a body where it is null; an error is that of the connection, as when the server is killed.
pub(crate) fn send(url: &str, key: &str, call: &str, body: &Value) -> io::Result<Answer> {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    write!(
        stream,
        "{call} HTTP/1.1\r\nhost: {address}\r\nauthorization: {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n\
         {body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.get(9..12).and_then(|code| code.parse().ok()).ok_or_else(cut)?;
    let body = &answer[end + 4..];
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    if promised.is_some_and(|length| length != body.len().to_string()) {
        return Err(cut());
    }
    Ok((status, serde_json::from_slice(body).unwrap_or(Value::Null)))
}

/// A client of one emulator, for tests in which every request is answered.
pub(crate) struct Client {
    pub(crate) url: String,
    key: &'static str,
}

impl Client {
    pub(crate) fn of(emulator: &Emulator) -> Self {
        Self::with_key(emulator, KEY)
    }

    pub(crate) fn with_key(emulator: &Emulator, key: &'static str) -> Self {
        Self { url: emulator.environment(key)[0].1.to_owned(), key }
    }

    pub(crate) fn call(&self, call: &str, body: &Value) -> Answer {
        send(&self.url, self.key, call, body).unwrap_or_else(|error| panic!("{call}: {error}"))
    }

    /// A request without a body that has to succeed.
    pub(crate) fn get(&self, path: &str) -> Value {
        self.expect(200, &format!("GET {path}"), &Value::Null)
    }

    /// A request that is to be answered with this status.
    pub(crate) fn expect(&self, status: u16, call: &str, body: &Value) -> Value {
        let (seen, answer) = self.call(call, body);
        assert_eq!(seen, status, "{call}: {answer}");
        answer
    }

    pub(crate) fn create(&self) -> String {
        let body = json!({ "template_name": TEMPLATE, "timeout": 28_800 });
        id(&self.expect(201, "POST /v1/sandbox", &body))
    }

    pub(crate) fn run(&self, sandbox: &str, script: &str) -> String {
        let call = format!("POST /v1/sandbox/{sandbox}/process/execute");
        let output = self.expect(200, &call, &json!({ "command": script }));
        output["stdout"].as_str().expect("text").to_owned()
    }

    pub(crate) fn snapshot(&self, sandbox: &str, name: &str) -> String {
        let call = format!("POST /v1/sandbox/{sandbox}/snapshot/create");
        id(&self.expect(201, &call, &json!({ "name": name })))
    }

    pub(crate) fn restore(&self, name: &str) -> String {
        id(&self.expect(201, "POST /v1/snapshot/restore", &json!({ "snapshot_name": name })))
    }

    pub(crate) fn state(&self, sandbox: &str) -> String {
        let shown = self.get(&format!("/v1/sandbox/{sandbox}"));
        shown["state"].as_str().expect("a state").to_owned()
    }

    pub(crate) fn snapshot_names(&self) -> Vec<String> {
        let list = self.get("/v1/snapshots?page_size=100");
        let items = list["items"].as_array().expect("a list").iter();
        items.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    }
}

pub(crate) fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap_or_else(|| panic!("no id: {answer}")).to_owned()
}
