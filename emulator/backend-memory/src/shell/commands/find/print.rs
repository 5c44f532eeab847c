//! What `find` prints of a file.

use std::fmt::Write as _;

use super::expression::{Entry, kind};
use crate::shell::commands::mode::rights;
use crate::shell::commands::moment;
use crate::tree::{Body, Group, User};

/// What is printed of each file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Format(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Directive(char),
    /// `%T` and how the time is written.
    Time(char),
}

impl Format {
    pub(super) fn line(end: char) -> Self {
        Self(vec![Part::Directive('p'), Part::Text(end.to_string())])
    }

    /// The argument of `-printf`; `None` if it has what is not known here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut letters = text.chars();
        let mut plain = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '%' => {
                    let part = match letters.next()? {
                        '%' => {
                            plain.push('%');
                            continue;
                        }
                        'T' => {
                            Part::Time(letters.next().filter(|how| "@+YmdHMSTF".contains(*how))?)
                        }
                        known if "pfhPsmMuUgGyldnkb".contains(known) => Part::Directive(known),
                        _ => return None,
                    };
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(part);
                }
                '\\' => plain.push(match letters.next()? {
                    'n' => '\n',
                    't' => '\t',
                    '0' => '\0',
                    'r' => '\r',
                    '\\' => '\\',
                    _ => return None,
                }),
                other => plain.push(other),
            }
        }
        parts.push(Part::Text(plain));
        Some(Self(parts))
    }

    pub(super) fn print(&self, entry: &Entry<'_>, output: &mut Vec<u8>) {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Directive(letter) => directive(*letter, entry, &mut text),
                Part::Time(how) => time(*how, entry, &mut text),
            }
        }
        output.extend_from_slice(text.as_bytes());
    }
}

fn directive(letter: char, entry: &Entry<'_>, text: &mut String) {
    let (node, stamp) = (entry.node, entry.node.stamp);
    let written = match letter {
        'p' => entry.shown.to_owned(),
        'f' => entry.name().to_owned(),
        'h' => match entry.shown.trim_end_matches('/').rsplit_once('/') {
            Some((directory, _)) => directory.to_owned(),
            None => ".".to_owned(),
        },
        'P' => {
            let rest = entry.shown.strip_prefix(entry.start).unwrap_or_default();
            rest.trim_start_matches('/').to_owned()
        }
        's' => node.size().to_string(),
        'm' => format!("{:o}", stamp.mode),
        'M' => {
            let kind = kind(node);
            format!("{}{}", if kind == 'f' { '-' } else { kind }, rights(stamp.mode))
        }
        'u' => User(stamp.uid).name(),
        'U' => stamp.uid.to_string(),
        'g' => Group(stamp.gid).name(),
        'G' => stamp.gid.to_string(),
        'y' => kind(node).to_string(),
        'l' => match &node.body {
            Body::Link(target) => target.to_string(),
            Body::File(_) | Body::Directory(_) | Body::Device(_) => String::new(),
        },
        'd' => entry.depth.to_string(),
        'n' => node.links().to_string(),
        'k' => node.size().div_ceil(4096).saturating_mul(4).to_string(),
        _ => node.size().div_ceil(4096).saturating_mul(8).to_string(),
    };
    text.push_str(&written);
}

fn time(how: char, entry: &Entry<'_>, text: &mut String) {
    let modified = entry.node.stamp.modified;
    // `2024-01-31 12:00:00.000000000 +0000`
    let full = moment::full(modified);
    let (date, clock) = (&full[..10], &full[11..29]);
    let written = match how {
        '@' => {
            let millis = modified.as_millis();
            let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
            let _infallible = write!(text, "{seconds}.{millis:03}0000000");
            return;
        }
        '+' => format!("{date}+{clock}0"),
        'Y' => date[..4].to_owned(),
        'm' => date[5..7].to_owned(),
        'd' => date[8..].to_owned(),
        'H' => clock[..2].to_owned(),
        'M' => clock[3..5].to_owned(),
        'F' => date.to_owned(),
        'T' => format!("{clock}0"),
        _ => format!("{}0", &clock[6..]),
    };
    text.push_str(&written);
}
