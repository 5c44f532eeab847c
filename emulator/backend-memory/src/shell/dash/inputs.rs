//! Commands that share an input. The interpreter gives each of them all that `read` has left, so a
//! script in which a second one comes to it ends there.

use std::collections::HashSet;

use super::names::{of_system, started};
use super::parser::{Parsed, Parser};
use super::tokens::Word;
use super::{Demand, OPEN, quote};

/// What is said of them.
pub(in crate::shell) const SHARED: &str = "commands that share an input are not supported here, \
     other than `read` and one after it";

/// Commands that read the input of what they are in, one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Readers {
    /// Those that a loop around them runs again.
    again: usize,
    /// Those after which the loop is left.
    once: usize,
    /// `read`s that leave the rest to those who come after.
    lines: usize,
    /// Scripts that are started, which may.
    scripts: usize,
}

/// Where a script is started that may read what others read too.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// The end of the command.
    at: usize,
    /// Where it is run: there, or where the function is called that it is in.
    run_at: usize,
    /// What is asked about it: a word of the command that looks, and the operand.
    question: String,
}

/// What the body of a function does with what is around its call.
#[derive(Clone, Debug, Default)]
pub(super) struct Function {
    readers: Readers,
    starts: Vec<Start>,
    /// Descriptors above 2 that are copied in it.
    pub(super) sources: HashSet<u8>,
}

impl Readers {
    pub(super) fn demand(self) -> Demand {
        match (self.count(), self.lines) {
            (0, 0) => Demand::Nothing,
            (0, _) => Demand::Lines,
            (_, _) => Demand::All,
        }
    }

    /// Those that leave nothing to others, or that leave them what they have read.
    fn count(self) -> usize {
        self.again + self.once
    }

    /// These as often as a loop runs them that may go around more than once.
    fn repeated(self) -> Self {
        Self { again: self.again * 2, scripts: self.scripts * 2, ..self }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            again: self.again + other.again,
            once: self.once + other.once,
            lines: self.lines + other.lines,
            scripts: self.scripts + other.scripts,
        }
    }

    /// These, where scripts that are started have been asked about.
    pub(super) fn without_scripts(self) -> Self {
        Self { scripts: 0, ..self }
    }

    fn since(self, before: Self) -> Self {
        Self {
            again: self.again - before.again,
            once: self.once - before.once,
            lines: self.lines - before.lines,
            scripts: self.scripts - before.scripts,
        }
    }

    /// These, after which what is around them is left.
    fn leaving(self) -> Self {
        Self { again: 0, once: self.count(), ..self }
    }

    /// As many of each as there are in one of the two.
    fn or(self, other: Self) -> Self {
        Self {
            again: self.again.max(other.again),
            once: self.once.max(other.once),
            lines: self.lines.max(other.lines),
            scripts: self.scripts.max(other.scripts),
        }
    }
}

