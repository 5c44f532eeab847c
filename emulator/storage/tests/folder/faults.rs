//! A disk that fails at every place where it can.

use std::path::Path;
use std::sync::Arc;

use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::storage::{Contents, Key, Ledger, Storage as _, StorageError};
use leap0_storage::{DataFolder, Fault, Faults, OpenError, verify};

use crate::support::*;

/// A step of the scenario: what is committed, or the end of the ledger.
type Step = (Act, fn(&mut Model));

type Act = fn(&dyn Ledger) -> Result<(), StorageError>;

/// Large and small images that share objects, are replaced, go and come back.
const STEPS: [Step; 13] = [
    (
        |ledger| commit(ledger, vec![is(sandbox(1), "1", first().contents())]),
        |model| model.set(&acme(), sandbox(1), "1", Some(first())),
    ),
    (
        |ledger| commit(ledger, vec![is(snapshot(1), "2", second().contents())]),
        |model| model.set(&acme(), snapshot(1), "2", Some(second())),
    ),
    (
        |ledger| commit(ledger, vec![is(sandbox(1), "3", Contents::AsBefore)]),
        |model| {
            let image = model.image(&acme(), &sandbox(1));
            model.set(&acme(), sandbox(1), "3", image);
        },
    ),
    (
        |ledger| {
            commit(ledger, vec![gone(snapshot(1)), is(sandbox(2), "4", Image::large(3).contents())])
        },
        |model| {
            model.remove(&acme(), &snapshot(1));
            model.set(&acme(), sandbox(2), "4", Some(Image::large(3)));
        },
    ),
    (
        |ledger| commit(ledger, vec![is(snapshot(1), "5", second().contents())]),
        |model| model.set(&acme(), snapshot(1), "5", Some(second())),
    ),
    (
        |ledger| commit(ledger, vec![is(sandbox(2), "6", Contents::None)]),
        |model| model.set(&acme(), sandbox(2), "6", None),
    ),
    (|ledger| end(ledger), |model| model.end(&acme())),
    (
        |ledger| commit(ledger, vec![is(sandbox(1), "8", first().contents())]),
        |model| model.set(&acme(), sandbox(1), "8", Some(first())),
    ),
    (
        |ledger| commit(ledger, vec![is(sandbox(1), "9", second().contents())]),
        |model| model.set(&acme(), sandbox(1), "9", Some(second())),
    ),
    (
        // Enough for the database to grow.
        |ledger| commit(ledger, vec![is(sandbox(3), &"x".repeat(600_000), Contents::None)]),
        |model| model.set(&acme(), sandbox(3), &"x".repeat(600_000), None),
    ),
    (
        |ledger| commit(ledger, vec![gone(sandbox(3)), gone(sandbox(1))]),
        |model| {
            model.remove(&acme(), &sandbox(3));
            model.remove(&acme(), &sandbox(1));
        },
    ),
    // The database shrinks in one of these: after the transaction is on the disk.
    (
        |ledger| commit(ledger, vec![is(Key::Presets, "12", Contents::None)]),
        |model| model.set(&acme(), Key::Presets, "12", None),
    ),
    (
        |ledger| commit(ledger, vec![is(Key::Presets, "13", Contents::None)]),
        |model| model.set(&acme(), Key::Presets, "13", None),
    ),
];

fn first() -> Image {
    Image::above(&[&Image::large(1), &Image::leaf("small"), &Image::large(1)], "first")
}

fn second() -> Image {
    Image::above(&[&first(), &Image::large(2)], "second")
}

/// Another organisation, whose record nothing may touch.
fn bystander() -> (OrgId, Image) {
    (OrgId::new("bystander"), Image::above(&[&Image::large(1)], "bystander"))
}

/// A folder with the bystander's record.
fn start(path: &Path) -> Model {
    let (org, image) = bystander();
    let folder = open(path);
    commit(&*folder.ledger(&org), vec![is(sandbox(1), "", image.contents())]).expect("a commit");
    let mut model = Model::default();
    model.set(&org, sandbox(1), "", Some(image));
    model
}

/// Opens the folder, takes the steps until one fails and closes it. The answer is how many were
/// acknowledged, and what the one said that was not.
fn run_until_failure(path: &Path, faults: &Faults) -> (usize, Option<StorageError>) {
    let Ok(folder) = DataFolder::open_with(path, BACKEND, faults.clone()) else {
        return (0, None);
    };
    let mut ledger = folder.ledger(&acme());
    for (number, (step, _)) in STEPS.iter().enumerate() {
        if let Err(error) = step(&*ledger) {
            return (number, Some(error));
        }
        if number == END {
            ledger = folder.ledger(&acme());
        }
    }
    (STEPS.len(), None)
}

/// The step that ends the ledger.
const END: usize = 6;

/// How many operations the scenario takes.
fn operations() -> u64 {
    let dir = scratch();
    start(dir.path());
    let faults = Faults::default();
    assert_eq!(run_until_failure(dir.path(), &faults), (STEPS.len(), None));
    assert_sound(dir.path());
    faults.writes()
}

#[test]
fn a_process_that_dies_in_any_operation_loses_nothing_that_was_acknowledged() {
    for n in 0..operations() {
        let dir = scratch();
        let mut model = start(dir.path());
        let faults = Faults::default();
        faults.fail_from(n, Fault::Broken);
        let (acknowledged, _) = run_until_failure(dir.path(), &faults);
        for (_, change) in &STEPS[..acknowledged] {
            change(&mut model);
        }
        let report = verify(dir.path()).expect("it can be checked");
        assert!(report.damages.is_empty(), "{n}: {report:?}");
        let stored = {
            let folder = open(dir.path());
            let stored = load(&folder);
            // Of the one in which it died it is not known.
            if stored != model.stored() {
                STEPS[acknowledged].1(&mut model);
            }
            model.assert_is(&folder);
            stored
        };
        assert_sound(dir.path());
        assert_eq!(load(&open(dir.path())), stored, "{n}");
    }
}

