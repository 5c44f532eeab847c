//! Folders that an emulator does not take.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::client::{Client, start_on, stop};

fn complaint(flags: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"))
        .args(["--listen", "127.0.0.1:0"])
        .args(flags)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn a_folder_has_one_emulator_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let _first = start_on(&[], "one-at-a-time", folder.path());
    let path = folder.path().to_str().expect("UTF-8");
    let said = complaint(&["--data-dir", path]);
    assert!(said.contains("in use by another emulator") && said.contains(path), "{said}");
}

#[test]
fn somebody_elses_folder_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let theirs = folder.path().join("thesis.tex");
    fs::write(&theirs, "chapter one").expect("written");
    let said = complaint(&["--data-dir", folder.path().to_str().expect("UTF-8")]);
    assert!(said.contains("--data-dir"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    assert_eq!(fs::read_to_string(theirs).expect("there"), "chapter one");
}

fn state(words: &[&dyn AsRef<Path>], verb: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"));
    command.args(["state", verb]).args(words.iter().map(AsRef::as_ref));
    command.output().expect("it runs")
}

#[test]
fn an_exported_folder_comes_back_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, file) = (folder.path().join("from"), folder.path().join("state.json"));
    let to = folder.path().join("to");
    let emulator = start_on(&[], "exported", &from);
    let client = Client::of(&emulator);
    let sandbox = client.create();
    client.run(&sandbox, "seq 30000 > numbers; echo memory > /dev/shm/m");
    client.snapshot(&sandbox, "s");
    client.expect(201, &format!("POST /v1/sandbox/{sandbox}/pause"), &Value::Null);
    stop(emulator);

    for (verb, words) in [("export", [&from, &file]), ("import", [&file, &to])] {
        let output = state(&words.map(|word| word as &dyn AsRef<Path>), verb);
        assert!(output.status.success(), "{verb}: {output:?}");
    }
    let again = state(&[&file, &to], "import");
    assert_eq!(again.status.code(), Some(2), "not over another: {again:?}");
    let nonsense = state(&[&from.join("leap0.redb"), &folder.path().join("x")], "import");
    assert_eq!(nonsense.status.code(), Some(2), "{nonsense:?}");
    // One bad organisation, and nothing of the others is left to be in the way.
    let broken = folder.path().join("broken.json");
    let mut exported: Value =
        serde_json::from_slice(&fs::read(&file).expect("read")).expect("JSON");
    let bad = json!({ "org": "z", "world": {}, "faults": [] });
    exported["organisations"].as_array_mut().expect("a list").push(bad);
    fs::write(&broken, exported.to_string()).expect("written");
    let before = fs::read_dir(folder.path()).expect("a folder").count();
    let refused = state(&[&broken, &folder.path().join("y")], "import");
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), before);
    let checked = state(&[&to], "verify");
    assert!(checked.status.success(), "{checked:?}");

    let emulator = start_on(&[], "imported", &to);
    let client = Client::of(&emulator);
    assert_eq!(client.state(&sandbox), "paused");
    for id in [sandbox, client.restore("s")] {
        assert_eq!(client.run(&id, "tail -n 1 numbers; cat /dev/shm/m"), "30000\nmemory\n");
    }
}

#[test]
fn a_flipped_bit_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let emulator = start_on(&[], "flipped", folder.path());
    let client = Client::of(&emulator);
    let sandbox = client.create();
    client.run(&sandbox, "seq 30000 > numbers");
    client.snapshot(&sandbox, "s");
    stop(emulator);
    let whole = state(&[&folder.path()], "verify");
    assert!(whole.status.success(), "{whole:?}");

    let file = largest_object(folder.path());
    let mut bytes = fs::read(&file).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).expect("written");
    let damaged = state(&[&folder.path()], "verify");
    assert_eq!(damaged.status.code(), Some(1), "{damaged:?}");
    let said = String::from_utf8_lossy(&damaged.stdout).into_owned();
    let id = file.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(said.contains("damaged: ") && said.contains(id), "{said}");

    // What is damaged is told to whoever uses it; the rest goes on.
    let emulator = start_on(&[], "flipped-again", folder.path());
    let client = Client::of(&emulator);
    let body = json!({ "snapshot_name": "s" });
    let (status, answer) = client.call("POST /v1/snapshot/restore", &body);
    assert_eq!(status, 503, "{answer}");
    assert!(emulator.log().contains(id), "{}", emulator.log());
    let other = client.create();
    assert_eq!(client.run(&other, "echo works"), "works\n");
}

fn largest_object(folder: &Path) -> PathBuf {
    let mut found = Vec::new();
    for shelf in fs::read_dir(folder.join("objects")).expect("objects") {
        for file in fs::read_dir(shelf.expect("an entry").path()).expect("a folder") {
            let file = file.expect("an entry");
            found.push((file.metadata().expect("there").len(), file.path()));
        }
    }
    found.into_iter().max().expect("an object of its own").1
}
