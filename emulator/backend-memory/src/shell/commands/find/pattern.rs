//! Patterns of `-name` and `-path`.

use std::fmt::Write as _;

use regex::{Regex, RegexBuilder};

/// The pattern of a shell as a regular expression; `*` and `?` stand for any character.
pub(super) fn compile(pattern: &str, fold: bool) -> Option<Regex> {
    let mut text = String::from(r"\A");
    let mut rest = pattern.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            '\\' => literal(&mut text, rest.next().unwrap_or('\\')),
            '[' => match class(&rest.clone().collect::<String>()) {
                Some((class, length)) => {
                    text.push_str(&class);
                    for _ in 0..length {
                        rest.next();
                    }
                }
                None => literal(&mut text, '['),
            },
            other => literal(&mut text, other),
        }
    }
    text.push_str(r"\z");
    RegexBuilder::new(&text).case_insensitive(fold).dot_matches_new_line(true).build().ok()
}

fn literal(text: &mut String, letter: char) {
    text.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
}

/// The class that follows `[`, and how many characters it takes.
fn class(rest: &str) -> Option<(String, usize)> {
    let letters: Vec<char> = rest.chars().collect();
    let mut at = 0;
    let mut text = String::from("[");
    if matches!(letters.first(), Some('!' | '^')) {
        text.push('^');
        at += 1;
    }
    let start = at;
    loop {
        let letter = *letters.get(at)?;
        match letter {
            ']' if at > start => {
                text.push(']');
                return Some((text, at + 1));
            }
            '[' if letters.get(at + 1) == Some(&':') => {
                let end = letters[at..].windows(2).position(|pair| pair == [':', ']'])? + at + 2;
                text.extend(&letters[at..end]);
                at = end;
                continue;
            }
            '-' if at > start && letters.get(at + 1).is_some_and(|next| *next != ']') => {
                text.push('-');
            }
            '\\' => {
                at += 1;
                let _infallible = write!(text, "\\{}", letters.get(at)?);
            }
            other => literal(&mut text, other),
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        compile(pattern, false).is_some_and(|pattern| pattern.is_match(text))
    }

    #[test]
    fn patterns_are_those_of_the_shell() {
        for (pattern, text) in [
            ("*.rs", ".rs"),
            ("a?c", "a/c"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[]a]", "]"),
            ("[[:digit:]_]*", "_"),
            (r"\*", "*"),
            ("[x", "[x"),
            ("a.c", "a.c"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a.c", "abc"), ("[!a]", "a"), ("*.c", "a.h"), ("[a-]", "b")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(compile("OLD*", true).is_some_and(|pattern| pattern.is_match("old.txt")));
    }
}
