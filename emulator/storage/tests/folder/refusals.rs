//! Folders that are not opened, and what is said of them.

use std::fs;
use std::path::Path;

use leap0_emulator_core::storage::Storage as _;
use leap0_storage::{DataFolder, verify};
use redb::{Database, TableDefinition};

use crate::support::*;

/// What opening a folder fails with, its path being `DIR`.
fn refusal(path: &Path) -> String {
    let error = DataFolder::open(path, BACKEND).expect_err("it is refused");
    error.to_string().replace(&path.display().to_string(), "DIR")
}

fn database(path: &Path) -> Database {
    Database::create(path.join("leap0.redb")).expect("a database")
}

#[test]
fn a_folder_of_somebody_else() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("notes.txt"), "mine").expect("it can be written");
    assert_eq!(refusal(dir.path()), "DIR holds files that are not the emulator's");
    assert_eq!(fs::read_dir(dir.path()).expect("names").count(), 1);
    let error = verify(dir.path()).expect_err("there is nothing to check");
    assert!(error.to_string().ends_with("holds files that are not the emulator's"), "{error}");
}

#[test]
fn a_path_that_is_no_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("file");
    fs::write(&path, "").expect("it can be written");
    assert_eq!(refusal(&path), "DIR: File exists (os error 17)");
}

#[test]
fn a_folder_that_is_open() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    assert_eq!(refusal(dir.path()), "DIR is in use by another emulator");
    let error = verify(dir.path()).expect_err("it can't be checked");
    assert!(error.to_string().ends_with("is in use by another emulator"), "{error}");
    // What came from the folder does not keep it open.
    let (ledger, objects) = (folder.ledger(&acme()), folder.objects());
    drop(folder);
    open(dir.path());
    let image = Image::leaf("x");
    assert!(commit(&*ledger, vec![is(sandbox(1), "", image.contents())]).is_err());
    assert!(objects.get(&image.root()).is_err());
}

#[test]
fn a_folder_of_a_newer_version() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(open(dir.path()));
    set_version(dir.path(), 3);
    let refused = "DIR/leap0.redb was written by a newer version of the emulator";
    assert_eq!(refusal(dir.path()), refused);
    let error = verify(dir.path()).expect_err("it can't be checked").to_string();
    assert_eq!(error.replace(&dir.path().display().to_string(), "DIR"), refused);
}

#[test]
fn a_folder_of_another_back_end() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(DataFolder::open(dir.path(), "qemu").expect("it is made"));
    assert_eq!(
        refusal(dir.path()),
        "DIR holds machines of the qemu back end, which alone can use them",
    );
    drop(DataFolder::open(dir.path(), "qemu").expect("it is as it was"));
}

#[test]
fn a_folder_of_the_first_version_is_that_of_the_only_back_end_of_then() {
    let dir = tempfile::tempdir().expect("a folder");
    let image = Image::leaf("x");
    {
        let folder = DataFolder::open(dir.path(), "memory").expect("it is made");
        let ledger = folder.ledger(&acme());
        commit(&*ledger, vec![is(sandbox(1), "", image.contents())]).expect("it is written");
    }
    set_version(dir.path(), 1);
    assert!(refusal(dir.path()).contains("holds machines of the memory back end"));
    set_version(dir.path(), 1);
    let folder = DataFolder::open(dir.path(), "memory").expect("it is brought up");
    assert_readable(&*folder.objects(), &image);
    drop(folder);
    assert_sound(dir.path());
}

/// Makes it a folder of another version; the first did not say of which back end it was.
fn set_version(path: &Path, version: u32) {
    let database = database(path);
    let transaction = database.begin_write().expect("it can be written");
    let table: TableDefinition<&[u8], &[u8]> = TableDefinition::new("meta");
    let format = postcard::to_allocvec(&("leap0-data", version)).expect("bytes");
    {
        let mut meta = transaction.open_table(table).expect("a table");
        meta.insert(b"format".as_slice(), format.as_slice()).expect("it can be written");
        if version == 1 {
            meta.remove(b"backend".as_slice()).expect("it can be written");
        }
    }
    transaction.commit().expect("it is written");
}

#[test]
fn a_database_of_something_else() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(database(dir.path()));
    assert_eq!(
        refusal(dir.path()),
        "DIR/leap0.redb is damaged: it is not a database of the emulator",
    );
}

#[test]
fn a_file_that_is_no_database() {
    let dir = tempfile::tempdir().expect("a folder");
    for (text, reason) in [
        (Vec::new(), "it is empty"),
        (b"short".to_vec(), "Not a redb database: magic number mismatch"),
        (vec![b'x'; 1 << 20], "Not a redb database: magic number mismatch"),
    ] {
        fs::write(dir.path().join("leap0.redb"), text).expect("it can be written");
        assert_eq!(refusal(dir.path()), format!("DIR/leap0.redb is damaged: {reason}"));
        assert!(verify(dir.path()).is_err());
    }
}

#[test]
fn a_database_that_was_cut_off() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(open(dir.path()));
    let path = dir.path().join("leap0.redb");
    let file = fs::OpenOptions::new().write(true).open(&path).expect("it can be opened");
    let length = file.metadata().expect("it has a length").len();
    file.set_len(length - 4096).expect("it can be cut off");
    let refused = refusal(dir.path());
    assert!(refused.starts_with("DIR/leap0.redb is damaged: "), "{refused}");
}

#[test]
fn a_new_database_that_a_crash_has_left_unfinished_is_made_anew() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("leap0.redb.unfinished"), "half").expect("it can be written");
    let folder = open(dir.path());
    assert!(load(&folder).is_empty());
    assert!(!dir.path().join("leap0.redb.unfinished").exists());
}
