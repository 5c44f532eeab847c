//! An emulator without a socket, and answers as they come from it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use leap0_backend_memory::MemoryBackend;
use leap0_emulator::{Access, Emulator, Keys, Limits, server};
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::RandomIds;
use leap0_emulator_core::service::{Host, Settings};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Bytes of a connection that wait to be read.
const PIPE: usize = 64 << 10;

/// Longer than the server waits for a head.
const PATIENCE: Duration = Duration::from_mins(1);

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // Where nobody has anything to do, time passes at once.
            .start_paused(true)
            .build()
            .expect("a runtime"),
    );
}

/// An emulator in which nothing has happened yet.
pub(crate) fn emulator() -> Arc<Emulator> {
    let settings = Settings::default();
    let backend = Arc::new(MemoryBackend::default());
    let host = Host::new(backend, Arc::new(SystemClock), Arc::new(RandomIds), settings);
    let access = Access::new(&[], false).expect("no origin is wrong");
    Arc::new(Emulator::new(host, Keys::new(Vec::new()), access, Limits::default()))
}

/// All that comes back on a connection on which a client says this and then waits for so long.
pub(crate) fn answers(emulator: &Arc<Emulator>, said: &[u8]) -> Vec<u8> {
    RUNTIME.with_borrow_mut(|runtime| {
        runtime.block_on(async {
            let (ours, theirs) = duplex(PIPE);
            let served = tokio::spawn(server::serve(Arc::clone(emulator), theirs));
            let (mut read, mut write) = tokio::io::split(ours);
            let mut heard = Vec::new();
            // It may hang up on us.
            let say = write.write_all(said);
            let hear = timeout(PATIENCE, read.read_to_end(&mut heard));
            let _ = tokio::join!(say, hear);
            drop((read, write));
            served.await.expect("serving does not panic");
            heard
        })
    })
}

/// The first answer of some: status and body; none where there is no answer.
pub(crate) fn first(answers: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answers.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answers[..end]).expect("a head is text");
    let status = head.get(9..12).and_then(|code| code.parse().ok()).expect("a status");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().expect("a number"));
    let body = &answers[end + 4..];
    // The answer to HEAD has the length of what it leaves out.
    Some((status, body[..body.len().min(length)].to_vec()))
}

/// What holds for every first answer: it is none of those that say that the server has failed, and
/// one that refuses says why as JSON, unless it refuses what is no HTTP.
pub(crate) fn is_sound(answers: &[u8]) {
    let Some((status, body)) = first(answers) else { return };
    assert!(!matches!(status, 500 | 502 | 504), "{status}: {}", String::from_utf8_lossy(&body));
    if status >= 400 && !body.is_empty() {
        let said: Value = serde_json::from_slice(&body).expect("a refusal is JSON");
        let message = said["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{status} without a word: {said}");
    }
}
