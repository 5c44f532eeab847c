//! Files that are opened before a command runs. The interpreter opens them when it has ended.

use std::fmt::Write as _;

use super::parser::Parser;
use super::tokens::{Redirect, Word};
use super::{OPEN, quote};

/// What a command is redirected to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) redirect: Redirect,
    /// The descriptor that it is about.
    pub(super) fd: u8,
    /// Where it starts, before its operator and number.
    pub(super) start: usize,
    pub(super) word: Word,
}

/// Commands that read no file and end at once.
const AT_ONCE: [&str; 12] =
    [":", "[", "cd", "echo", "exec", "exit", "false", "printf", "read", "return", "test", "true"];
/// Commands whose output the interpreter writes piece by piece, or which do not last.
const STARTERS: [&str; 9] = ["bash", "env", "eval", "find", "nohup", "sh", "timeout", "xargs", "."];

impl Parser<'_> {
    /// Has a simple command open its files before it runs.
    pub(super) fn open_before(&mut self, words: &[Word], targets: &[Target]) {
        let Some(last) = words.last() else { return };
        let name = words[0].value.as_deref();
        let at_once = name.is_some_and(|name| AT_ONCE.contains(&name));
        let lasts = words[0].has_slash
            || name
                .is_none_or(|name| STARTERS.contains(&name) || self.functions.contains_key(name));
        let mut opened = self.opened(targets, at_once, lasts);
        if self.umask_ends && !at_once {
            opened.push_str(" umask -");
        }
        if !opened.is_empty() {
            self.edits.insert_for_both(last.end, &format!(" $({OPEN} $?{opened})"));
        }
    }

    /// Has the shell keep a umask that a subshell changes.
    pub(super) fn keep_umask(&mut self) {
        if self.umask_ends {
            self.edits.insert_for_both(0, &format!("{OPEN} $? keep-umask -; "));
        }
    }

    /// Has a command that is made of others, from `start` to `end`, open its files before it runs.
    pub(super) fn open_around(&mut self, start: usize, end: usize, targets: &[Target]) {
        let opened = self.opened(targets, false, true);
        if !opened.is_empty() {
            self.edits.insert_for_both(start, &format!("{{ {OPEN} 0{opened}; "));
            self.edits.insert_for_both(end, "; }");
        }
    }

    fn opened(&self, targets: &[Target], at_once: bool, lasts: bool) -> String {
        let mut opened = String::new();
        for Target { redirect, word, .. } in targets {
            let is_device = word.value.as_deref().is_some_and(|value| value.starts_with("/dev/"));
            let Some(path) = self.written(word).filter(|_| !is_device) else { continue };
            let climbs = path.contains("..");
            let mode = match (redirect, lasts) {
                (Redirect::Output, false) if !at_once => "new",
                (Redirect::Output, true) => "new-held",
                (Redirect::Append, false) if !at_once => "add",
                (Redirect::Append, true) => "add-held",
                (Redirect::Input | Redirect::Output | Redirect::Append, _) if climbs => "look",
                (_, _) => continue,
            };
            let _infallible = write!(opened, " {mode} {path}");
        }
        opened
    }

    /// A word, to be written a second time; none where it is then expanded to something else.
    pub(super) fn written(&self, word: &Word) -> Option<String> {
        let written = String::from_utf8_lossy(&self.text[word.start..word.end]);
        Some(match &word.value {
            Some(value) if !value.starts_with('~') => quote(value),
            Some(_) => written.into_owned(),
            None if written.contains(['`', '(']) => return None,
            None if written.contains(['"', '\'', '\\']) => written.into_owned(),
            None => format!("\"{written}\""),
        })
    }
}
