//! What `find` asks of each file.

use leap0_emulator_core::clock::Timestamp;
use regex::Regex;

use super::print::Format;
use crate::tree::{Body, Caller, Node, Right, Tree};

/// An expression over files.
#[derive(Debug)]
pub(super) enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Constant(bool),
    Name(Regex),
    Path(Regex),
    /// Letters of kinds.
    Kind(String),
    Empty,
    Size {
        compare: Compare,
        unit: u64,
        count: u64,
    },
    /// Age of the contents: in whole days, or in minutes.
    Days {
        compare: Compare,
        count: i64,
    },
    Minutes {
        compare: Compare,
        count: i64,
    },
    Newer(Timestamp),
    Mode {
        compare: Mode,
        bits: u32,
    },
    User(u32),
    Group(u32),
    Links {
        compare: Compare,
        count: u64,
    },
    Access(Right),
    Print(Format),
    Delete,
    Prune,
    Quit,
}

/// `+n`, `-n` or `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    More,
    Less,
    Equal,
}

/// `-mode`, `/mode` or `mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    All,
    Any,
    Exactly,
}

/// A file that is looked at.
pub(super) struct Entry<'a> {
    /// As it is printed.
    pub(super) shown: &'a str,
    /// The operand that it was found under.
    pub(super) start: &'a str,
    /// Its path in the tree.
    pub(super) path: &'a str,
    pub(super) depth: usize,
    pub(super) node: &'a Node,
}

/// What comes of asking, besides the answer.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) output: Vec<u8>,
    /// The directory is not entered.
    pub(super) prune: bool,
    /// Nothing else is looked at.
    pub(super) quit: bool,
    pub(super) delete: bool,
}

impl Compare {
    pub(super) fn holds<T: PartialOrd>(self, value: &T, bound: &T) -> bool {
        match self {
            Self::More => value > bound,
            Self::Less => value < bound,
            Self::Equal => value == bound,
        }
    }
}

impl Entry<'_> {
    /// The last name of what is printed.
    pub(super) fn name(&self) -> &str {
        let name = self.shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if name.is_empty() { self.shown } else { name }
    }
}

pub(super) fn kind(node: &Node) -> char {
    match node.body {
        Body::File(_) => 'f',
        Body::Directory(_) => 'd',
        Body::Link(_) => 'l',
        Body::Device(_) => 'c',
    }
}

impl Expression {
    /// Whether it holds. What it does is noted.
    pub(super) fn holds(
        &self,
        entry: &Entry<'_>,
        tree: &Tree,
        caller: Caller,
        effects: &mut Effects,
    ) -> bool {
        let stamp = entry.node.stamp;
        let age = || caller.now.as_secs() - stamp.modified.as_secs();
        match self {
            Self::And(left, right) => {
                left.holds(entry, tree, caller, effects)
                    && !effects.quit
                    && right.holds(entry, tree, caller, effects)
            }
            Self::Or(left, right) => {
                left.holds(entry, tree, caller, effects)
                    || right.holds(entry, tree, caller, effects)
            }
            Self::Not(inner) => !inner.holds(entry, tree, caller, effects),
            Self::Constant(truth) => *truth,
            Self::Name(pattern) => pattern.is_match(entry.name()),
            Self::Path(pattern) => pattern.is_match(entry.shown),
            Self::Kind(letters) => letters.contains(kind(entry.node)),
            Self::Empty => match &entry.node.body {
                Body::Directory(directory) => directory.is_empty(),
                Body::File(data) => data.is_empty(),
                Body::Link(_) | Body::Device(_) => false,
            },
            Self::Size { compare, unit, count } => {
                compare.holds(&entry.node.size().div_ceil(*unit), count)
            }
            Self::Days { compare, count } => compare.holds(&age().div_euclid(86_400), count),
            Self::Minutes { compare, count } => match compare {
                Compare::More => age() > count * 60,
                Compare::Less => age() < count * 60,
                Compare::Equal => age() > (count - 1) * 60 && age() <= count * 60,
            },
            Self::Newer(reference) => stamp.modified > *reference,
            Self::Mode { compare, bits } => match compare {
                Mode::All => stamp.mode & bits == *bits,
                Mode::Any => *bits == 0 || stamp.mode & bits != 0,
                Mode::Exactly => stamp.mode == *bits,
            },
            Self::User(user) => stamp.uid == *user,
            Self::Group(group) => stamp.gid == *group,
            Self::Links { compare, count } => compare.holds(&(entry.node.links() as u64), count),
            Self::Access(right) => tree.access(entry.path, *right, caller),
            Self::Print(format) => {
                format.print(entry, &mut effects.output);
                true
            }
            Self::Delete => {
                effects.delete = true;
                true
            }
            Self::Prune => {
                effects.prune = true;
                true
            }
            Self::Quit => {
                effects.quit = true;
                true
            }
        }
    }
}
