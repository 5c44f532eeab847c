//! Bits that have flipped.

use std::fs;
use std::path::{Path, PathBuf};

use leap0_emulator_core::storage::{Contents, Key, ObjectId, Storage as _};
use leap0_storage::{DataFolder, verify};
use redb::{Database, ReadableTable as _, TableDefinition, WriteTransaction};

use crate::support::*;

fn model() -> Model {
    let mut model = Model::default();
    let image = Image::above(&[&Image::large(1), &Image::leaf(vec![b'i'; 9_000])], "root");
    model.set(&acme(), sandbox(1), &"t".repeat(5_000), Some(image));
    for number in 0..60 {
        let image = Image::leaf(format!("image {number}").repeat(50));
        model.set(&acme(), snapshot(number), &format!("snapshot {number}"), Some(image));
    }
    model
}

fn folder(path: &Path) {
    let folder = open(path);
    let ledger = folder.ledger(&acme());
    let model = model();
    let changes = model.stored().into_iter().map(|stored| {
        let image = model.image(&acme(), &stored.key);
        let contents = image.map_or(Contents::None, |image| image.contents());
        is(stored.key, str::from_utf8(&stored.text).expect("it is text"), contents)
    });
    commit(&*ledger, changes.collect()).expect("it is written");
}

/// Flips a bit, looks at the folder, and flips it back.
fn with_flipped<T>(path: &Path, place: usize, look: impl FnOnce() -> T) -> T {
    let original = fs::read(path).expect("it can be read");
    let mut bytes = original.clone();
    bytes[place] ^= 1 << (place % 8);
    fs::write(path, bytes).expect("it can be written");
    let seen = look();
    fs::write(path, original).expect("it can be written");
    seen
}

fn object_file(dir: &Path) -> PathBuf {
    let name = files(dir).pop().expect("there is a large object");
    dir.join("objects").join(&name[..2]).join(name)
}

#[test]
fn a_flipped_bit_in_the_file_of_an_object_is_found() {
    let dir = scratch();
    folder(dir.path());
    let path = object_file(dir.path());
    let id = Image::large(1).root();
    for place in (0..LARGE).step_by(LARGE / 20) {
        let report = with_flipped(&path, place, || verify(dir.path()).expect("it can be checked"));
        assert_eq!(report.damages, [format!("damaged: object {id}")], "{place}");
        with_flipped(&path, place, || {
            let error = open(dir.path()).objects().get(&id).expect_err("it is damaged");
            assert_eq!(error.to_string(), format!("damaged: object {id}"));
        });
    }
}

#[test]
fn a_file_that_is_missing_cut_off_or_superfluous_is_found() {
    let dir = scratch();
    folder(dir.path());
    let path = object_file(dir.path());
    let id = Image::large(1).root();
    let bytes = fs::read(&path).expect("it can be read");
    let damages = || verify(dir.path()).expect("it can be checked").damages;
    for length in [0, bytes.len() - 1, bytes.len() + 1] {
        let mut other = bytes.clone();
        other.resize(length, 0);
        fs::write(&path, other).expect("it can be written");
        assert_eq!(damages(), [format!("damaged: the length of the file of object {id}")]);
    }
    fs::remove_file(&path).expect("it can be removed");
    assert_eq!(damages(), [format!("damaged: the file of object {id} is missing")]);
    fs::write(&path, bytes).expect("it can be written");

    let superfluous = Image::large(2).root().to_string();
    let waste = dir.path().join("objects").join(&superfluous[..2]).join(&superfluous);
    fs::create_dir_all(waste.parent().expect("a folder")).expect("it can be made");
    let foreign = dir.path().join("objects/notes.txt");
    for path in [&waste, &foreign] {
        fs::write(path, "x").expect("it can be written");
    }
    let report = verify(dir.path()).expect("it can be checked");
    let mut expected = [foreign.clone(), waste.clone()];
    expected.sort();
    assert_eq!((report.damages, report.superfluous.as_slice()), (vec![], expected.as_slice()));
    drop(open(dir.path()));
    assert!(foreign.exists() && !waste.exists());
}

/// Whether a check finds a flipped bit in the database.
fn is_found(dir: &Path) -> bool {
    !verify(dir).is_ok_and(|report| report.damages.is_empty())
}

#[test]
fn a_flipped_bit_in_the_database_is_found_or_changes_nothing() {
    let dir = scratch();
    folder(dir.path());
    let path = dir.path().join("leap0.redb");
    let model = model();
    let bytes = fs::read(&path).expect("it can be read");
    // Of the header and of what is not empty, one in so many.
    let used = bytes.iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(place, _)| place);
    for place in (0..320).step_by(3).chain(used.step_by(97)) {
        with_flipped(&path, place, || {
            let found = is_found(dir.path());
            match DataFolder::open(dir.path(), BACKEND) {
                // What is opened all the same is as it was.
                Ok(folder) => model.assert_is(&folder),
                Err(error) => assert!(found, "{place}: {error}"),
            }
        });
    }
}

