//! dash's grammar of commands.

use super::inputs::{Function, Readers};
use super::order::Compound;
use super::parser::{Parsed, Parser, is_function_name, unexpected};
use super::redirections::Target;
use super::tokens::{Kind, Redirect, Token, Word, is_name};
use super::{GATHER, REFUSE, SHIFT, names, quote};

impl Parser<'_> {
    /// A list of commands within others, up to what ends it.
    pub(super) fn list(&mut self, may_be_empty: bool) -> Parsed<()> {
        self.skip_newlines()?;
        let first = &self.peek()?.kind;
        // At the end of everything it is missed what would end the list.
        if matches!(first, Kind::End) || (may_be_empty && first.ends_list()) {
            return Ok(());
        }
        loop {
            self.and_or()?;
            match self.peek()?.kind {
                Kind::Semicolon | Kind::Background | Kind::Newline => self.take()?,
                _ => return Ok(()),
            };
            self.skip_newlines()?;
            if self.peek()?.kind.ends_list() {
                return Ok(());
            }
        }
    }

    pub(super) fn and_or(&mut self) -> Parsed<()> {
        let (leaves, mut is_certain) = (self.leaves, true);
        loop {
            self.pipeline()?;
            let (Kind::And | Kind::Or) = self.peek()?.kind else { break };
            is_certain = false;
            self.take()?;
            self.skip_newlines()?;
        }
        if !is_certain {
            self.leaves = leaves;
        }
        Ok(())
    }

    fn pipeline(&mut self) -> Parsed<()> {
        if self.peek()?.kind.reserved() == Some("!") {
            self.take()?;
        }
        let (mut from, mut copies) = (self.peek()?.start, self.copies_used);
        self.nested(Self::command)?;
        while let Kind::Pipe = self.peek()?.kind {
            if self.copies_used > copies {
                self.refuse_copies(from);
            }
            self.take()?;
            self.skip_newlines()?;
            let first = self.peek()?;
            let (start, reads_a_pipe) = (first.start, first.kind.starts_compound());
            (from, copies) = (start, self.copies_used);
            let readers = std::mem::take(&mut self.readers);
            // The interpreter's commands within it would each take all that is still to come.
            if reads_a_pipe {
                self.edits.insert_for_both(start, &format!("{{ {GATHER}; "));
            }
            self.nested(Self::command)?;
            let within = std::mem::replace(&mut self.readers, readers);
            self.share(start, self.taken, within);
            if reads_a_pipe {
                self.edits.insert_for_both(self.taken, "; }");
            }
        }
        Ok(())
    }

    pub(super) fn command(&mut self) -> Parsed<()> {
        let noted = std::mem::take(&mut self.targets);
        let start = self.peek()?.start;
        let copies = self.copies_used;
        let compound = self.command_without_targets()?;
        let targets = std::mem::replace(&mut self.targets, noted);
        if let Some(compound) = compound {
            self.open_around(start, compound.end, &targets);
            self.order_around(start, compound, &targets, self.copies_used > copies);
        }
        Ok(())
    }

    /// A command that is made of others, if it is one, before what it is redirected to.
    fn command_without_targets(&mut self) -> Parsed<Option<Compound>> {
        let around = std::mem::take(&mut self.readers);
        self.commands += 1;
        self.bare_input = None;
        if self.command_of_bash()? {
            self.redirections()?;
            self.readers = around;
            return Ok(None);
        }
        let token = self.peek()?.clone();
        match &token.kind {
            Kind::Open => {
                self.take()?;
                // Bash takes `((` for one operator.
                if self.byte(self.at) == Some(b'(') {
                    self.edits.insert(self.at, " ");
                }
                self.subshells += 1;
                let leaves = self.leaves;
                self.list(false)?;
                self.leaves = leaves;
                self.subshells -= 1;
                let close = self.take()?;
                let Kind::Close = close.kind else {
                    return Err(unexpected(&close, true, Some(")")));
                };
            }
            kind => match kind.reserved() {
                None => {
                    self.readers = around;
                    self.simple()?;
                    return Ok(None);
                }
                Some("{") => {
                    self.take()?;
                    self.list(false)?;
                    self.expect("}")?;
                }
                Some("if") => self.conditional()?,
                Some("while" | "until") => self.looped(|parser| {
                    parser.take()?;
                    parser.list(false)?;
                    parser.body()
                })?,
                Some("for") => self.looped(Self::for_loop)?,
                Some("case") => self.case()?,
                Some(_) => return Err(unexpected(&token, true, None)),
            },
        }
        let (end, inputs) = (self.taken, self.inputs);
        self.redirections()?;
        let (readers, is_fed) = (self.readers, self.inputs > inputs);
        self.readers = if is_fed { around } else { around.and(readers) };
        Ok(Some(Compound { end, readers, is_fed }))
    }

    fn expect(&mut self, reserved: &str) -> Parsed<()> {
        let token = self.take()?;
        if token.kind.reserved() == Some(reserved) {
            return Ok(());
        }
        Err(unexpected(&token, true, Some(reserved)))
    }

    fn body(&mut self) -> Parsed<()> {
        self.expect("do")?;
        self.list(false)?;
        self.expect("done")
    }

    fn conditional(&mut self) -> Parsed<()> {
        let mut most = Readers::default();
        loop {
            // `if` or `elif`
            self.take()?;
            self.list(false)?;
            self.expect("then")?;
            self.alternative(&mut most, |parser| parser.list(false))?;
            if self.peek()?.kind.reserved() != Some("elif") {
                break;
            }
        }
        if self.peek()?.kind.reserved() == Some("else") {
            self.take()?;
            self.alternative(&mut most, |parser| parser.list(false))?;
        }
        self.readers = self.readers.and(most);
        self.expect("fi")
    }

    pub(super) fn for_loop(&mut self) -> Parsed<()> {
        self.take()?;
        if self.clauses_of_bash()? {
            return self.body();
        }
        let variable = self.take()?;
        match &variable.kind {
            Kind::Word(word) if word.plain.as_deref().is_some_and(is_name) => {
                self.variables.mention(&self.text[word.start..word.end]);
            }
            _ => return Err(self.refusal("Bad for loop variable")),
        }
        self.skip_newlines()?;
        if self.peek()?.kind.reserved() == Some("in") {
            self.take()?;
            while let Kind::Word(_) = self.peek()?.kind {
                self.take()?;
            }
            let end = self.take()?;
            let (Kind::Newline | Kind::Semicolon) = end.kind else {
                return Err(unexpected(&end, false, None));
            };
        } else if let Kind::Semicolon = self.peek()?.kind {
            self.take()?;
        }
        self.skip_newlines()?;
        self.body()
    }

    fn case(&mut self) -> Parsed<()> {
        self.take()?;
        self.take_word()?;
        self.skip_newlines()?;
        self.expect("in")?;
        let mut most = Readers::default();
        loop {
            self.skip_newlines()?;
            if self.peek()?.kind.reserved() == Some("esac") {
                break;
            }
            if let Kind::Open = self.peek()?.kind {
                self.take()?;
            }
            loop {
                self.take_word()?;
                let next = self.take()?;
                match next.kind {
                    Kind::Pipe => {}
                    Kind::Close => break,
                    _ => return Err(unexpected(&next, false, Some(")"))),
                }
            }
            self.alternative(&mut most, |parser| parser.list(true))?;
            match self.peek()?.kind {
                Kind::CaseEnd => self.take()?,
                ref other if other.reserved() == Some("esac") => break,
                _ => return Err(unexpected(&self.take()?, true, Some(";;"))),
            };
        }
        self.readers = self.readers.and(most);
        self.expect("esac")
    }

    fn take_word(&mut self) -> Parsed<Word> {
        let token = self.take()?;
        match token.kind {
            Kind::Word(word) => Ok(word),
            _ => Err(unexpected(&token, false, None)),
        }
    }

    fn redirections(&mut self) -> Parsed<()> {
        while let Kind::Redirect(redirect) = self.peek()?.kind {
            let start = self.take()?.start;
            self.target(redirect, start)?;
        }
        Ok(())
    }

    fn target(&mut self, redirect: Redirect, start: usize) -> Parsed<()> {
        let (first, second) = (self.text[start], self.text.get(start + 1));
        let fd = match first {
            digit if digit.is_ascii_digit() => digit - b'0',
            b'<' => 0,
            _ => 1,
        };
        let reads = first == b'<' || second == Some(&b'<');
        self.inputs += usize::from(reads && fd == 0);
        if let Redirect::Here { strip } = redirect {
            return self.delimiter(strip);
        }
        let word = self.take_word()?;
        let is_fd = |value: &str| {
            value == "-" || (value.len() == 1 && value.bytes().all(|byte| byte.is_ascii_digit()))
        };
        // Bash takes `>&file` for both outputs.
        if redirect == Redirect::Duplicate && word.value.as_deref().is_some_and(|fd| !is_fd(fd)) {
            let text = b"${_LEAP0:?Bad fd number}".to_vec();
            self.edits.replace(word.start, word.end, text);
        }
        // Bash splits what a target expands to, and looks for files of that pattern.
        let written = &self.text[word.start..word.end];
        if word.value.is_none() && !written.iter().any(|byte| b"\"'\\`~(".contains(byte)) {
            self.edits.insert(word.start, "\"");
            self.edits.insert(word.end, "\"");
        }
        self.targets.push(Target { redirect, fd, start, word });
        Ok(())
    }

    /// A simple command or the definition of a function.
    fn simple(&mut self) -> Parsed<()> {
        let start = self.peek()?.start;
        let (mut words, mut assignments, mut redirected) = (Vec::new(), Vec::new(), 0);
        let inputs = self.inputs;
        let mut only_input = true;
        loop {
            let token = self.peek()?.clone();
            match token.kind {
                Kind::Word(word) => {
                    self.take()?;
                    self.variables.mention(&self.text[word.start..word.end]);
                    if words.is_empty() {
                        match names::assignment(&self.text[word.start..word.end]) {
                            names::Assignment::OfBoth => {
                                assignments.push(word);
                                continue;
                            }
                            names::Assignment::OfBash => self.not_found(&word),
                            names::Assignment::None => {}
                        }
                    }
                    words.push(word);
                }
                Kind::Redirect(redirect) => {
                    self.take()?;
                    self.target(redirect, token.start)?;
                    redirected += 1;
                    only_input &= redirect == Redirect::Input;
                }
                Kind::Open if words.len() == 1 && assignments.is_empty() && redirected == 0 => {
                    return self.function(&words[0]);
                }
                _ if words.is_empty() && assignments.is_empty() && redirected == 0 => {
                    return Err(unexpected(&token, true, None));
                }
                _ => break,
            }
        }
        if words.is_empty() && assignments.is_empty() && redirected == 1 && only_input {
            self.bare_input = Some(start);
        }
        let targets = std::mem::take(&mut self.targets);
        self.open_before(&words, &targets);
        self.order_of_simple(start, &words, &targets);
        self.note_readers(start, &words, self.inputs > inputs);
        let name = words.first().map(|word| word.value.as_deref());
        self.umask_ends |= name == Some(Some("umask")) && self.subshells > 0;
        self.traits.redirects.anywhere |=
            words.last().is_some_and(|word| word.value.as_deref() == Some("exec"));
        // An assignment to what is constant ends a script of dash.
        self.traits.ends.anywhere |= name == Some(Some("readonly"));
        // Outside a function it ends a script of dash, and a file that bash reads by `.`.
        self.traits.returns |= name == Some(Some("return")) && self.functions_around == 0;
        self.traits.ends.anywhere |= self.traits.returns;
        if let [shift, operands @ ..] = &words[..]
            && name == Some(Some("shift"))
        {
            let count = operands.first().map_or(&b"1"[..], |word| &self.text[word.start..word.end]);
            let count = String::from_utf8_lossy(count);
            self.edits.insert(shift.start, &format!("{SHIFT} \"$#\" {count} && "));
        }
        self.note_aliases(&words);
        self.locate_before(&words, &assignments);
        self.locate_read(&words);
        self.check_options(&words);
        names::edit(&words, &self.functions, &mut self.edits);
        // After what stands before it, so that no alias can take its place.
        if let Some(first) = words.first().filter(|first| first.is_reserved_by_bash()) {
            self.edits.insert(first.start, "\\");
        }
        Ok(())
    }

    /// Bash takes this for an assignment, dash for the name of a command.
    fn not_found(&mut self, word: &Word) {
        let name = String::from_utf8_lossy(&self.text[word.start..word.end]);
        let words = quote(&format!("{name}: not found"));
        self.edits.insert(word.start, &format!("{REFUSE} 127 return {words} "));
    }

    fn function(&mut self, name: &Word) -> Parsed<()> {
        self.take()?;
        let close = self.take()?;
        let Kind::Close = close.kind else { return Err(unexpected(&close, false, Some(")"))) };
        let name = name.plain.clone();
        if !self.edits.is_bash && !name.as_deref().is_some_and(is_function_name) {
            return Err(self.refusal("Bad function name"));
        }
        self.skip_newlines()?;
        self.define(name)
    }

    /// Takes the body of a function.
    pub(super) fn define(&mut self, name: Option<String>) -> Parsed<()> {
        let name = name.unwrap_or_default();
        // It may call itself.
        self.functions.insert(name.clone(), Function::default());
        let function = self.body_of_function()?;
        self.functions.insert(name, function);
        Ok(())
    }

    /// What is within `$(` and `)`, the latter included.
    pub(super) fn substituted(&mut self) -> Parsed<()> {
        let commands = self.commands;
        let here = std::mem::take(&mut self.here);
        let targets = std::mem::take(&mut self.targets);
        self.subshells += 1;
        let (start, copies, leaves) = (self.at, self.copies_used, self.leaves);
        self.nested(|parser| parser.list(true))?;
        self.leaves = leaves;
        if self.copies_used > copies {
            self.refuse_copies_within(start);
        }
        self.subshells -= 1;
        self.targets = targets;
        let close: Token = self.take()?;
        let Kind::Close = close.kind else { return Err(unexpected(&close, true, Some(")"))) };
        self.here = here;
        // Bash reads the file of `$(<file)`.
        if self.commands == commands + 1
            && let Some(start) = self.bare_input.take()
        {
            self.edits.insert(start, ": ");
        }
        Ok(())
    }
}
