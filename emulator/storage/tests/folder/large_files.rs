//! Objects whose bytes are files that somebody else has made.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use leap0_emulator_core::storage::{Contents, Object, ObjectId, Storage as _, StorageError};

use crate::support::*;

/// An image of one file, with the id of that below its root.
fn image_of(file: &Path) -> Contents {
    let file = file.to_owned();
    Contents::New(Box::new(move |writer| {
        let bytes = fs::File::open(&file).expect("it can be read");
        let below = ObjectId::read(&[], bytes).expect("it can be read");
        writer.put_file(below, &file)?;
        let root = root_over(below);
        writer.put(root.id(), &root)?;
        Ok(root.id())
    }))
}

fn root_over(below: ObjectId) -> Object {
    Object { children: vec![below], data: b"root".to_vec().into() }
}

/// Some bytes in a file, and the id of the object that they are.
fn a_file(folder: &Path, length: usize) -> (std::path::PathBuf, ObjectId) {
    let path = folder.join(format!("theirs-{length}"));
    let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
    fs::write(&path, &bytes).expect("written");
    (path, ObjectId::read(&[], bytes.as_slice()).expect("memory can be read"))
}

#[test]
fn a_file_is_kept_after_its_owner_has_removed_it_and_goes_with_its_record() {
    for (where_from, linked) in
        [(tempfile::tempdir(), true), (tempfile::tempdir_in("/dev/shm"), false)]
    {
        let theirs = where_from.expect("a folder");
        let dir = tempfile::tempdir().expect("a folder");
        let (file, id) = a_file(theirs.path(), 3 * LARGE);
        let bytes = fs::read(&file).expect("read");
        let inode = fs::metadata(&file).expect("there").ino();
        {
            let folder = open(dir.path());
            let changes = vec![is(snapshot(1), "", image_of(&file))];
            commit(&*folder.ledger(&acme()), changes).expect("it is written");
            // Another that has it too, with its own root.
            let changes = vec![is(snapshot(2), "", image_of(&file))];
            commit(&*folder.ledger(&acme()), changes).expect("it is written");
        }
        fs::remove_file(&file).expect("removed");
        assert_sound(dir.path());
        let folder = open(dir.path());
        let objects = folder.objects();
        assert_eq!(objects.get(&root_over(id).id()), Ok(root_over(id)));
        let back = theirs.path().join("back");
        assert_eq!(objects.place(&id, &back), Ok(()));
        assert_eq!(fs::read(&back).expect("read"), bytes);
        assert_eq!(fs::metadata(&back).expect("there").ino() == inode, linked);

        let ledger = folder.ledger(&acme());
        commit(&*ledger, vec![gone(snapshot(1))]).expect("it is written");
        assert_eq!(files(dir.path()), [id.to_string()]);
        commit(&*ledger, vec![gone(snapshot(2))]).expect("it is written");
        assert!(files(dir.path()).is_empty());
        assert_eq!(fs::read(&back).expect("who has it keeps it"), bytes);
    }
}

#[test]
fn bytes_that_are_in_the_database_are_placed_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    let image = Image::leaf("few bytes");
    commit(&*folder.ledger(&acme()), vec![is(snapshot(1), "", image.contents())]).expect("written");
    let at = dir.path().with_extension("placed");
    assert_eq!(folder.objects().place(&image.root(), &at), Ok(()));
    assert_eq!(fs::read(&at).expect("read"), b"few bytes");
    fs::remove_file(at).expect("removed");
}

#[test]
fn a_file_that_has_changed_is_not_placed() {
    let theirs = tempfile::tempdir().expect("a folder");
    let dir = tempfile::tempdir().expect("a folder");
    let (file, id) = a_file(theirs.path(), LARGE);
    let folder = open(dir.path());
    commit(&*folder.ledger(&acme()), vec![is(snapshot(1), "", image_of(&file))]).expect("written");
    let name = id.to_string();
    let kept = dir.path().join("objects").join(&name[..2]).join(&name);
    let mut bytes = fs::read(&kept).expect("read");
    bytes[LARGE / 2] ^= 1;
    fs::write(&kept, bytes).expect("written");
    let at = theirs.path().join("back");
    let error = folder.objects().place(&id, &at).expect_err("it is damaged");
    assert!(matches!(&error, StorageError::Damaged(text) if text.contains(&name)), "{error}");
    assert!(!at.exists());
}