#[test]
fn a_commit_that_fails_has_changed_nothing_and_the_next_one_works() {
    for n in 0..operations() {
        for fault in [Fault::Full, Fault::Broken] {
            let dir = scratch();
            let mut model = start(dir.path());
            let faults = Faults::default();
            faults.fail_at(n, fault);
            let folder = DataFolder::open_with(dir.path(), BACKEND, faults.clone())
                .or_else(|_| DataFolder::open_with(dir.path(), BACKEND, faults.clone()))
                .expect("the second time it can be opened");
            let mut ledger: Arc<dyn Ledger> = folder.ledger(&acme());
            let mut failures = 0;
            for (number, (step, change)) in STEPS.iter().enumerate() {
                match step(&*ledger) {
                    Ok(()) => {
                        change(&mut model);
                        if number == END {
                            ledger = folder.ledger(&acme());
                        }
                    }
                    Err(error) => {
                        failures += 1;
                        let full = matches!(error, StorageError::Full(_));
                        assert_eq!(full, fault == Fault::Full, "{n}: {error}");
                    }
                }
                model.assert_is(&folder);
                assert!(!dir.path().join("objects/unfinished").exists(), "{n}");
            }
            assert!(failures <= 1, "{n}: {failures}");
            drop(folder);
            // What a close that fails or a removal that fails has left is removed on opening.
            let folder = open(dir.path());
            model.assert_is(&folder);
            drop(folder);
            assert_sound(dir.path());
        }
    }
}

#[test]
fn commits_work_again_when_the_disk_does() {
    let dir = scratch();
    let faults = Faults::default();
    let folder =
        DataFolder::open_with(dir.path(), BACKEND, faults.clone()).expect("it can be opened");
    let ledger = folder.ledger(&acme());
    let image = Image::above(&[&Image::large(1)], "root");
    faults.fail_from(faults.writes(), Fault::Full);
    for contents in [Contents::None, image.contents(), Contents::None] {
        let changes = vec![is(sandbox(1), "", contents)];
        assert!(matches!(commit(&*ledger, changes), Err(StorageError::Full(_))));
        // The database is closed now, and the folder is not anybody else's.
        let refused = DataFolder::open(dir.path(), BACKEND).map(drop);
        assert!(matches!(refused, Err(OpenError::InUse(_))), "{refused:?}");
    }
    faults.mend();
    assert_eq!(commit(&*ledger, vec![is(sandbox(1), "", image.contents())]), Ok(()));
    assert_readable(&*folder.objects(), &image);
    drop((ledger, folder));
    assert_sound(dir.path());
}

#[test]
fn a_folder_that_was_not_made_to_the_end_is_made_the_next_time() {
    let operations = {
        let dir = scratch();
        let faults = Faults::default();
        let folder = DataFolder::open_with(&dir.path().join("data"), BACKEND, faults.clone());
        drop(folder.expect("it can be opened"));
        faults.writes()
    };
    for n in 0..operations {
        let dir = scratch();
        let path = dir.path().join("data");
        let faults = Faults::default();
        faults.fail_from(n, Fault::Full);
        if let Err(error) = DataFolder::open_with(&path, BACKEND, faults) {
            assert!(error.to_string().contains("No space left on device"), "{n}: {error}");
        }
        assert!(load(&open(&path)).is_empty());
        assert_sound(&path);
    }
}

#[test]
fn images_can_be_read_again_when_the_disk_works() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults::default();
    let folder =
        DataFolder::open_with(dir.path(), BACKEND, faults.clone()).expect("it can be opened");
    let ledger = folder.ledger(&acme());
    let image = Image::leaf("small");
    commit(&*ledger, vec![is(sandbox(1), "", image.contents())]).expect("it is written");
    faults.fail_from(faults.writes(), Fault::Broken);
    assert!(commit(&*ledger, vec![gone(sandbox(1))]).is_err());
    faults.mend();
    assert!(matches!(folder.objects().get(&image.root()), Err(StorageError::Io(_))));
    // It waits for what was asked for before.
    assert_eq!(commit(&*ledger, Vec::new()), Ok(()));
    assert_readable(&*folder.objects(), &image);
}

#[test]
fn what_only_removes_takes_the_reserve_when_the_disk_is_full() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults::default();
    let folder =
        DataFolder::open_with(dir.path(), BACKEND, faults.clone()).expect("it can be opened");
    let ledger = folder.ledger(&acme());
    let reserve = dir.path().join("reserve");
    let removals: [Act; 2] =
        [|ledger| commit(ledger, vec![gone(sandbox(1))]), |ledger| end(ledger)];
    for remove in removals {
        let add = || commit(&*ledger, vec![is(sandbox(1), "", Contents::None)]);
        assert_eq!(add(), Ok(()));
        faults.fail_at(faults.writes(), Fault::Full);
        assert!(matches!(add(), Err(StorageError::Full(_))));
        faults.fail_at(faults.writes(), Fault::Full);
        assert_eq!(remove(&*ledger), Ok(()));
        assert!(load(&folder).is_empty());
        assert_eq!(reserve.metadata().map(|metadata| metadata.len()).ok(), Some(2 << 20));
    }
}
