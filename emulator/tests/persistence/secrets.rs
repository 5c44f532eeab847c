//! Keys and what clients set as secrets: nothing that the emulator says, shows or writes has them,
//! but for what is there to have them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::client::stop;
use crate::emulator::Emulator;

const KEY: &str = "s3cret-key-of-mine";
const OTHER_KEY: &str = "s3cret-key-of-another";
const WRONG_KEY: &str = "s3cret-key-that-is-wrong";
const TOKEN: &str = "s3cret-control-token";
/// What clients have set as environment, headers and credentials.
const SET: &str = "s3cret-that-was-set";

/// What must be seen by nobody, in no form.
const KEYS: [&str; 4] = [KEY, OTHER_KEY, WRONG_KEY, TOKEN];

/// The whole answer, as it came.
fn ask(url: &str, key: &str, extra: &str, call: &str, body: &[u8]) -> String {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let head = format!(
        "{call} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n{extra}\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(body).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|code| code.parse().ok()).expect("a status")
}

fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

fn assert_free_of(secrets: &[&str], text: &str, what: &str) {
    for secret in secrets {
        assert!(!text.contains(secret), "{what} has {secret}:\n{text}");
    }
}

/// Requests with a secret in every place that clients have for one, and in places where they put
/// it by mistake. `None` as a body stands for one that is no JSON.
fn requests(sandbox: &str) -> Vec<(String, Value)> {
    let template = "system/debian:bookworm";
    let sandbox_path = format!("/v1/sandbox/{sandbox}");
    let create = |more: Value| {
        let mut body = json!({ "template_name": template });
        for (name, value) in more.as_object().expect("fields") {
            body[name] = value.clone();
        }
        ("POST /v1/sandbox".to_owned(), body)
    };
    let exec = |body: Value| (format!("POST {sandbox_path}/process/execute"), body);
    let injected = |headers: Value| {
        let transforms = json!([{ "domain": "example.com", "inject_headers": headers }]);
        json!({ "network_policy": { "mode": "allow-all", "transforms": transforms } })
    };
    let mount = json!({
        "type": "object-storage", "bucket": "b", "mount_path": "/data", "endpoint": "https://e.test",
        "access_key_id": SET, "secret_access_key": SET,
    });
    let upload = |credentials: Value| {
        let body = json!({ "name": "mine", "uri": "docker.io/x/y:z", "credentials": credentials });
        ("POST /v1/template".to_owned(), body)
    };
    vec![
        create(json!({ "env_vars": { "TOKEN": SET } })),
        create(json!({ "env_vars": { "TOKEN": format!("{SET}\0") } })),
        create(json!({ "env_vars": [SET] })),
        create(json!({ "env_vars": SET })),
        create(json!({ "env_vars": { "NOT=A NAME": SET }, "timeout": -1 })),
        create(injected(json!({ "authorization": SET }))),
        create(injected(json!({ "authorization": format!("{SET}\n") }))),
        create(injected(json!({ "bad header": SET }))),
        create(injected(json!(SET))),
        create(json!({ "mounts": [mount.clone()] })),
        (format!("POST {sandbox_path}/mounts"), mount),
        upload(json!({ "type": "basic", "username": "u", "password": SET })),
        upload(json!({ "type": "aws", "aws_secret_access_key": SET })),
        upload(json!(SET)),
        exec(json!({ "command": "true", "envs": { "A": SET } })),
        exec(json!({ "command": "echo \"$A\"; exit 3", "envs": { "A": SET } })),
        exec(json!({ "command": "echo $TOKEN", "env": { "A": SET } })),
        exec(json!({ "command": "true", "envs": { "A": [SET] } })),
        exec(json!({ "command": "true", "envs": { "A": format!("{SET}\0") } })),
        exec(json!({ "command": 5, "env_vars": { "A": SET } })),
        (format!("POST {sandbox_path}/ssh/validate"), json!({ "id": "x", "password": SET })),
        (format!("GET {sandbox_path}?api_key={SET}&token={SET}"), Value::Null),
        (format!("GET /v1/nothing/there?token={SET}"), Value::Null),
        (format!("GET {sandbox_path}/?Signature={SET}"), Value::Null),
        ("POST /_emulator/world/fork".to_owned(), json!({ "to_key": "" })),
        ("PUT /_emulator/faults".to_owned(), json!({ "faults": [{ "operation": "none" }] })),
        ("PUT /_emulator/world/state".to_owned(), json!({ "env_vars": SET })),
    ]
}

#[test]
fn keys_and_secrets_are_nowhere_but_where_they_belong() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("data");
    let path = folder.to_str().expect("UTF-8");
    let keys = format!("{KEY}:mine,{OTHER_KEY}");
    let flags = ["--data-dir", path, "--api-key", &keys, "--control-token", TOKEN];
    let flags = [&flags[..], &["--max-sandboxes", "none"]].concat();
    let emulator = Emulator::start("secrets", &flags).expect("it starts");
    let url = emulator.environment(KEY)[0].1;
    let token = format!("leap0-control-token: {TOKEN}\r\n");

    let env = json!({
        "template_name": "system/debian:bookworm", "env_vars": { "TOKEN": SET }, "timeout": 28_800,
    });
    let created = ask(url, KEY, "", "POST /v1/sandbox", env.to_string().as_bytes());
    let sandbox = body(&created)["id"].as_str().expect("an id").to_owned();
    let mut errors = 0;
    for (call, sent) in requests(&sandbox) {
        let bytes = if sent.is_null() { Vec::new() } else { sent.to_string().into_bytes() };
        let answer = ask(url, KEY, &token, &call, &bytes);
        assert_free_of(&KEYS, &answer, &call);
        if status(&answer) >= 400 {
            errors += 1;
            assert_free_of(&[SET], &answer, &call);
        }
        // The same cut off: no JSON any more.
        let cut = ask(url, KEY, &token, &call, &bytes[..bytes.len() * 9 / 10]);
        assert_free_of(&KEYS, &cut, &call);
        if status(&cut) >= 400 {
            assert_free_of(&[SET], &cut, &call);
        }
    }
    assert!(errors > 12, "only {errors} requests were refused");
    for (key, extra) in [
        (WRONG_KEY, ""),
        (KEY, "origin: http://evil.test\r\n"),
        (KEY, "leap0-authorization: s3cret-key-that-is-wrong\r\n"),
        (KEY, "leap0-control-token: s3cret-key-that-is-wrong\r\n"),
    ] {
        let answer = ask(url, key, extra, "GET /_emulator/requests", b"");
        assert!((401..=404).contains(&status(&answer)), "{answer}");
        assert_free_of(&KEYS, &answer, "a refusal");
    }
    let snapshot = format!("POST /v1/sandbox/{sandbox}/snapshot/create");
    assert_eq!(status(&ask(url, KEY, "", &snapshot, b"{\"name\": \"s\"}")), 201);

    // What is there for looking at.
    for shown in ["requests", "report", "report?format=text", "faults", "clock"] {
        let answer = ask(url, KEY, &token, &format!("GET /_emulator/{shown}"), b"");
        assert_eq!(status(&answer), 200, "{answer}");
        assert_free_of(&[&KEYS[..], &[SET]].concat(), &answer, shown);
    }
    // An organisation as a file is there to have everything in it; but keys are no part of it.
    let world = ask(url, KEY, &token, "GET /_emulator/world/state", b"");
    assert!(world.contains(SET), "or nothing was looked for: {world}");
    assert_free_of(&KEYS, &world, "an exported organisation");
    // Another organisation sees nothing of all this.
    for shown in ["requests", "report", "world/state"] {
        let answer = ask(url, OTHER_KEY, &token, &format!("GET /_emulator/{shown}"), b"");
        assert_free_of(&[&KEYS[..], &[SET, &sandbox]].concat(), &answer, shown);
    }

    stop(emulator);
    let log = fs::read_to_string(log_of("secrets")).expect("a log");
    assert_free_of(&[&KEYS[..], &[SET]].concat(), &log, "the log");

    let file = home.path().join("state.json");
    let output = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"))
        .args(["state", "export"])
        .args([&folder, &file])
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let exported = fs::read_to_string(&file).expect("read");
    assert!(exported.contains(SET), "or nothing was looked for");
    assert_free_of(&KEYS, &exported, "an exported folder");
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    for path in files(&folder) {
        let bytes = fs::read(&path).expect("read");
        assert_free_of(&KEYS, &String::from_utf8_lossy(&bytes), &path.display().to_string());
    }
}

