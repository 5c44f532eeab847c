//! `echo` as Debian's `sh` has it: escapes are always told apart, and only `-n` is an option. In a
//! `bash` that a script starts it is bash's.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::dialect::{Dialect, dialect};
use crate::shell::script::Script;

pub(super) struct Echo(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Echo {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        self.0.follow_umask(ctx.variables);
        Ok(ExecResult::ok_bytes(line(ctx.args, dialect(ctx.variables))))
    }
}

/// What `echo` prints.
fn line(args: &[String], dialect: Dialect) -> Vec<u8> {
    let (mut args, mut end, mut escapes) = (args, true, dialect == Dialect::Sh);
    while let Some(option) = args.first() {
        let letters = option.strip_prefix('-').unwrap_or_default();
        let known = match dialect {
            Dialect::Sh => letters == "n" && end,
            Dialect::Bash => {
                !letters.is_empty() && letters.chars().all(|letter| "neE".contains(letter))
            }
        };
        if !known {
            break;
        }
        for letter in letters.chars() {
            match letter {
                'n' => end = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        args = &args[1..];
    }
    let text = args.join(" ");
    let (mut bytes, ends_here) =
        if escapes { unescape(text.as_bytes(), dialect) } else { (text.into_bytes(), false) };
    if end && !ends_here {
        bytes.push(b'\n');
    }
    bytes
}

/// The bytes that escapes stand for, and whether `\c` ended everything.
fn unescape(text: &[u8], dialect: Dialect) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (byte, next) = (text[at], text.get(at + 1).copied());
        at += 1;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let plain = match next {
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(b'\\') => b'\\',
            Some(b'e') if dialect == Dialect::Bash => 27,
            Some(b'c') => return (bytes, true),
            Some(b'0') => {
                let (byte, used) = number(&text[at + 1..], 8, 3);
                at += 1 + used;
                bytes.push(byte);
                continue;
            }
            Some(b'x') if dialect == Dialect::Bash => {
                let (byte, used) = number(&text[at + 1..], 16, 2);
                if used == 0 {
                    bytes.push(b'\\');
                } else {
                    bytes.push(byte);
                    at += 1 + used;
                }
                continue;
            }
            _ => {
                bytes.push(b'\\');
                continue;
            }
        };
        bytes.push(plain);
        at += 1;
    }
    (bytes, false)
}

/// The byte that at most `most` digits give, and how many there were.
fn number(digits: &[u8], radix: u32, most: usize) -> (u8, usize) {
    let values = digits.iter().take(most).map_while(|digit| char::from(*digit).to_digit(radix));
    let (value, used) =
        values.fold((0, 0), |(value, used), digit| (value * radix + digit, used + 1));
    // As C does it: what does not fit in a byte is cut.
    (u8::try_from(value & 0xff).unwrap_or(u8::MAX), used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(args: &[&str], dialect: Dialect) -> String {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        String::from_utf8_lossy(&line(&args, dialect)).into_owned()
    }

    #[test]
    fn sh_knows_escapes_and_no_option_but_n() {
        assert_eq!(printed(&["a\\tb\\101\\0101"], Dialect::Sh), "a\tb\\101A\n");
        assert_eq!(printed(&["-e", "x"], Dialect::Sh), "-e x\n");
        assert_eq!(printed(&["-n", "-n", "x"], Dialect::Sh), "-n x");
        assert_eq!(printed(&["a\\cb", "c"], Dialect::Sh), "a");
        assert_eq!(printed(&["\\q\\"], Dialect::Sh), "\\q\\\n");
    }

    #[test]
    fn bash_has_to_be_asked_for_escapes() {
        assert_eq!(printed(&["a\\tb"], Dialect::Bash), "a\\tb\n");
        assert_eq!(printed(&["-ne", "a\\tb\\x41"], Dialect::Bash), "a\tbA");
        assert_eq!(printed(&["-x"], Dialect::Bash), "-x\n");
    }
}
