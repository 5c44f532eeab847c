//! What the interpreter gets wrong and no rewriting mends: copies of descriptors. A script that needs
//! one of them ends when it comes to it.

use std::collections::HashMap;

use super::inputs::Readers;
use super::parser::Parser;
use super::redirections::Target;
use super::tokens::{Redirect, Word};
use super::{LOST, OPEN, quote};

const COPIES: &str =
    "copies into descriptors above 2, or of one beside others, are not supported here";
const ELSEWHERE: &str = "a descriptor that `exec` has copied is not supported where output is \
     redirected or piped";

/// What a descriptor leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// What this descriptor led to before.
    Of(u8),
    /// What one of the redirections has opened or closed.
    Opened(usize),
}

/// A command that is made of others, without what it is redirected to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compound {
    pub(super) end: usize,
    /// Commands in it that read its input.
    pub(super) readers: Readers,
    /// It is redirected to an input of its own.
    pub(super) is_fed: bool,
}

impl Parser<'_> {
    /// Looks at what a simple command from `start` is redirected to.
    pub(super) fn order_of_simple(&mut self, start: usize, words: &[Word], targets: &[Target]) {
        let value = |index: usize| words.get(index).and_then(|word: &Word| word.value.as_deref());
        if value(0) == Some("exec") && words.len() == 1 {
            if targets.iter().any(|target| target.fd == 0) {
                self.takes_input(words[0].end);
            }
            for target in targets.iter().filter(|target| target.fd > 2) {
                match (target.redirect, source(target)) {
                    (Redirect::Duplicate, Some(_)) => self.copied.insert(target.fd),
                    _ => self.copied.remove(&target.fd),
                };
            }
            return;
        }
        let copies = self.copies_used;
        let is_wrong = self.order(targets);
        // A function that another file defines may write to a copy.
        self.names.reads_files |= value(0) == Some(".");
        let may_copy = self.names.reads_files
            && !self.copied.is_empty()
            && value(0).is_some_and(|name| self.is_file(name, true));
        self.copies_used += usize::from(may_copy);
        if let Some(function) = value(0).and_then(|name| self.functions.get(name)) {
            self.copies_used += function.sources.intersection(&self.copied).count();
            self.sources.extend(&function.sources);
        }
        let is_called = may_copy || value(0).is_some_and(|name| self.functions.contains_key(name));
        if is_called && self.copies_used > copies && targets.iter().any(|target| target.fd == 1) {
            self.refuse_around(start, self.taken, ELSEWHERE);
        }
        if let Some(last) = words.last().filter(|_| is_wrong) {
            let text = format!(" $({OPEN} $? refuse {})", quote(COPIES));
            self.edits.insert_for_both(last.end, &text);
        }
        let is_file = |target: &Target| {
            let path = target.word.value.as_deref().unwrap_or_default();
            matches!(target.redirect, Redirect::Output | Redirect::Append)
                && !path.starts_with("/dev/")
        };
        let is_script = |word: &Word| {
            word.has_slash || matches!(word.value.as_deref(), None | Some("sh" | "dash" | "bash"))
        };
        if value(0) == Some("timeout")
            && targets.iter().any(is_file)
            && words[1..].iter().any(is_script)
        {
            self.edits.insert_for_both(start, "{ ");
            self.edits.insert_for_both(self.taken, &format!("; {LOST} $?; }}"));
        }
    }

    /// Looks at what a command that is made of others is redirected to.
    pub(super) fn order_around(
        &mut self,
        start: usize,
        compound: Compound,
        targets: &[Target],
        uses_copies: bool,
    ) {
        let moves_output = targets.iter().any(|target| target.fd == 1);
        if self.order(targets) {
            self.refuse_around(start, compound.end, COPIES);
        } else if uses_copies && moves_output {
            self.refuse_around(start, compound.end, ELSEWHERE);
        } else if compound.is_fed {
            self.share(start, compound.end, compound.readers);
        }
    }

    /// Refuses a command in a pipe that writes past it.
    pub(super) fn refuse_copies(&mut self, start: usize) {
        self.refuse_around(start, self.taken, ELSEWHERE);
    }

    /// Refuses the commands of a substitution that write past it.
    pub(super) fn refuse_copies_within(&mut self, start: usize) {
        self.edits.insert_for_both(start, &format!("{OPEN} 0 refuse {}; ", quote(ELSEWHERE)));
    }

    pub(super) fn refuse_around(&mut self, start: usize, end: usize, words: &str) {
        self.edits.insert_for_both(start, &format!("{{ {OPEN} 0 refuse {}; ", quote(words)));
        self.edits.insert_for_both(end, "; }");
    }

    /// Leaves out the copies that change nothing, because the interpreter moves output for each of
    /// them. True if it gets one of the others wrong.
    fn order(&mut self, targets: &[Target]) -> bool {
        let mut places: HashMap<u8, Place> = HashMap::new();
        let (mut copies, mut above) = (0, 0);
        let mut is_wrong = false;
        for (index, target) in targets.iter().enumerate() {
            let Some(from) = source(target) else {
                places.insert(target.fd, Place::Opened(index));
                continue;
            };
            if target.fd == 0 {
                continue;
            }
            let place = |fd: u8| places.get(&fd).copied().unwrap_or(Place::Of(fd));
            if place(from) == place(target.fd) {
                let end = target.word.end;
                self.edits.replace_for_both(target.start, end, Vec::new());
                continue;
            }
            copies += 1;
            above += usize::from(from > 2);
            is_wrong |= target.fd > 2 || (from > 2 && places.contains_key(&from));
            self.copies_used += usize::from(self.copied.contains(&from));
            self.sources.insert(from);
            let led = place(from);
            places.insert(target.fd, led);
        }
        is_wrong || (copies > 1 && above > 0)
    }
}

/// The descriptor that is copied.
fn source(target: &Target) -> Option<u8> {
    let value = target.word.value.as_deref().filter(|_| target.redirect == Redirect::Duplicate)?;
    match value.as_bytes() {
        [digit] if digit.is_ascii_digit() => Some(digit - b'0'),
        _ => None,
    }
}
