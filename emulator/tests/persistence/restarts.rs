//! What is there after a restart that no machine plays a part in, and what can be seen of the folder.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use serde_json::{Value, json};

use crate::client::{Client, KEY, start_on, stop};
use crate::emulator::Emulator;

#[test]
fn the_clock_and_the_faults_on_demand_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start_on(&[], "presets", folder.path());
    let client = Client::of(&emulator);
    client.expect(200, "POST /_emulator/clock", &json!({ "action": "freeze" }));
    let to = json!({ "action": "set", "to": "2031-01-02T03:04:05Z" });
    let clock = client.expect(200, "POST /_emulator/clock", &to);
    let fault = json!({ "operation": "sandbox/list", "first": 2, "answer": { "status": 418 } });
    client.expect(200, "PUT /_emulator/faults", &json!({ "faults": [fault] }));
    client.expect(418, "GET /v1/sandboxes", &Value::Null);
    stop(emulator);

    let emulator = start_on(&[], "presets-again", folder.path());
    let client = Client::of(&emulator);
    assert_eq!(client.get("/_emulator/clock"), clock);
    let untouched = Client::with_key(&emulator, "untouched");
    untouched.create();
    client.expect(418, "GET /v1/sandboxes", &Value::Null);
    client.expect(200, "GET /v1/sandboxes", &Value::Null);
    stop(emulator);

    // A clock that nobody has handled is the next process's to choose.
    let path = folder.path().to_str().expect("UTF-8");
    let flags = ["--data-dir", path, "--clock", "manual"];
    let emulator = Emulator::start("presets-manual", &flags).expect("it starts");
    let untouched = Client::with_key(&emulator, "untouched");
    assert_eq!(untouched.get("/_emulator/clock")["mode"], "frozen");
    assert_eq!(Client::of(&emulator).get("/_emulator/clock"), clock);
}

#[test]
fn transitions_that_wait_for_a_clock_that_stands_do_not_hold_up_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let flags = ["--data-dir", path, "--clock", "manual", "--transition-delay", "60000"];
    let emulator = Emulator::start("stands", &flags).expect("it starts");
    let client = Client::of(&emulator);
    let sandbox = thread::scope(|scope| {
        let created = scope.spawn(|| client.create());
        let minute = json!({ "action": "advance", "ms": 60_000 });
        while !created.is_finished() {
            client.expect(200, "POST /_emulator/clock", &minute);
        }
        created.join().expect("created")
    });
    stop(emulator);
    let emulator = start_on(&[], "stands-again", folder.path());
    assert_eq!(Client::of(&emulator).state(&sandbox), "paused");
}

#[test]
fn resets_and_forks_are_kept_and_no_key_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start_on(&[], "forks", folder.path());
    let secret = "a-key-that-nobody-else-has";
    let client = Client::with_key(&emulator, secret);
    let sandbox = client.create();
    client.run(&sandbox, "echo one > f");
    client.snapshot(&sandbox, "s");
    client.expect(204, "POST /_emulator/world/fork", &json!({ "to_key": KEY }));
    client.expect(204, "POST /_emulator/reset", &json!({}));
    drop(emulator);

    let emulator = start_on(&[], "forks-again", folder.path());
    assert!(Client::with_key(&emulator, secret).snapshot_names().is_empty());
    let client = Client::of(&emulator);
    let copy = client.restore("s");
    assert_eq!(client.run(&copy, "cat f"), "one\n");
    stop(emulator);
    for entry in fs::read_dir(folder.path()).expect("a folder") {
        let entry = entry.expect("an entry");
        let meta = entry.metadata().expect("there");
        assert_eq!(meta.permissions().mode() & 0o077, 0, "{entry:?} is for others too");
        if meta.is_file() {
            let bytes = fs::read(entry.path()).expect("read");
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{entry:?} has the key");
        }
    }
}
