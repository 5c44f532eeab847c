//! Folders that an emulator does not take.

use std::fs;
use std::process::Command;

use crate::client::start;

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
    let _first = start("one-at-a-time", folder.path());
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
