//! What becomes of sandboxes and snapshots when the emulator ends, on any back end: `machines` are
//! the flags that choose it.

use serde_json::{Value, json};

use crate::client::{Client, start_on, stop};

/// An emulator that is asked to end leaves everything as it was.
pub(crate) fn asked_to_end(machines: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start_on(machines, "asked", folder.path());
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

    let emulator = start_on(machines, "asked-again", folder.path());
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

/// A sandbox that ran when the emulator was killed has the disk of its last rest.
pub(crate) fn killed_while_running(machines: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start_on(machines, "killed", folder.path());
    let client = Client::of(&emulator);
    let [rested, never] = [(); 2].map(|()| client.create());
    client.run(&rested, "echo saved > f; echo memory > /dev/shm/m");
    client.expect(201, &format!("POST /v1/sandbox/{rested}/pause"), &Value::Null);
    client.run(&rested, "echo unsaved > f");
    drop(emulator);

    let emulator = start_on(machines, "killed-again", folder.path());
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
