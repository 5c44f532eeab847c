//! Commits at the same time, and the end of ledgers among them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use leap0_emulator_core::storage::{Change, Contents, Ledger, Storage as _, StorageError};
use leap0_storage::{DataFolder, Fault, Faults};
use tokio::task::JoinHandle;

use crate::support::*;

/// Contents whose writing waits until it is let go, so that what is asked for meanwhile waits too.
fn held(image: &Image) -> (Contents, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel::<()>();
    let Contents::New(save) = image.contents() else { unreachable!("it is new") };
    let contents = Contents::New(Box::new(move |writer| {
        // An error: it was let go.
        let _ = wait.recv();
        save(writer)
    }));
    (contents, go)
}

fn failing() -> Contents {
    Contents::New(Box::new(|writer| {
        let object = &Image::large(9).objects[0];
        writer.put(object.id(), object)?;
        Err(StorageError::Io("the image can't be read".into()))
    }))
}

type Task = JoinHandle<Result<(), StorageError>>;

fn spawn(ledger: &Arc<dyn Ledger>, changes: Vec<Change>) -> Task {
    let ledger = Arc::clone(ledger);
    tokio::spawn(async move { ledger.commit(changes).await })
}

#[tokio::test]
async fn one_that_cannot_be_written_does_not_take_others_with_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    let ledger = folder.ledger(&acme());
    let (contents, go) = held(&Image::leaf("first"));
    let first = spawn(&ledger, vec![is(sandbox(0), "", contents)]);
    let others: Vec<_> = (1..6)
        .map(|number| {
            let image = Image::above(&[&Image::large(1)], format!("{number}"));
            let contents = if number == 3 { failing() } else { image.contents() };
            spawn(&ledger, vec![is(sandbox(number), "", contents)])
        })
        .collect();
    tokio::task::yield_now().await;
    drop(go);
    assert_eq!(first.await.expect("no panic"), Ok(()));
    for (number, other) in (1..).zip(others) {
        let expected = match number {
            3 => Err(StorageError::Io("the image can't be read".into())),
            _ => Ok(()),
        };
        assert_eq!(other.await.expect("no panic"), expected, "{number}");
    }
    assert_eq!(load(&folder).len(), 5);
    assert_eq!(files(dir.path()), [Image::large(1).root().to_string()]);
    drop(folder);
    assert_sound(dir.path());
}

#[tokio::test]
async fn commits_at_the_same_time_share_a_sync() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults::default();
    let folder =
        DataFolder::open_with(dir.path(), BACKEND, faults.clone()).expect("it can be opened");
    let ledger = folder.ledger(&acme());
    let (contents, go) = held(&Image::leaf("first"));
    let before = faults.writes();
    let first = spawn(&ledger, vec![is(sandbox(0), "", contents)]);
    let others: Vec<_> = (1..50)
        .map(|number| spawn(&ledger, vec![is(sandbox(number), "", Contents::None)]))
        .collect();
    tokio::task::yield_now().await;
    drop(go);
    for task in [first].into_iter().chain(others) {
        assert_eq!(task.await.expect("no panic"), Ok(()));
    }
    assert_eq!(load(&folder).len(), 50);
    // 50 syncs alone would be more.
    let writes = faults.writes() - before;
    assert!(writes < 50, "{writes}");
}

#[tokio::test]
async fn what_waits_behind_the_end_of_its_ledger_does_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    let (old, new) = (folder.ledger(&acme()), folder.ledger(&acme()));
    let (contents, go) = held(&Image::leaf("first"));
    let first = spawn(&old, vec![is(sandbox(0), "", contents)]);
    let before = spawn(&old, vec![is(sandbox(1), "before", Contents::None)]);
    let end = {
        let old = Arc::clone(&old);
        tokio::spawn(async move { old.end().await })
    };
    let behind = spawn(&old, vec![is(sandbox(2), "behind", Contents::None)]);
    let next = spawn(&new, vec![is(sandbox(3), "next", Contents::None)]);
    let again = {
        let old = Arc::clone(&old);
        tokio::spawn(async move { old.end().await })
    };
    tokio::task::yield_now().await;
    drop(go);
    for task in [first, before, end, behind, next, again] {
        assert_eq!(task.await.expect("no panic"), Ok(()));
    }
    assert_eq!(load(&folder), [stored(&acme(), sandbox(3), "next", None)]);
    assert_eq!(old.end().await, Ok(()));
    assert_eq!(load(&folder).len(), 1);
}

#[tokio::test]
async fn an_end_that_fails_has_ended_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults::default();
    let folder =
        DataFolder::open_with(dir.path(), BACKEND, faults.clone()).expect("it can be opened");
    let ledger = folder.ledger(&acme());
    let changes = vec![is(sandbox(1), "one", Image::leaf("image").contents())];
    assert_eq!(ledger.commit(changes).await, Ok(()));
    faults.fail_at(faults.writes(), Fault::Broken);
    assert!(matches!(ledger.end().await, Err(StorageError::Io(_))));
    assert_eq!(ledger.commit(vec![is(sandbox(2), "two", Contents::None)]).await, Ok(()));
    assert_eq!(load(&folder).len(), 2);
    assert_eq!(ledger.end().await, Ok(()));
    assert!(load(&folder).is_empty());
    drop(folder);
    assert_sound(dir.path());
}

#[test]
fn images_are_read_while_others_are_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = open(dir.path());
    let ledger = folder.ledger(&acme());
    let image = Image::above(&[&Image::large(1), &Image::leaf("small")], "root");
    commit(&*ledger, vec![is(sandbox(0), "", image.contents())]).expect("it is written");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_readable(&*folder.objects(), &image);
                }
            });
        }
        for number in 0..20 {
            // It shares an object with the one that is read, and goes again.
            let other = Image::above(&[&Image::large(1), &Image::large(2)], format!("{number}"));
            commit(&*ledger, vec![is(sandbox(1), "", other.contents())]).expect("it is written");
            commit(&*ledger, vec![gone(sandbox(1))]).expect("it is written");
        }
        done.store(true, Ordering::Relaxed);
    });
}