#[test]
fn a_flipped_bit_in_what_the_database_holds_is_found() {
    let dir = scratch();
    folder(dir.path());
    let path = dir.path().join("leap0.redb");
    let bytes = fs::read(&path).expect("it can be read");
    let (Key::Snapshot(name), small) = (snapshot(7), Image::leaf("image 7".repeat(50))) else {
        unreachable!("it is a snapshot");
    };
    for held in [
        "t".repeat(1_000).as_bytes(),
        "i".repeat(1_000).as_bytes(),
        "image 7".repeat(50).as_bytes(),
        "snapshot 7".as_bytes(),
        name.as_str().as_bytes(),
        &small.root().0,
        &Image::large(1).root().0,
    ] {
        // There may be copies of it in pages that are used no more.
        let mut places = (0..bytes.len()).filter(|place| bytes[*place..].starts_with(held));
        let found = places
            .any(|place| with_flipped(&path, place + held.len() / 2, || is_found(dir.path())));
        assert!(found, "{}", String::from_utf8_lossy(held));
    }
}

/// Changes the database behind the emulator's back.
fn tamper(dir: &Path, change: impl FnOnce(&WriteTransaction)) {
    let database = Database::open(dir.join("leap0.redb")).expect("it can be opened");
    let transaction = database.begin_write().expect("it can be written");
    change(&transaction);
    transaction.commit().expect("it is written");
}

const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("records");
const OBJECTS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("objects");
const COUNTS: TableDefinition<&[u8; 32], u64> = TableDefinition::new("counts");

/// What a check says after a change of a folder in which one image stands below two records.
fn damages(change: impl FnOnce(&WriteTransaction, ObjectId, ObjectId)) -> Vec<String> {
    let dir = scratch();
    let image = Image::above(&[&Image::leaf("below")], "root");
    {
        let folder = open(dir.path());
        let changes =
            vec![is(sandbox(1), "", image.contents()), is(Key::Presets, "", image.contents())];
        commit(&*folder.ledger(&acme()), changes).expect("it is written");
    }
    let (root, below) = (image.root(), image.objects[0].id());
    tamper(dir.path(), |transaction| change(transaction, root, below));
    let report = verify(dir.path()).expect("it can be checked");
    let names = [(root.to_string(), "ROOT"), (below.to_string(), "BELOW")];
    let replaced =
        |text: String| names.iter().fold(text, |text, (id, name)| text.replace(id, name));
    report.damages.into_iter().map(replaced).collect()
}

#[test]
fn a_count_that_is_wrong_is_found() {
    let damages = damages(|transaction, root, _| {
        transaction.open_table(COUNTS).expect("a table").insert(&root.0, 3).expect("a count");
    });
    assert_eq!(damages, ["damaged: the count of object ROOT: 2 name it, and 3 are counted"]);
}

#[test]
fn an_object_that_is_missing_is_found() {
    let damages = damages(|transaction, _, below| {
        transaction.open_table(OBJECTS).expect("a table").remove(&below.0).expect("an object");
    });
    assert_eq!(damages, ["damaged: object BELOW, which object ROOT needs, is missing"]);
}

#[test]
fn an_image_that_is_missing_and_what_nobody_needs_then_is_found() {
    let damages = damages(|transaction, root, _| {
        transaction.open_table(OBJECTS).expect("a table").remove(&root.0).expect("an object");
    });
    assert_eq!(
        damages,
        [
            "damaged: object ROOT, which sandbox sbx-baaaaaaaaaaaa of acme needs, is missing",
            "damaged: the count of object BELOW: 0 name it, and 1 are counted",
        ],
    );
}

#[test]
fn an_object_that_nobody_needs_is_found() {
    let damages = damages(|transaction, root, _| {
        transaction.open_table(COUNTS).expect("a table").remove(&root.0).expect("a count");
        transaction.open_table(RECORDS).expect("a table").retain(|_, _| false).expect("records");
    });
    assert_eq!(damages, ["damaged: object ROOT is there, and nothing needs it"]);
}

#[test]
fn a_record_that_has_changed_is_found_and_not_loaded() {
    let dir = scratch();
    folder(dir.path());
    tamper(dir.path(), |transaction| {
        let mut records = transaction.open_table(RECORDS).expect("a table");
        let (key, mut value) = {
            let (key, value) = records.first().expect("it can be read").expect("a record");
            (key.value().to_vec(), value.value().to_vec())
        };
        *value.last_mut().expect("it is not empty") ^= 1;
        records.insert(key.as_slice(), value.as_slice()).expect("it can be written");
    });
    let whose = "damaged: the record of sandbox sbx-baaaaaaaaaaaa of acme";
    let report = verify(dir.path()).expect("it can be checked");
    assert_eq!(report.damages[0], whose);
    let error = open(dir.path()).load().expect_err("it is damaged");
    assert_eq!(error.to_string(), whose);
}
