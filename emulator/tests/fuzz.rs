//! The properties of `fuzz/`, on its corpus and on what comes of that by chance. A fuzzer that looks
//! at coverage searches them further: `fuzz/README.md`.

// The channel of virtual machines is for Linux, as they are.
#![cfg(target_os = "linux")]

#[path = "../fuzz/properties/frames.rs"]
mod frames;
#[path = "../fuzz/properties/multipart.rs"]
mod multipart;
#[path = "../fuzz/properties/requests.rs"]
mod requests;
#[path = "../fuzz/properties/stories.rs"]
mod stories;
#[path = "../fuzz/properties/wire.rs"]
mod wire;

use std::fs;
use std::path::Path;

use leap0_guest::frame::encode;
use leap0_guest::protocol::{Exec, Exited, Message, Reply, Request, Status, VERSION};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{FailurePersistence, FileFailurePersistence};

/// Every input of a target, and all stories for theirs.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![here.join("fuzz/corpus").join(target)];
    if target == "stories" {
        folders.push(here.join("../scenarios"));
    }
    let mut inputs = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(folder).expect("a corpus") {
            let path = entry.expect("a name").path();
            if path.is_file() {
                inputs.push(fs::read(path).expect("read"));
            }
        }
    }
    assert!(inputs.len() > 3, "{target}: where is its corpus?");
    inputs
}

/// One thing that happens to an input.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// A part is there twice.
    Repeat(Index, usize),
    /// From here on it is another input.
    Splice(Index, Index, Index),
}

/// Bytes that mean something to one of the targets.
const WORDS: &[&str] = &[
    "\0",
    "\r\n",
    "\r\n\r\n",
    "--",
    "--b0undary",
    "--b0undary--\r\n",
    "\"",
    "\\",
    "=",
    ";",
    ":",
    "[",
    "]",
    "{",
    "}",
    "name=",
    "name=\"\"",
    "filename*=",
    "content-length: 0\r\n",
    "transfer-encoding: chunked\r\n",
    "ffffffffffffffff\r\n",
    "%00",
    "%2e%2e%2f",
    "/../",
    "?",
    "&",
    "[[step]]",
    "null",
    "1e999",
    "\u{feff}",
    "é",
];

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        (any::<Index>(), vec(any::<u8>(), 1..9)).prop_map(|(at, new)| Change::Insert(at, new)),
        (any::<Index>(), select(WORDS)).prop_map(|(at, word)| Change::Insert(at, word.into())),
        (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<Index>(), 1..200_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        any::<(Index, Index, Index)>()
            .prop_map(|(at, other, from)| Change::Splice(at, other, from)),
    ]
}

impl Change {
    fn happen_to(&self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let place = |at: &Index, input: &[u8]| at.index(input.len() + 1);
        match self {
            Self::Flip(at, byte) if !input.is_empty() => {
                let at = at.index(input.len());
                input[at] = *byte;
            }
            Self::Flip(..) => {}
            Self::Insert(at, new) => {
                let at = place(at, input);
                input.splice(at..at, new.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = place(at, input);
                let end = input.len().min(at + count);
                input.drain(at..end);
            }
            Self::Repeat(at, count) => {
                let at = place(at, input);
                let end = input.len().min(at + count);
                let part = input[at..end].to_vec();
                input.splice(at..at, part);
            }
            Self::Splice(at, other, from) => {
                let other = &corpus[other.index(corpus.len())];
                let at = place(at, input);
                input.truncate(at);
                input.extend_from_slice(&other[place(from, other)..]);
            }
        }
    }
}

fn config(cases: u32) -> ProptestConfig {
    let regressions = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz.regressions");
    let persistence = FileFailurePersistence::Direct(regressions);
    let failure_persistence = Some(Box::new(persistence) as Box<dyn FailurePersistence>);
    ProptestConfig { cases, failure_persistence, ..ProptestConfig::default() }
}

/// Has a property hold for a corpus and for so many inputs that come of it.
fn search(target: &str, cases: u32, holds: fn(&[u8])) {
    let corpus = corpus(target);
    for input in &corpus {
        holds(input);
    }
    let strategy = (any::<Index>(), vec(change(), 0..6));
    let config = config(cases);
    proptest!(config, |((seed, changes) in strategy)| {
        let mut input = corpus[seed.index(corpus.len())].clone();
        for change in &changes {
            change.happen_to(&mut input, &corpus);
        }
        holds(&input);
    });
}

#[test]
fn requests_are_answered_soundly() {
    search("requests", 3000, requests::holds);
}

#[test]
fn forms_are_answered_soundly() {
    search("multipart", 3000, multipart::holds);
}

#[test]
fn stories_are_stories_or_refused_with_a_place() {
    search("stories", 3000, stories::holds);
}

#[test]
fn frames_are_found_however_they_are_cut() {
    search("frames", 20_000, frames::holds);
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn files_of_a_form_come_back(
        files in vec(("[a-c]/[a-zA-Z0-9._ -]{1,9}x", vec(any::<u8>(), 0..2000)), 1..6),
    ) {
        let files: Vec<_> =
            files.into_iter().map(|(name, data)| (format!("/tmp/{name}"), data)).collect();
        multipart::comes_back(&files);
    }
}

/// Frames that both ends say, one file each; written anew when `LEAP0_UPDATE_CORPUS` is set.
#[test]
fn the_corpus_of_frames_is_what_both_ends_say() {
    let message = |call| Message { session: 7, call, body: Request::Hello };
    let exec = Exec {
        script: "echo \0 $A".into(),
        cwd: "/workspace".into(),
        env: [("A".to_owned(), "b".to_owned())].into(),
        timeout_ms: 60_000,
        output_limit: 1 << 24,
    };
    let (stdout, stderr) = (b"out\0put".to_vec(), Vec::new());
    let exited = Exited { status: Status::Signal(9), stdout, stderr };
    let reply = |call, body| encode(&Message { session: 7, call, body });
    let frames = [
        ("hello", encode(&message(1))),
        ("hello-answered", reply(1, Reply::Hello { version: VERSION })),
        ("exec", encode(&Message { session: 7, call: 2, body: Request::Exec(exec) })),
        ("exited", reply(2, Reply::Exited(exited))),
        ("no-such-directory", reply(3, Reply::NoSuchDirectory("/none".into()))),
        ("failed", reply(4, Reply::Failed("no memory".into()))),
        ("two", [reply(5, Reply::Assumed), vec![0], reply(6, Reply::Assumed)].concat()),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/frames");
    for (name, frame) in frames {
        let path = folder.join(name);
        if std::env::var_os("LEAP0_UPDATE_CORPUS").is_some() {
            fs::write(&path, &frame).expect("written");
        }
        assert_eq!(fs::read(&path).ok(), Some(frame), "{name}: LEAP0_UPDATE_CORPUS=1 writes it");
    }
}
