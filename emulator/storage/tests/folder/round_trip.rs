//! What is written is there, also after the folder was opened again.

use std::os::unix::fs::PermissionsExt as _;

use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::storage::{Contents, Key, Storage as _, StorageError};

use crate::support::*;

#[test]
fn records_and_images_are_there_after_the_folder_was_opened_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("data");
    let small = Image::leaf("small");
    let image = Image::above(&[&small, &Image::large(1)], "root");
    {
        let folder = open(&path);
        let ledger = folder.ledger(&acme());
        let changes = vec![
            is(sandbox(1), "a sandbox", image.contents()),
            is(snapshot(1), "a snapshot", Contents::AsBefore),
            is(Key::Presets, "a clock", Contents::None),
        ];
        assert_eq!(commit(&*ledger, changes), Ok(()));
        assert_eq!(commit(&*ledger, vec![is(sandbox(1), "paused", Contents::AsBefore)]), Ok(()),);
    }
    let folder = open(&path);
    assert_eq!(
        load(&folder),
        [
            stored(&acme(), sandbox(1), "paused", Some(&image)),
            stored(&acme(), snapshot(1), "a snapshot", None),
            stored(&acme(), Key::Presets, "a clock", None),
        ],
    );
    assert_readable(&*folder.objects(), &image);
    assert_eq!(files(&path).len(), 1);
}

#[test]
fn nobody_else_may_read_the_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("data");
    let folder = open(&path);
    let ledger = folder.ledger(&acme());
    commit(&*ledger, vec![is(sandbox(1), "", Image::large(1).contents())]).expect("it is written");
    let mut all = vec![path];
    while let Some(path) = all.pop() {
        let mode = path.metadata().expect("it is there").permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            all.extend(path.read_dir().expect("names").map(|entry| entry.expect("a name").path()));
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
        }
    }
}

#[test]
fn an_image_that_is_replaced_or_whose_record_goes_is_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    let ledger = folder.ledger(&acme());
    let (first, second) = (Image::large(1), Image::large(2));
    for image in [&first, &second] {
        commit(&*ledger, vec![is(sandbox(1), "", image.contents())]).expect("it is written");
        assert_eq!(files(dir.path()), [image.root().to_string()]);
        assert_readable(&*folder.objects(), image);
    }
    assert!(matches!(
        folder.objects().get(&first.root()),
        Err(StorageError::Damaged(text)) if text.ends_with("is missing"),
    ));
    commit(&*ledger, vec![gone(sandbox(1)), gone(sandbox(2))]).expect("it is written");
    assert!(files(dir.path()).is_empty());
    assert!(load(&folder).is_empty());
}

#[test]
fn what_is_put_and_named_by_nobody_does_not_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    let ledger = folder.ledger(&acme());
    let (named, unnamed) = (Image::leaf("named"), Image::large(1));
    let contents = {
        let (named, unnamed) = (named.clone(), unnamed.clone());
        Contents::New(Box::new(move |writer| {
            for object in [&unnamed.objects[0], &named.objects[0]] {
                writer.put(object.id(), object)?;
                assert_eq!(writer.has(&object.id()), Ok(true));
            }
            Ok(named.root())
        }))
    };
    commit(&*ledger, vec![is(sandbox(1), "", contents)]).expect("it is written");
    assert_readable(&*folder.objects(), &named);
    assert!(folder.objects().get(&unnamed.root()).is_err());
    assert!(files(dir.path()).is_empty());
}

#[test]
fn an_image_that_goes_and_comes_back_in_one_commit_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    let ledger = folder.ledger(&acme());
    let image = Image::above(&[&Image::large(1)], "root");
    commit(&*ledger, vec![is(sandbox(1), "", image.contents())]).expect("it is written");
    commit(&*ledger, vec![gone(sandbox(1)), is(snapshot(1), "", image.contents())])
        .expect("it is written");
    assert_readable(&*folder.objects(), &image);
    assert_eq!(load(&folder), [stored(&acme(), snapshot(1), "", Some(&image))]);
}

#[test]
fn a_deep_image_is_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    let ledger = folder.ledger(&acme());
    let mut image = Image::large(1);
    for depth in 0..20_000_u32 {
        let above = image.root();
        image.objects.push(leap0_emulator_core::storage::Object {
            children: vec![above],
            data: std::sync::Arc::new(depth.to_le_bytes().to_vec()),
        });
    }
    commit(&*ledger, vec![is(sandbox(1), "", image.contents())]).expect("it is written");
    commit(&*ledger, vec![gone(sandbox(1))]).expect("it is written");
    assert!(files(dir.path()).is_empty());
}

#[test]
fn the_end_of_a_ledger_removes_the_records_of_its_organisation_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    // One whose name begins with the other's.
    let neighbour = OrgId::new("acme2");
    let ledger = folder.ledger(&acme());
    let image = Image::above(&[&Image::large(1)], "root");
    for ledger in [&ledger, &folder.ledger(&neighbour)] {
        let changes = vec![
            is(sandbox(1), "", image.contents()),
            is(snapshot(1), "", image.contents()),
            is(Key::Presets, "", Contents::None),
        ];
        commit(&**ledger, changes).expect("it is written");
    }
    assert_eq!(end(&*ledger), Ok(()));
    assert_eq!(commit(&*ledger, vec![is(sandbox(2), "late", Contents::None)]), Ok(()));
    let rest: Vec<_> = load(&folder).into_iter().map(|stored| stored.org).collect();
    assert_eq!(rest, vec![neighbour; 3]);

    let ledger = folder.ledger(&acme());
    commit(&*ledger, vec![is(sandbox(2), "anew", Contents::None)]).expect("it is written");
    assert_eq!(load(&folder)[0], stored(&acme(), sandbox(2), "anew", None));
    assert_readable(&*folder.objects(), &image);
}
