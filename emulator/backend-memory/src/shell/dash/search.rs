//! Commands that are files: those in `PATH`, and those that an expansion names. The interpreter
//! would read each as a script of its own, and prefers its own commands to all of them.

use std::collections::HashSet;

use super::names::{is_of_bash, started};
use super::parser::Parser;
use super::tokens::Word;
use super::{LOCATE, quote};
use crate::shell::programs::{is_of_shell, is_own};

/// What names of commands may stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Those that an `alias` gave to others up to here.
    pub(super) aliases: HashSet<String>,
    /// Those of functions and aliases of other scripts.
    pub(super) elsewhere: HashSet<String>,
    /// `PATH` may be another than the template's.
    pub(super) sets_path: bool,
    /// Files are read by `.`, in which there may be functions.
    pub(super) reads_files: bool,
}

impl Parser<'_> {
    /// Has a simple command locate the file that it is, before it runs.
    pub(super) fn locate_before(&mut self, words: &[Word], assignments: &[Word]) {
        let Some(index) = started(words) else { return };
        let word = &words[index];
        if word.has_slash || word.is_reserved_by_bash() {
            return;
        }
        let (name, question) = match word.value.as_deref() {
            Some(name) if self.is_file(name, index == 0) => {
                (name, format!("whole {}", quote(name)))
            }
            Some(_) => return,
            None if self.is_substitution(word) => {
                self.edits.insert_for_both(word.start, &format!("$({LOCATE} print \""));
                // If they print nothing, their status is that of the command.
                return self.edits.insert_for_both(word.end, "\" $?)");
            }
            None => match self.written(word).filter(|_| self.is_expansion(word)) {
                // If nothing comes of it, the next word names the command.
                Some(written) if self.is_split(word) => {
                    let next = words.get(index + 1).and_then(|next| self.written(next));
                    ("", format!("split {written} {}", next.unwrap_or_default()))
                }
                Some(written) => ("", format!("whole {written}")),
                None => return,
            },
        };
        // It is looked for in the `PATH` that it is given.
        let mut path = String::new();
        for assignment in assignments.iter().chain(&words[..index]) {
            let written = &self.text[assignment.start..assignment.end];
            if assignment.assigns && written.starts_with(b"PATH=") {
                path = format!("{}; ", String::from_utf8_lossy(written));
            }
        }
        // What is called in a function may be defined after that.
        let name = (!name.is_empty() && self.functions_around > 0).then(|| name.to_owned());
        self.edits.insert_output(word.start, &format!("{path}{LOCATE} {question}"), name);
    }

    /// Has `.` locate the file that it reads: in `PATH`, if its name has no slash.
    pub(super) fn locate_read(&mut self, words: &[Word]) {
        if let [dot, file, ..] = words
            && dot.value.as_deref() == Some(".")
            && !file.has_slash
            && let Some(written) = self.written(file)
        {
            let text = format!("\"$({LOCATE} read {written})\"");
            self.edits.replace(file.start, file.end, text.into_bytes());
        }
    }

    /// Whether a command of this name may be a file; `by_shell` if the shell may have one itself.
    pub(super) fn is_file(&self, name: &str, by_shell: bool) -> bool {
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte);
        if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_of_name) {
            return false;
        }
        let is_shell = matches!(name, "sh" | "dash" | "bash");
        let is_missed = !self.edits.is_bash && is_of_bash(name);
        if is_shell || is_missed || (by_shell && is_of_shell(name)) {
            return false;
        }
        let names = &self.names;
        let is_given = self.functions.contains_key(name)
            || names.aliases.contains(name)
            || names.elsewhere.contains(name);
        !is_given && (names.sets_path || !is_own(name))
    }

    /// Whether a word starts with what is expanded: in a script of `bash` others may be assignments
    /// to arrays.
    pub(super) fn is_expansion(&self, word: &Word) -> bool {
        let text = &self.text[word.start..word.end];
        text.starts_with(b"$") || text.starts_with(b"\"$")
    }

    /// Whether a word is what commands print.
    fn is_substitution(&self, word: &Word) -> bool {
        let text = &self.text[word.start..word.end];
        text.starts_with(b"$(") && !text.starts_with(b"$((") && text.ends_with(b")")
    }

    /// Whether several words may come of one.
    pub(super) fn is_split(&self, word: &Word) -> bool {
        self.text[word.start] == b'$'
    }

    /// Notes the names that an `alias` gives to others.
    pub(super) fn note_aliases(&mut self, words: &[Word]) {
        if words.first().is_some_and(|first| first.value.as_deref() == Some("alias")) {
            for word in &words[1..] {
                let written = String::from_utf8_lossy(&self.text[word.start..word.end]);
                let name = written.trim_start_matches(['"', '\'']).split('=').next();
                self.names.aliases.extend(name.map(str::to_owned));
            }
        }
    }
}
