//! Words: quotes and expansions.

use super::arithmetic::printable;
use super::braces::are_too_many;
use super::names::{Assignment, assignment};
use super::parser::{Parsed, Parser, Traits, unexpected};
use super::tokens::{Kind, Word};

/// What is said of braces that the interpreter does not expand as bash does.
const TOO_MANY: &str = "braces make more than 100000 words";
const JOINED: &str = "braces after the name of a variable are not supported here";

/// What is known of a word's value.
#[derive(Debug, Default)]
pub(super) struct Value {
    bytes: Vec<u8>,
    quoted: bool,
    expanded: bool,
}

impl Parser<'_> {
    /// The word that starts here.
    pub(super) fn word(&mut self) -> Parsed<Word> {
        let start = self.at;
        let mut value = Value::default();
        // Where bash may find braces to expand.
        let (mut braces, mut separated, mut closed) = (Vec::new(), false, false);
        // What it is to them: what is quoted or expanded is plain text.
        let mut shape = Vec::new();
        let mut joined = false;
        while let Some(byte) = self.byte(self.at) {
            if self.part_of_bash(start)? {
                value.expanded = true;
                continue;
            }
            let next = self.byte(self.at + 1);
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => break,
                b'\\' if next == Some(b'\n') => self.at += 2,
                b'\\' => {
                    value.quoted = true;
                    value.bytes.extend(next);
                    self.at += if next.is_some() { 2 } else { 1 };
                }
                b'\'' => self.single_quoted(&mut value)?,
                b'"' => {
                    self.at += 1;
                    value.quoted = true;
                    self.nested(|parser| parser.quoted(Some(b'"'), &mut value))?;
                }
                b'`' => {
                    value.expanded = true;
                    self.backquoted(false)?;
                }
                b'$' => {
                    if self.nested(|parser| parser.dollar(false))? {
                        value.expanded = true;
                        let is_name =
                            next.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
                        joined |= is_name && self.byte(self.at) == Some(b'{');
                    } else {
                        value.bytes.push(b'$');
                    }
                }
                _ => {
                    match byte {
                        b'{' if next != Some(b'}') => braces.push(self.at),
                        b',' => separated = true,
                        b'.' if next == Some(b'.') => separated = true,
                        b'}' => closed |= !braces.is_empty(),
                        _ => {}
                    }
                    value.bytes.push(byte);
                    shape.push(byte);
                    self.at += 1;
                }
            }
            shape.resize(self.at - start, b'x');
        }
        let names_fd = matches!(self.byte(self.at), Some(b'<' | b'>'));
        if closed && (separated || names_fd) {
            for brace in braces {
                self.edits.insert(brace, "\\");
            }
        }
        // Two digits are the number of a file to bash alone.
        let digits =
            self.at > start + 1 && self.text[start..self.at].iter().all(u8::is_ascii_digit);
        if names_fd && digits {
            self.edits.insert(self.at, " ");
        }
        let has_slash = value.bytes.contains(&b'/');
        let text = String::from_utf8_lossy(&value.bytes).into_owned();
        let known = (!value.expanded).then_some(text);
        let plain = if value.quoted { None } else { known.clone() };
        if self.edits.is_bash && closed {
            if are_too_many(&String::from_utf8_lossy(&shape)) {
                self.beyond.get_or_insert((start, TOO_MANY));
            } else if joined && separated {
                self.beyond.get_or_insert((start, JOINED));
            }
        }
        let assigns = assignment(&self.text[start..self.at]) == Assignment::OfBoth;
        Ok(Word { start, end: self.at, plain, value: known, has_slash, assigns })
    }

    fn single_quoted(&mut self, value: &mut Value) -> Parsed<()> {
        value.quoted = true;
        let from = self.at + 1;
        let length = self.text[from..self.limit].iter().position(|byte| *byte == b'\'');
        let Some(length) = length else { return Err(self.refusal("Unterminated quoted string")) };
        value.bytes.extend_from_slice(&self.text[from..from + length]);
        self.at = from + length + 1;
        Ok(())
    }

    /// What is within double quotes, up to after `end` or to the end of what is looked at.
    pub(super) fn quoted(&mut self, end: Option<u8>, value: &mut Value) -> Parsed<()> {
        while let Some(byte) = self.byte(self.at) {
            match byte {
                _ if Some(byte) == end => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    match self.byte(self.at + 1) {
                        Some(b'\n') => {}
                        Some(next) if b"$`\"\\".contains(&next) => value.bytes.push(next),
                        next => {
                            value.bytes.push(byte);
                            value.bytes.extend(next);
                        }
                    }
                    self.at = (self.at + 2).min(self.limit);
                }
                b'`' => {
                    value.expanded = true;
                    self.backquoted(true)?;
                }
                b'$' => {
                    if self.dollar(true)? {
                        value.expanded = true;
                    } else {
                        value.bytes.push(byte);
                    }
                }
                _ => {
                    value.bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        match end {
            Some(_) => Err(self.refusal("Unterminated quoted string")),
            None => Ok(()),
        }
    }

    /// What starts with `$`; false if that is only a dollar.
    pub(super) fn dollar(&mut self, in_quotes: bool) -> Parsed<bool> {
        match self.byte(self.at + 1) {
            Some(b'(') if self.byte(self.at + 2) == Some(b'(') => {
                self.nested(Self::arithmetic)?;
            }
            Some(b'(') => {
                self.at += 2;
                self.substituted()?;
            }
            Some(b'{') => self.nested(|parser| parser.parameter(in_quotes))?,
            Some(first) if first.is_ascii_alphabetic() || first == b'_' => {
                self.at += 1;
                self.variable();
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?$!-".contains(&byte) => self.at += 2,
            // Bash alone knows `$'…'`, `$"…"` and `$[…]`.
            Some(next) if next == b'[' || (!in_quotes && (next == b'\'' || next == b'"')) => {
                self.edits.insert(self.at, "\\");
                self.at += 1;
                return Ok(false);
            }
            _ => {
                self.at += 1;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The name of a variable that is read.
    pub(super) fn variable(&mut self) {
        let start = self.at;
        self.skip_name();
        self.variables.read(&self.text[start..self.at], start);
    }

    fn skip_name(&mut self) {
        while self.byte(self.at).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
    }

    /// `${…}`. One that dash does not know fails when it is expanded.
    fn parameter(&mut self, in_quotes: bool) -> Parsed<()> {
        let (start, edits, read) = (self.at, self.edits.len(), self.variables.len());
        self.at += 2;
        let known = self.known_parameter();
        let pattern = known && matches!(self.byte(self.at), Some(b'%' | b'#'));
        let quoted = in_quotes && !pattern;
        loop {
            match self.byte(self.at) {
                None => return Err(self.refusal("Missing '}'")),
                Some(b'}') => break,
                Some(b'\\') => self.at = (self.at + 2).min(self.limit),
                Some(b'\'') if !quoted => self.single_quoted(&mut Value::default())?,
                Some(b'"') => {
                    self.at += 1;
                    self.nested(|parser| parser.quoted(Some(b'"'), &mut Value::default()))?;
                }
                Some(b'$') => {
                    self.dollar(quoted)?;
                }
                Some(b'`') => self.backquoted(in_quotes)?,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        if !known {
            let told = printable(&String::from_utf8_lossy(&self.text[start + 2..self.at - 1]));
            self.edits.truncate(edits);
            self.variables.truncate(read);
            let text = format!("${{_LEAP0:?Bad substitution {told}}}");
            self.edits.replace(start, self.at, text.into_bytes());
        }
        Ok(())
    }

    /// Takes the name of a parameter; false unless an operator that dash knows or the end follows.
    fn known_parameter(&mut self) -> bool {
        let mut first = self.byte(self.at);
        if first == Some(b'#') {
            let (next, after) = (self.byte(self.at + 1), self.byte(self.at + 2));
            let is_length = match next {
                Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => true,
                Some(byte) if b"@*#?$!-".contains(&byte) => after == Some(b'}'),
                _ => false,
            };
            if is_length {
                self.at += 1;
                first = next;
            }
            if !self.skip_parameter(first) {
                return false;
            }
            if is_length {
                return self.byte(self.at) == Some(b'}');
            }
        } else if !self.skip_parameter(first) {
            return false;
        }
        match self.byte(self.at) {
            None | Some(b'}' | b'%' | b'#' | b'-' | b'=' | b'?' | b'+') => true,
            Some(b':') => matches!(self.byte(self.at + 1), Some(b'-' | b'=' | b'?' | b'+')),
            Some(_) => false,
        }
    }

    fn skip_parameter(&mut self, first: Option<u8>) -> bool {
        match first {
            Some(byte) if byte.is_ascii_digit() => {
                while self.byte(self.at).is_some_and(|byte| byte.is_ascii_digit()) {
                    self.at += 1;
                }
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.variable(),
            Some(byte) if b"@*#?$!-".contains(&byte) => self.at += 1,
            _ => return false,
        }
        true
    }

    /// A command between backquotes, in which some backslashes are there for the quotes.
    pub(super) fn backquoted(&mut self, in_quotes: bool) -> Parsed<()> {
        let start = self.at;
        let mut inner = Vec::new();
        self.at += 1;
        loop {
            match (self.byte(self.at), self.byte(self.at + 1)) {
                (None, _) => return Err(self.refusal("EOF in backquote substitution")),
                (Some(b'`'), _) => break,
                (Some(b'\\'), Some(next)) => {
                    if !(b"\\`$".contains(&next) || (in_quotes && next == b'"')) {
                        inner.push(b'\\');
                    }
                    inner.push(next);
                    self.at += 2;
                }
                (Some(byte), _) => {
                    inner.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        let mut parser = Parser::new(&inner, self.depth + 1);
        parser.edits.is_bash = self.edits.is_bash;
        parser.functions.clone_from(&self.functions);
        parser.copied.clone_from(&self.copied);
        parser.names = self.names.clone();
        let parsed = parser.nested(|parser| {
            parser.list(true)?;
            let end = parser.take()?;
            match end.kind {
                Kind::End => Ok(()),
                _ => Err(unexpected(&end, true, None)),
            }
        });
        // A `return` ends a subshell.
        self.traits.add(Traits { returns: false, ..parser.traits });
        self.readers = self.readers.and(parser.readers.without_scripts());
        if parser.copies_used > 0 {
            parser.refuse_copies_within(0);
        }
        parser.ask_all();
        parser.variables.rename(&mut parser.edits);
        parser.edits.except(|name| parser.functions.contains_key(name));
        if let Err(mut refusal) = parsed {
            refusal.at = start;
            return Err(refusal);
        }
        let written = parser.edits.apply(&inner, inner.len());
        if written != inner {
            let mut text = vec![b'`'];
            for byte in written {
                if b"\\`".contains(&byte) || (in_quotes && byte == b'"') {
                    text.push(b'\\');
                }
                text.push(byte);
            }
            text.push(b'`');
            self.edits.replace_for_both(start, self.at, text);
        }
        Ok(())
    }
}