impl Parser<'_> {
    /// Parses one of several lists of which only one is run; `most` is what the others read.
    pub(super) fn alternative(
        &mut self,
        most: &mut Readers,
        parse: impl FnOnce(&mut Self) -> Parsed<()>,
    ) -> Parsed<()> {
        let (readers, leaves) = (self.readers, std::mem::take(&mut self.leaves));
        parse(self)?;
        let within = self.readers.since(readers);
        *most = most.or(if self.leaves { within.leaving() } else { within });
        (self.readers, self.leaves) = (readers, leaves);
        Ok(())
    }

    /// Parses the body of a loop.
    pub(super) fn looped(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<()>) -> Parsed<()> {
        let (readers, leaves) = (self.readers, std::mem::take(&mut self.leaves));
        parse(self)?;
        let within = self.readers.since(readers);
        let within = if self.leaves { within.leaving() } else { within.repeated() };
        (self.readers, self.leaves) = (readers.and(within), leaves);
        Ok(())
    }

    /// The body of a function, and what it does with what is around it.
    pub(super) fn body_of_function(&mut self) -> Parsed<Function> {
        let readers = std::mem::take(&mut self.readers);
        let (leaves, starts) = (self.leaves, std::mem::take(&mut self.starts));
        let sources = std::mem::take(&mut self.sources);
        self.functions_around += 1;
        let traits = std::mem::take(&mut self.traits);
        self.nested(Self::command)?;
        self.traits.ends.in_function = self.traits.ends.anywhere;
        self.traits.redirects.in_function = self.traits.redirects.anywhere;
        self.traits.add(traits);
        self.functions_around -= 1;
        self.leaves = leaves;
        Ok(Function {
            readers: std::mem::replace(&mut self.readers, readers),
            starts: std::mem::replace(&mut self.starts, starts),
            sources: std::mem::replace(&mut self.sources, sources),
        })
    }

    /// Looks at what reads one input, from `start` to `end`: refused if a second comes to it, and
    /// looked at again when it runs where that hangs on scripts that are started.
    pub(super) fn share(&mut self, start: usize, end: usize, readers: Readers) {
        if readers.count() > 1 {
            self.refuse_around(start, end, SHARED);
        } else {
            self.ask_about_scripts(start, end, readers);
        }
    }

    /// From here on, the end of an `exec`, the shell has another input.
    pub(super) fn takes_input(&mut self, at: usize) {
        self.taken_at = Some(at);
        self.readers = Readers::default();
    }

    /// Looks at what reads the input that the shell has taken itself.
    pub(super) fn share_taken(&mut self) {
        if let Some(at) = self.taken_at.filter(|_| self.readers.count() > 1) {
            let text = format!(" $({OPEN} $? refuse {})", quote(SHARED));
            self.edits.insert_for_both(at, &text);
        }
    }

    /// Looks at what reads the input of the whole text: that may be empty.
    pub(super) fn share_all(&mut self) {
        if self.readers.count() > 1 {
            self.edits.insert_for_both(0, &format!("{OPEN} 0 fed {}; ", quote(SHARED)));
        } else {
            self.ask_about_scripts(0, self.text.len(), self.readers);
        }
    }

    fn ask_about_scripts(&mut self, start: usize, end: usize, readers: Readers) {
        if readers.scripts == 0 || readers.count() + readers.scripts < 2 {
            return;
        }
        for Start { at, run_at, question } in &self.starts {
            if (start..=end).contains(run_at) && self.asked.insert(*at) {
                let text = format!(" $({OPEN} $? {question})");
                self.edits.insert_for_both(*at, &text);
            }
        }
    }

    /// Asks about every script that is started: what is around is not known here.
    pub(super) fn ask_all(&mut self) {
        for Start { at, question, .. } in std::mem::take(&mut self.starts) {
            self.edits.insert_for_both(at, &format!(" $({OPEN} $? {question})"));
        }
    }

    /// Counts what a simple command reads that starts at `start`: of the input of what it is in, or
    /// of its own.
    pub(super) fn note_readers(&mut self, start: usize, words: &[Word], is_fed: bool) {
        let before = self.readers;
        self.note_reader(words);
        if is_fed {
            let own = self.readers.since(before);
            self.readers = before;
            self.share(start, self.taken, own);
        }
    }

    fn note_reader(&mut self, words: &[Word]) {
        let values: Vec<Option<&str>> = words.iter().map(|word| word.value.as_deref()).collect();
        let Some(own) = values.first() else { return };
        self.leaves |= matches!(own, Some("break" | "exit" | "return"))
            || (*own == Some("exec") && words.len() > 1);
        let passes_on = matches!(own, Some("xargs" | "find"));
        let first = started(words).filter(|_| !passes_on).unwrap_or(0);
        let name = values[first].map(|path| of_system(path).unwrap_or(path));
        if let Some(function) = name.and_then(|name| self.functions.get(name)) {
            let run_at = words[first].start;
            let starts = function.starts.iter().map(|start| Start { run_at, ..start.clone() });
            self.starts.extend(starts);
            let mut readers = function.readers;
            // What a `read` in it takes, those who come after the call get too.
            readers.again += usize::from(readers.count() == 0 && readers.lines > 0);
            self.readers = self.readers.and(Readers { lines: 0, ..readers });
            return;
        }
        let operands: Vec<Option<&str>> = values[first + 1..]
            .iter()
            .copied()
            .filter(|value| {
                let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                !value.is_some_and(|value| value.starts_with('-') || is_number(value))
            })
            .collect();
        let takes = match name {
            Some(
                "base64" | "bc" | "cat" | "cksum" | "column" | "cut" | "expand" | "fmt" | "fold"
                | "gunzip" | "gzip" | "head" | "md5sum" | "nl" | "od" | "paste" | "rev" | "sha1sum"
                | "sha256sum" | "shuf" | "sort" | "strings" | "sum" | "tac" | "tail" | "tsort"
                | "unexpand" | "uniq" | "wc" | "xxd",
            ) => operands.is_empty(),
            Some("awk" | "egrep" | "fgrep" | "gawk" | "grep" | "mawk" | "sed") => {
                operands.len() <= 1
            }
            Some("tr") => operands.len() <= 2,
            Some("mapfile" | "readarray" | "tee" | "xargs") => true,
            Some("dd") => {
                !operands.iter().any(|operand| operand.is_none_or(|it| it.starts_with("if=")))
            }
            Some("sh" | "dash" | "bash") if words.len() == first + 1 => true,
            Some("read") if self.readers.count() + self.readers.scripts == 0 => {
                self.readers.lines += 1;
                false
            }
            Some("read") => true,
            _ => {
                self.note_script(name, &words[first..]);
                false
            }
        };
        self.readers.again += usize::from(takes);
    }

    /// Remembers where a script is started.
    fn note_script(&mut self, name: Option<&str>, words: &[Word]) {
        let is_option = |word: &&Word| {
            word.value.as_deref().is_some_and(|value| value.len() > 1 && value.starts_with('-'))
        };
        let (question, operand) = match name {
            Some("sh" | "dash" | "bash") => {
                let options = words[1..].iter().take_while(is_option).count();
                let is_text =
                    |word: &Word| word.value.as_deref().is_some_and(|option| option.contains('c'));
                let is_text = words[1..=options].iter().any(is_text);
                (if is_text { "reads-text" } else { "reads" }, words.get(1 + options))
            }
            Some("eval") => ("reads-text", words.get(1)),
            Some(".") => ("takes", words.get(1)),
            // In a script of `bash` it may be an assignment to an array.
            _ if self.edits.is_bash && name.is_none_or(|name| name.contains('=')) => return,
            _ if words[0].has_slash => ("reads", words.first()),
            // What the commands of a substitution name may read.
            None if self.written(&words[0]).is_none() => {
                self.readers.again += 1;
                return;
            }
            None if self.is_split(&words[0]) => ("reads-split", words.first()),
            None => ("reads-whole", words.first()),
            Some(name) if self.is_file(name, true) => ("reads-whole", words.first()),
            Some(_) => return,
        };
        let (Some(operand), Some(last)) = (operand, words.last()) else { return };
        if let Some(written) = self.written(operand) {
            self.readers.scripts += 1;
            let question = format!("{question} {written}");
            self.starts.push(Start { at: last.end, run_at: words[0].start, question });
        }
    }
}