#[test]
fn a_key_that_makes_its_own_organisation_is_in_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let emulator = Emulator::start("secrets-any", &["--data-dir", path]).expect("it starts");
    let url = emulator.environment(KEY)[0].1;
    let body = b"{\"template_name\": \"system/debian:bookworm\", \"timeout\": 28800}";
    assert_eq!(status(&ask(url, KEY, "", "POST /v1/sandbox", body)), 201);
    let fork = json!({ "to_key": OTHER_KEY }).to_string();
    let forked = ask(url, KEY, "", "POST /_emulator/world/fork", fork.as_bytes());
    assert_eq!(status(&forked), 204, "{forked}");
    assert_free_of(&KEYS, &forked, "a fork");
    stop(emulator);
    let all = files(folder.path());
    assert!(!all.is_empty());
    for path in all {
        let bytes = fs::read(&path).expect("read");
        assert_free_of(&KEYS, &String::from_utf8_lossy(&bytes), &path.display().to_string());
    }
}

#[test]
fn a_bad_key_on_the_command_line_is_not_repeated() {
    for flags in [
        ["--api-key", "s3cret key of mine"],
        ["--api-key", "s3cret-key-of-mine:"],
        ["--api-key", ":s3cret"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"))
            .args(flags)
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("--api-key") && !said.contains("s3cret"), "{said}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"))
        .arg("--help")
        .env("LEAP0_EMULATOR_API_KEY", KEY)
        .env("LEAP0_EMULATOR_CONTROL_TOKEN", TOKEN)
        .output()
        .expect("it runs");
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(help.contains("LEAP0_EMULATOR_API_KEY"), "{help}");
    assert_free_of(&KEYS, &help, "the help");
}

/// Where the log of an emulator of this name is.
fn log_of(test: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.log"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("a name").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}
