//! What is there after a restart, whether the emulator was asked to end or was killed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use serde_json::{Value, json};

use crate::client::{Client, KEY, start, stop};
use crate::emulator::Emulator;

#[test]
fn an_emulator_that_is_asked_to_end_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start("asked", folder.path());
    let client = Client::of(&emulator);
    let [running, paused, stopped, deleted] = [(); 4].map(|()| client.create());
    for sandbox in [&running, &paused, &stopped] {
        // A file of its own object, a small one, and one in memory.
        client.run(sandbox, &format!("echo {sandbox} > small; echo {sandbox} > /dev/shm/m"));
        client.run(sandbox, "seq 20000 > large; ln -s large link; chmod 4711 small; mkdir empty");
    }
    client.snapshot(&running, "kept");
    let gone = client.snapshot(&running, "gone");
    client.run(&running, "echo later > small");
    client.expect(204, &format!("DELETE /v1/snapshot/{gone}"), &Value::Null);
    client.expect(201, &format!("POST /v1/sandbox/{paused}/pause"), &Value::Null);
    client.expect(200, &format!("POST /v1/sandbox/{stopped}/stop"), &Value::Null);
    client.expect(204, &format!("DELETE /v1/sandbox/{deleted}"), &Value::Null);
    let seen = client.get(&format!("/v1/sandbox/{paused}"));
    let listed = client.get("/v1/snapshots");
    stop(emulator);

    let emulator = start("asked-again", folder.path());
    let client = Client::of(&emulator);
    assert_eq!(client.get(&format!("/v1/sandbox/{paused}")), seen);
    assert_eq!(client.get("/v1/snapshots"), listed);
    assert_eq!(client.state(&running), "paused", "it was put to sleep");
    assert_eq!(client.state(&stopped), "stopped");
    assert_eq!(client.call(&format!("GET /v1/sandbox/{deleted}"), &Value::Null).0, 404);
    let look = "cat small /dev/shm/m; tail -n 1 link; stat -c '%a %U' small; ls";
    let of_paused = client.run(&paused, look);
    assert!(of_paused.starts_with(&format!("{paused}\n{paused}\n")), "{of_paused}");
    assert!(of_paused.ends_with("20000\n4711 user\nempty\nlarge\nlink\nsmall\n"), "{of_paused}");
    let of_running = client.run(&running, look);
    assert!(of_running.starts_with(&format!("later\n{running}\n")), "{of_running}");
    client.expect(200, &format!("POST /v1/sandbox/{stopped}/start"), &Value::Null);
    assert_eq!(client.run(&stopped, "cat small; ls /dev/shm"), format!("{stopped}\n"));
    let copy = client.restore("kept");
    assert_eq!(client.run(&copy, "cat small /dev/shm/m"), format!("{running}\n{running}\n"));
    let taken = json!({ "name": "kept" });
    client.expect(409, &format!("POST /v1/sandbox/{copy}/snapshot/create"), &taken);
    client.snapshot(&copy, "gone");
}

#[test]
fn a_sandbox_that_ran_when_the_emulator_was_killed_has_the_disk_of_its_last_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start("killed", folder.path());
    let client = Client::of(&emulator);
    let [rested, never] = [(); 2].map(|()| client.create());
    client.run(&rested, "echo saved > f; echo memory > /dev/shm/m");
    client.expect(201, &format!("POST /v1/sandbox/{rested}/pause"), &Value::Null);
    client.run(&rested, "echo unsaved > f");
    drop(emulator);

    let emulator = start("killed-again", folder.path());
    let client = Client::of(&emulator);
    let log = emulator.log();
    for (id, word) in [(&rested, "it is stopped"), (&never, "it is gone")] {
        assert!(log.lines().any(|line| line.contains(id) && line.contains(word)), "{log}");
    }
    assert_eq!(client.state(&rested), "stopped");
    assert_eq!(client.call(&format!("GET /v1/sandbox/{never}"), &Value::Null).0, 404);
    client.expect(200, &format!("POST /v1/sandbox/{rested}/start"), &Value::Null);
    assert_eq!(client.run(&rested, "cat f; ls /dev/shm"), "saved\n");
}

#[test]
fn the_clock_and_the_faults_on_demand_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start("presets", folder.path());
    let client = Client::of(&emulator);
    client.expect(200, "POST /_emulator/clock", &json!({ "action": "freeze" }));
    let to = json!({ "action": "set", "to": "2031-01-02T03:04:05Z" });
    let clock = client.expect(200, "POST /_emulator/clock", &to);
    let fault = json!({ "operation": "sandbox/list", "first": 2, "answer": { "status": 418 } });
    client.expect(200, "PUT /_emulator/faults", &json!({ "faults": [fault] }));
    client.expect(418, "GET /v1/sandboxes", &Value::Null);
    stop(emulator);

    let emulator = start("presets-again", folder.path());
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
    let emulator = start("stands-again", folder.path());
    assert_eq!(Client::of(&emulator).state(&sandbox), "paused");
}

#[test]
fn resets_and_forks_are_kept_and_no_key_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start("forks", folder.path());
    let secret = "a-key-that-nobody-else-has";
    let client = Client::with_key(&emulator, secret);
    let sandbox = client.create();
    client.run(&sandbox, "echo one > f");
    client.snapshot(&sandbox, "s");
    client.expect(204, "POST /_emulator/world/fork", &json!({ "to_key": KEY }));
    client.expect(204, "POST /_emulator/reset", &json!({}));
    drop(emulator);

    let emulator = start("forks-again", folder.path());
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
