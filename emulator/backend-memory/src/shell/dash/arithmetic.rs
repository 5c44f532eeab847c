//! `$((…))`: dash knows fewer operators than bash.

use super::parser::{Parsed, Parser};

/// Operators between two numbers, longest first.
const BETWEEN: [&str; 29] = [
    "<<=", ">>=", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "*=", "/=", "%=", "+=", "-=",
    "&=", "^=", "|=", "+", "-", "*", "/", "%", "<", ">", "&", "^", "|", "=",
];

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Number,
    Operator,
    /// An expansion may have been either.
    Anything,
}

impl Parser<'_> {
    /// From `$((` to after `))`. What dash does not compute fails when it is expanded.
    pub(super) fn arithmetic(&mut self) -> Parsed<()> {
        self.traits.ends.anywhere = true;
        let (start, edits, read) = (self.at, self.edits.len(), self.variables.len());
        self.at += 3;
        let (mut open, mut next, mut wrong) = (0_usize, Next::Number, None);
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'$' | b'`' => {
                    if byte == b'`' {
                        self.backquoted(true)?;
                    } else if !self.dollar(true)? {
                        wrong = wrong.or(Some("primary"));
                    }
                    next = if next == Next::Number { Next::Operator } else { Next::Anything };
                }
                b'(' => {
                    open += 1;
                    self.at += 1;
                    next = Next::Number;
                }
                b')' if open == 0 && self.byte(self.at + 1) == Some(b')') => {
                    let inner = String::from_utf8_lossy(&self.text[start + 3..self.at]);
                    let told = printable(&inner);
                    let is_empty = inner.trim().is_empty();
                    self.at += 2;
                    if next == Next::Number && !is_empty {
                        wrong = wrong.or(Some("primary"));
                    }
                    if let Some(expected) = wrong {
                        self.edits.truncate(edits);
                        self.variables.truncate(read);
                        let text = format!(
                            "${{_LEAP0:?arithmetic expression: expecting {expected}: {told}}}"
                        );
                        self.edits.replace(start, self.at, text.into_bytes());
                    }
                    return Ok(());
                }
                b')' => {
                    open = open.saturating_sub(1);
                    self.at += 1;
                    next = Next::Operator;
                }
                byte if byte.is_ascii_whitespace() || byte == b'"' => self.at += 1,
                byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                    if next == Next::Operator {
                        wrong = wrong.or(Some("EOF"));
                    }
                    self.variable();
                    next = Next::Operator;
                }
                _ => next = self.operator(next, &mut wrong),
            }
        }
        Err(self.refusal("Missing '))'"))
    }

    fn operator(&mut self, next: Next, wrong: &mut Option<&'static str>) -> Next {
        let at = self.at;
        let rest = &self.text[at..self.limit];
        let sign = rest[0];
        if next == Next::Number {
            self.at += 1;
            if !b"+-!~".contains(&sign) {
                *wrong = wrong.or(Some("primary"));
            } else if rest.get(1) == Some(&sign) && b"+-".contains(&sign) {
                // Two signs to dash, and one operator to bash.
                self.edits.insert(self.at, " ");
            }
            return Next::Number;
        }
        if b"?:".contains(&sign) {
            self.at += 1;
            return Next::Number;
        }
        let Some(operator) = BETWEEN.iter().find(|known| rest.starts_with(known.as_bytes())) else {
            *wrong = wrong.or(Some("EOF"));
            self.at += 1;
            return Next::Anything;
        };
        self.at += operator.len();
        if rest.get(operator.len()) == Some(&sign) && ["+", "-", "*"].contains(operator) {
            self.edits.insert(self.at, " ");
        }
        Next::Number
    }
}

/// The text without what an expansion would take for something special.
pub(super) fn printable(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_[]:/,^@#%!.*-+=<>&|?()~ ".contains(c);
    text.chars().map(|c| if plain(c) { c } else { ' ' }).collect()
}
