//! How long a machine stands still, as those see it who depend on it.
//!
//! A process inside writes a character to the console every other millisecond, and outside it is
//! noted when the file that QEMU keeps of the console has grown. The longest time in which it did
//! not is the pause. A clock inside would not show it: it stands still with the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use crate::sandbox::Sandbox;

/// Beats until the machine ends, and in every copy of it.
const BEAT: &str = r"sudo setsid perl -e '
    open my $console, q(>), q(/dev/ttyS0) or die;
    for (;;) { syswrite $console, q(.); select undef, undef, undef, .002 }
' </dev/null >/dev/null 2>&1 &";

/// How often the file is looked at.
const TICK: Duration = Duration::from_micros(500);
/// How long the first beat after the pause may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts the beat in a sandbox.
pub(crate) async fn start(sandbox: &Sandbox) -> Result<()> {
    sandbox.said(BEAT).await?;
    // It has begun when it can be heard.
    let watch = Watch::begin(&sandbox.process()?.console()?)?;
    watch.end().map(drop)
}

/// Looks at the beat until it is asked.
#[derive(Debug)]
pub(crate) struct Watch {
    ending: Arc<AtomicBool>,
    thread: JoinHandle<Result<Duration>>,
}

impl Watch {
    pub(crate) fn begin(console: &Path) -> Result<Self> {
        let (console, ending) = (console.to_owned(), Arc::new(AtomicBool::new(false)));
        let asked = Arc::clone(&ending);
        let thread = thread::Builder::new()
            .name("watch".into())
            .spawn(move || watch(&console, &asked))
            .context("cannot start a thread")?;
        Ok(Self { ending, thread })
    }

    /// The longest time without a beat, from the beginning to the first beat after this call.
    pub(crate) fn end(self) -> Result<Duration> {
        self.ending.store(true, Ordering::Release);
        self.thread.join().map_err(|_| anyhow!("the watch panicked"))?
    }
}

fn watch(console: &PathBuf, ending: &AtomicBool) -> Result<Duration> {
    let length = || Ok::<_, anyhow::Error>(fs::metadata(console)?.len());
    let mut longest = Duration::ZERO;
    let (mut known, mut beat) = (length()?, Instant::now());
    loop {
        thread::park_timeout(TICK);
        // Asked first: the beat that ends it has to come after the question.
        let asked = ending.load(Ordering::Acquire);
        let (now, there) = (Instant::now(), length()?);
        if there != known {
            longest = longest.max(now - beat);
            (known, beat) = (there, now);
            if asked {
                return Ok(longest);
            }
        }
        anyhow::ensure!(now - beat < PATIENCE, "no beat in {PATIENCE:?}");
    }
}
