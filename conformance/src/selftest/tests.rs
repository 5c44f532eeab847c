//! What `cargo test` can wait for: the reference server is clean, a few faults are caught, and the
//! stories are told as they stand.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Bench, clean, fault, oddity};
use crate::check::Trial;
use crate::checks;
use crate::http::{Client, Origin};
use crate::model::{Fault, ODDITIES, Traits, catalogue};
use crate::reference::{KEY, OTHER_KEY, Reference};
use crate::run::{Restart, Session, Settings};
use crate::scenario::{Story, play};
use crate::target::{Capabilities, Capability};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_server_is_judged_clean() {
    let run = clean(Bench::Limited).await;
    assert_eq!(run.alarms, [""; 0]);
    assert!(run.proven.len() > 150, "{}", run.proven.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_check_has_more_sandboxes_at_once_than_it_says() {
    let mut running = JoinSet::new();
    for check in checks::all() {
        running.spawn(async move {
            // It has no place for one more than the check says.
            let traits = Traits { quota: Some(check.live.max(1)), ..Traits::default() };
            let (_server, session) = session_on(traits).await;
            let mut capabilities = Capabilities::whole();
            capabilities.set(Capability::Transitions, false);
            capabilities.set(Capability::RateLimit, false);
            session.learn(capabilities);
            if check.when.iter().all(|capability| session.has(*capability)) {
                let ended = (check.run)(&Trial::new(session, check)).await;
                assert!(ended.is_ok(), "{}: {ended:?}", check.name);
            }
        });
    }
    running.join_all().await;
}

/// A session on a reference server, which ends with what is given beside it.
async fn session_on(traits: Traits) -> (Reference, Arc<Session>) {
    let server = Reference::start(traits).await.unwrap();
    let origin = Origin::parse(&server.url).unwrap();
    let client = Client::new(origin, KEY, OTHER_KEY, Duration::from_secs(10));
    let restart = Some(Restart::Inside(Arc::new(server.restart())));
    let settings = Settings { restart, ..Settings::quick() };
    let session = Arc::new(Session::new(client, settings, "lctest".to_owned()));
    (server, session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_caught_by_the_rule_that_was_named() {
    for wanted in [
        Fault::KeysIgnored,
        Fault::SnapshotFollowsSource,
        Fault::SecondResumeLosesWrites,
        Fault::NameRace,
        Fault::EditsTheFirstOnly,
        Fault::HangsUpOnPause,
        Fault::IdsWithColons,
    ] {
        let entry = catalogue().find(|entry| entry.fault == wanted).unwrap();
        let caught = fault(entry, false).await;
        assert!(!caught.found.is_empty(), "{caught:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_odd_server_is_not_reported() {
    for name in ["strange-states", "era-b-only"] {
        let (kind, what) = ODDITIES.iter().find(|(kind, _)| kind.name() == name).unwrap();
        let odd = oddity(*kind, what).await;
        assert_eq!(odd.alarms, [""; 0], "{name}");
        assert!(odd.judged > 100, "{name}: {}", odd.judged);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_is_told_as_it_stands() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 25, "{}", paths.len());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let story = Story::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let (_server, session) = session_on(Traits::default()).await;
        let ended = play(&story, &session).await;
        assert_eq!(ended.fault, None, "{}\n{}", path.display(), ended.transcript);
        session.clean_up().await;
        assert!(session.ledger.there().is_empty(), "{}", path.display());
    }
}
