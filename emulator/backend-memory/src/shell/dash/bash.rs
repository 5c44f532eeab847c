//! What bash adds to the grammar. In a script of `bash` only pipes are looked for, so all of this is
//! merely passed over; one that is not understood is left as it is.

use super::parser::{Parsed, Parser};
use super::tokens::{Kind, Redirect, Word};

impl Parser<'_> {
    /// A token that only bash knows, if one starts here: its kind and length.
    pub(super) fn token_of_bash(&self) -> Option<(Kind, usize)> {
        let rest = &self.text[self.at..self.limit];
        let known: [(&[u8], Kind); 6] = [
            (b"<<<", Kind::Redirect(Redirect::Input)),
            (b";;&", Kind::CaseEnd),
            (b"&>>", Kind::Redirect(Redirect::Output)),
            (b"&>", Kind::Redirect(Redirect::Output)),
            (b"|&", Kind::Pipe),
            (b";&", Kind::CaseEnd),
        ];
        let known = self.edits.is_bash.then_some(known)?;
        known
            .into_iter()
            .find(|(text, _)| rest.starts_with(text))
            .map(|(text, kind)| (kind, text.len()))
    }

    /// Passes over a part of a word that only bash knows; false if none starts here.
    pub(super) fn part_of_bash(&mut self, start: usize) -> Parsed<bool> {
        if !self.edits.is_bash {
            return Ok(false);
        }
        let (here, next) = (self.byte(self.at), self.byte(self.at + 1));
        let before = if self.at > start { Some(self.text[self.at - 1]) } else { None };
        match (before, here, next) {
            (_, Some(b'<' | b'>'), Some(b'(')) => {
                self.at += 2;
                let readers = self.readers;
                self.substituted()?;
                if here == Some(b'>') {
                    // Those have an input of their own.
                    self.readers = readers;
                }
            }
            (_, Some(b'$'), Some(b'\'')) => {
                self.at += 2;
                while let Some(byte) = self.byte(self.at) {
                    self.at += if byte == b'\\' { 2 } else { 1 };
                    if byte == b'\'' {
                        return Ok(true);
                    }
                }
                return Err(self.refusal("Unterminated quoted string"));
            }
            // The values of an array.
            (Some(b'='), Some(b'('), _) => {
                self.at += 1;
                while !matches!(self.take()?.kind, Kind::Close) {
                    if self.at >= self.limit {
                        return Err(self.refusal("Unterminated array"));
                    }
                }
            }
            (Some(b'@' | b'?' | b'*' | b'+' | b'!'), Some(b'('), _) => {
                self.at += 1;
                self.skip_parentheses(1)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A command that only bash knows, if one starts here.
    pub(super) fn command_of_bash(&mut self) -> Parsed<bool> {
        if !self.edits.is_bash {
            return Ok(false);
        }
        let token = self.peek()?.clone();
        let Kind::Word(word) = &token.kind else {
            let is_arithmetic =
                matches!(token.kind, Kind::Open) && self.byte(token.end) == Some(b'(');
            if is_arithmetic {
                self.take()?;
                self.at += 1;
                self.skip_parentheses(2)?;
            }
            return Ok(is_arithmetic);
        };
        match word.plain.as_deref() {
            Some("[[") => {
                self.take()?;
                self.condition()?;
            }
            Some("function") => {
                self.take()?;
                let name = match self.take()?.kind {
                    Kind::Word(name) => name.plain,
                    _ => None,
                };
                if let Kind::Open = self.peek()?.kind {
                    self.take()?;
                    self.take()?;
                }
                self.skip_newlines()?;
                self.define(name)?;
            }
            Some("select") => self.looped(Self::for_loop)?,
            Some("time" | "coproc") => {
                self.take()?;
                while matches!(&self.peek()?.kind, Kind::Word(word) if word.value.as_deref() == Some("-p"))
                {
                    self.take()?;
                }
                self.nested(Self::command)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Passes over what is between `[[` and `]]`. The interpreter's knows no rights: those are asked
    /// for by `test`.
    fn condition(&mut self) -> Parsed<()> {
        // An operator that stands between two others is an operand.
        let mut may_ask = true;
        loop {
            let token = self.take()?;
            let word = match token.kind {
                Kind::End => return Err(self.refusal("Unterminated condition")),
                Kind::Word(word) => word,
                other => {
                    may_ask = !matches!(other, Kind::Redirect(_));
                    continue;
                }
            };
            match word.plain.as_deref() {
                Some("]]") => return Ok(()),
                Some("!") => {}
                Some(right @ ("-r" | "-w" | "-x")) if may_ask => {
                    may_ask = false;
                    let operand = self.peek()?.kind.clone();
                    if let Kind::Word(path) = operand
                        && path.plain.as_deref() != Some("]]")
                    {
                        self.take()?;
                        self.ask_for_right(token.start, right, &path);
                    }
                }
                _ => may_ask = false,
            }
        }
    }

    fn ask_for_right(&mut self, start: usize, right: &str, path: &Word) {
        self.edits.replace_for_both(start, path.start, b"-n $(_LEAP0_PATH=".to_vec());
        let after = format!("; test {right} \"$_LEAP0_PATH\" && echo 1)");
        self.edits.insert_for_both(path.end, &after);
    }

    /// Passes over `((…))` after a `for`; false if there is none.
    pub(super) fn clauses_of_bash(&mut self) -> Parsed<bool> {
        let token = self.peek()?.clone();
        let is_arithmetic = matches!(token.kind, Kind::Open) && self.byte(token.end) == Some(b'(');
        if !self.edits.is_bash || !is_arithmetic {
            return Ok(false);
        }
        self.take()?;
        self.at += 1;
        self.skip_parentheses(2)?;
        if let Kind::Semicolon = self.peek()?.kind {
            self.take()?;
        }
        self.skip_newlines()?;
        Ok(true)
    }

    fn skip_parentheses(&mut self, mut open: usize) -> Parsed<()> {
        while let Some(byte) = self.byte(self.at) {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                b'\\' => self.at += 1,
                b'\'' | b'"' => {
                    let rest = &self.text[self.at.min(self.limit)..self.limit];
                    let length = rest.iter().position(|other| *other == byte);
                    self.at += length.map_or(rest.len(), |length| length + 1);
                }
                _ => {}
            }
            if open == 0 {
                return Ok(());
            }
        }
        Err(self.refusal("Unterminated parentheses"))
    }
}
