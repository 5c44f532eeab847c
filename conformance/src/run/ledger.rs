//! Everything that the suite made on a target and has not yet removed, on disk as well.
//!
//! A line is written before a request that makes something and after its answer, so that a run
//! that ends in a crash can be cleaned up by the next one.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::http::Auth;

/// Something that was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Made {
    pub(crate) family: Family,
    pub(crate) id: String,
    /// Whose key it was made with.
    pub(crate) auth: Auth,
}

/// What kind of thing was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// Removed first, since a snapshot in use can't be.
    Sandbox,
    Snapshot,
}

impl Family {
    /// The word in paths and in the journal.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Snapshot => "snapshot",
        }
    }
}

impl Made {
    /// The line of a journal: `sandbox ID`, or `other-sandbox ID`.
    fn line(&self) -> String {
        let whose = if self.auth == Auth::Other { "other-" } else { "" };
        format!("{whose}{} {}", self.family.word(), self.id)
    }

    fn of_line(word: &str, id: &str) -> Option<Self> {
        let (auth, word) = match word.strip_prefix("other-") {
            Some(word) => (Auth::Other, word),
            None => (Auth::Own, word),
        };
        let family = [Family::Sandbox, Family::Snapshot].into_iter().find(|f| f.word() == word)?;
        Some(Self { family, id: id.to_owned(), auth })
    }
}

/// What is to be removed.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Mutex<Entries>,
    /// Requests that make something and are not answered yet.
    under_way: AtomicUsize,
    closed: AtomicBool,
}

/// A request that makes something, while it is under way.
#[derive(Debug)]
pub(crate) struct Making<'a>(&'a Ledger);

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

#[derive(Debug, Default)]
struct Entries {
    there: BTreeSet<Made>,
    journal: Option<(File, PathBuf)>,
    made: usize,
    asked: bool,
}

/// A journal that an earlier run left behind.
#[derive(Debug)]
pub(crate) struct Leftover {
    pub(crate) path: PathBuf,
    pub(crate) there: BTreeSet<Made>,
    pub(crate) prefix: String,
}

impl Ledger {
    /// Notes that a request is under way; none if nothing is to be made any more.
    pub(crate) fn begin(&self) -> Option<Making<'_>> {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        let making = Making(self);
        (!self.closed.load(Ordering::Acquire)).then_some(making)
    }

    /// From now on nothing is made.
    pub(crate) fn stop(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether an answer may still tell of something new.
    pub(crate) fn is_waiting(&self) -> bool {
        self.under_way.load(Ordering::Acquire) > 0
    }

    /// Keeps a journal in `folder` for a run on `url` with names that begin with `prefix`.
    pub(crate) fn journal(&self, folder: &Path, url: &str, prefix: &str) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{prefix}.journal"));
        let mut file = OpenOptions::new().create_new(true).append(true).open(&path)?;
        writeln!(file, "target {url}\nprefix {prefix}\nprocess {}", std::process::id())?;
        self.lock().journal = Some((file, path));
        Ok(())
    }

    /// Notes that something is about to be asked for.
    pub(crate) fn asking(&self, method: &str, path: &str) {
        self.lock().asked = true;
        self.line(&format!("asking {method} {path}"));
    }

    pub(crate) fn add(&self, made: Made) {
        self.line(&made.line());
        let mut entries = self.lock();
        entries.made += usize::from(made.family == Family::Sandbox);
        entries.there.insert(made);
    }

    pub(crate) fn gone(&self, id: &str) {
        let mut entries = self.lock();
        let before = entries.there.len();
        entries.there.retain(|made| made.id != id);
        let known = entries.there.len() < before;
        drop(entries);
        if known {
            self.line(&format!("gone {id}"));
        }
    }

    /// What is still there.
    pub(crate) fn there(&self) -> Vec<Made> {
        self.lock().there.iter().cloned().collect()
    }

    /// Whether anything was ever asked for.
    pub(crate) fn has_asked(&self) -> bool {
        self.lock().asked
    }

    /// How many sandboxes were made in all.
    pub(crate) fn sandboxes_made(&self) -> usize {
        self.lock().made
    }

    /// Ends the journal, if nothing is left.
    pub(crate) fn close(&self) {
        let mut entries = self.lock();
        if entries.there.is_empty()
            && let Some((_, path)) = entries.journal.take()
        {
            let _ = std::fs::remove_file(path);
        }
    }

    fn line(&self, text: &str) {
        if let Some((file, _)) = &mut self.lock().journal {
            // A full disk must not end the run, which removes what it made from memory.
            let _ = writeln!(file, "{text}");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The journals that dead runs on `url` left in `folder`.
pub(crate) fn leftovers(folder: &Path, url: &str) -> Vec<Leftover> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let journals = paths.filter(|path| path.extension().is_some_and(|end| end == "journal"));
    journals.filter_map(|path| leftover(path, url)).collect()
}

fn leftover(path: PathBuf, url: &str) -> Option<Leftover> {
    let text = std::fs::read_to_string(&path).ok()?;
    let mut there: BTreeSet<Made> = BTreeSet::new();
    let (mut prefix, mut ours) = (String::new(), false);
    for line in text.lines() {
        match line.split_once(' ')? {
            ("target", target) => ours = target == url,
            ("prefix", text) => text.clone_into(&mut prefix),
            ("process", id) if Path::new(&format!("/proc/{id}")).exists() => return None,
            ("gone", id) => there.retain(|made| made.id != id),
            (word, id) => there.extend(Made::of_line(word, id)),
        }
    }
    ours.then_some(Leftover { path, there, prefix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_removed_is_found_again() {
        let folder = std::env::temp_dir().join(format!("leap0-ledger-{}", std::process::id()));
        let ledger = Ledger::default();
        ledger.journal(&folder, "http://x", "lc-test").unwrap();
        ledger.asking("POST", "/v1/sandbox");
        let made = |word, id| Made::of_line(word, id).unwrap();
        for (word, id) in [("sandbox", "a"), ("other-sandbox", "b"), ("snapshot", "s")] {
            ledger.add(made(word, id));
        }
        ledger.gone("a");
        // This process is alive, so its journal is nobody's leftover.
        assert!(leftovers(&folder, "http://x").is_empty());
        let path = folder.join("lc-test.journal");
        let dead = std::fs::read_to_string(&path)
            .unwrap()
            .replace(&format!("process {}", std::process::id()), "process 999999999");
        std::fs::write(&path, dead).unwrap();
        assert!(leftovers(&folder, "http://y").is_empty());
        let found = leftovers(&folder, "http://x").remove(0);
        let there: Vec<_> = found.there.into_iter().collect();
        assert_eq!(there, [made("other-sandbox", "b"), made("snapshot", "s")]);
        assert_eq!(found.prefix, "lc-test");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
