//! The arguments of `find`.

use leap0_emulator_core::clock::Timestamp;

use super::expression::{Compare, Expression, Mode};
use super::pattern;
use super::print::Format;
use crate::shell::commands::mode::Change;
use crate::tree::{Group, Right, User};

/// Deepest nesting of parentheses and `!`.
const MAX_DEPTH: usize = 200;

/// Where to look, and what for.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) starts: Vec<String>,
    pub(super) expression: Expression,
    pub(super) least: usize,
    pub(super) most: usize,
    /// A directory comes after what is in it.
    pub(super) contents_first: bool,
}

/// Why there is no plan.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The interpreter's own may know it.
    Unknown,
    Wrong(String),
}

type Parsed<T> = Result<T, Refusal>;

/// Gives the last modification of a file.
pub(super) type Reference<'a> = &'a dyn Fn(&str) -> Result<Timestamp, String>;

struct Parser<'a> {
    args: &'a [String],
    at: usize,
    depth: usize,
    least: usize,
    most: usize,
    contents_first: bool,
    acts: bool,
    reference: Reference<'a>,
}

impl Plan {
    pub(super) fn parse(args: &[String], reference: Reference<'_>) -> Parsed<Self> {
        let starts_expression = |arg: &String| {
            (arg.starts_with('-') && arg.len() > 1) || ["(", "!", ")", ","].contains(&&arg[..])
        };
        let args = if args.first().is_some_and(|arg| arg == "-P") { &args[1..] } else { args };
        let count = args.iter().position(starts_expression).unwrap_or(args.len());
        let mut starts = args[..count].to_vec();
        if starts.is_empty() {
            starts.push(".".to_owned());
        }
        let mut parser = Parser {
            args: &args[count..],
            at: 0,
            depth: 0,
            least: 0,
            most: usize::MAX,
            contents_first: false,
            acts: false,
            reference,
        };
        let mut expression = Expression::Constant(true);
        if !parser.args.is_empty() {
            expression = parser.or()?;
            if let Some(left) = parser.args.get(parser.at) {
                return Err(Refusal::Wrong(format!("paths must precede expression: `{left}'")));
            }
        }
        if !parser.acts {
            let print = Expression::Print(Format::line('\n'));
            expression = Expression::And(Box::new(expression), Box::new(print));
        }
        let Parser { least, most, contents_first, .. } = parser;
        Ok(Self { starts, expression, least, most, contents_first })
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.args.get(self.at).map(String::as_str)
    }

    fn or(&mut self) -> Parsed<Expression> {
        let mut left = self.and()?;
        while matches!(self.peek(), Some("-o" | "-or")) {
            self.at += 1;
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expression> {
        let mut left = self.not()?;
        loop {
            match self.peek() {
                None | Some(")" | "-o" | "-or") => return Ok(left),
                Some("-a" | "-and") => self.at += 1,
                Some(_) => {}
            }
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
    }

    fn not(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Refusal::Wrong("the expression is nested too deeply".to_owned()));
        }
        let Some(word) = self.args.get(self.at) else {
            return Err(Refusal::Wrong("expected an expression".to_owned()));
        };
        self.at += 1;
        let expression = match word.as_str() {
            "!" | "-not" => Expression::Not(Box::new(self.not()?)),
            "(" => {
                let inner = self.or()?;
                if self.peek() != Some(")") {
                    let words = "invalid expression; I was expecting to find a ')' somewhere";
                    return Err(Refusal::Wrong(words.to_owned()));
                }
                self.at += 1;
                inner
            }
            test => self.test(test)?,
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn test(&mut self, test: &str) -> Parsed<Expression> {
        let truth = Ok(Expression::Constant(true));
        match test {
            "-true" => return truth,
            "-false" => return Ok(Expression::Constant(false)),
            // There is one file system, and a directory has no links to count.
            "-xdev" | "-mount" | "-noleaf" => return truth,
            "-depth" | "-d" => {
                self.contents_first = true;
                return truth;
            }
            "-empty" => return Ok(Expression::Empty),
            "-prune" => return Ok(Expression::Prune),
            "-readable" => return Ok(Expression::Access(Right::Read)),
            "-writable" => return Ok(Expression::Access(Right::Write)),
            "-executable" => return Ok(Expression::Access(Right::Execute)),
            "-print" | "-print0" | "-delete" | "-quit" => return Ok(self.action(test)),
            _ => {}
        }
        if !test.starts_with(['-', ',']) {
            return Err(Refusal::Wrong(format!("paths must precede expression: `{test}'")));
        }
        if !KNOWN.contains(&test) {
            return Err(Refusal::Unknown);
        }
        let Some(value) = self.args.get(self.at) else {
            return Err(Refusal::Wrong(format!("missing argument to `{test}'")));
        };
        self.at += 1;
        let wrong = || Refusal::Wrong(format!("invalid argument `{value}' to `{test}'"));
        let compared = || compared(value).ok_or_else(wrong);
        Ok(match test {
            "-maxdepth" => {
                self.most = value.parse().map_err(|_| wrong())?;
                Expression::Constant(true)
            }
            "-mindepth" => {
                self.least = value.parse().map_err(|_| wrong())?;
                Expression::Constant(true)
            }
            "-name" | "-iname" => {
                Expression::Name(pattern::compile(value, test == "-iname").ok_or_else(wrong)?)
            }
            "-path" | "-wholename" | "-ipath" => {
                Expression::Path(pattern::compile(value, test == "-ipath").ok_or_else(wrong)?)
            }
            "-type" => {
                let letters = value.replace(',', "");
                let known =
                    !letters.is_empty() && letters.chars().all(|kind| "bcdpfls".contains(kind));
                Expression::Kind(if known { letters } else { return Err(wrong()) })
            }
            "-size" => size(value).ok_or_else(wrong)?,
            "-mtime" => {
                let (compare, count) = compared()?;
                Expression::Days { compare, count }
            }
            "-mmin" => {
                let (compare, count) = compared()?;
                Expression::Minutes { compare, count }
            }
            "-links" => {
                let (compare, count) = compared()?;
                Expression::Links { compare, count: count.unsigned_abs() }
            }
            "-newer" => Expression::Newer((self.reference)(value).map_err(Refusal::Wrong)?),
            "-perm" => mode(value).ok_or_else(wrong)?,
            "-user" | "-uid" => {
                let user = User::parse(value).ok_or_else(|| {
                    Refusal::Wrong(format!(
                        "invalid user name or UID argument to {test}: ‘{value}’"
                    ))
                })?;
                Expression::User(user.0)
            }
            "-group" | "-gid" => {
                let group = Group::parse(value).ok_or_else(|| {
                    Refusal::Wrong(format!(
                        "invalid group name or GID argument to {test}: ‘{value}’"
                    ))
                })?;
                Expression::Group(group.0)
            }
            _ => {
                self.acts = true;
                Expression::Print(Format::parse(value).ok_or(Refusal::Unknown)?)
            }
        })
    }

    fn action(&mut self, action: &str) -> Expression {
        match action {
            "-print" | "-print0" => {
                self.acts = true;
                Expression::Print(Format::line(if action == "-print" { '\n' } else { '\0' }))
            }
            "-delete" => {
                self.acts = true;
                self.contents_first = true;
                Expression::Delete
            }
            _ => Expression::Quit,
        }
    }
}

/// Tests and actions that take a value.
const KNOWN: [&str; 19] = [
    "-gid",
    "-group",
    "-iname",
    "-ipath",
    "-links",
    "-maxdepth",
    "-mindepth",
    "-mmin",
    "-mtime",
    "-name",
    "-newer",
    "-path",
    "-perm",
    "-printf",
    "-size",
    "-type",
    "-uid",
    "-user",
    "-wholename",
];

fn compared(value: &str) -> Option<(Compare, i64)> {
    let (compare, digits) = match value.as_bytes().first()? {
        b'+' => (Compare::More, &value[1..]),
        b'-' => (Compare::Less, &value[1..]),
        _ => (Compare::Equal, value),
    };
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((compare, digits.parse().ok().filter(|_| all)?))
}

fn size(value: &str) -> Option<Expression> {
    let (digits, unit) = match value.as_bytes().last()? {
        b'c' => (&value[..value.len() - 1], 1),
        b'w' => (&value[..value.len() - 1], 2),
        b'b' => (&value[..value.len() - 1], 512),
        b'k' => (&value[..value.len() - 1], 1 << 10),
        b'M' => (&value[..value.len() - 1], 1 << 20),
        b'G' => (&value[..value.len() - 1], 1 << 30),
        _ => (value, 512),
    };
    let (compare, count) = compared(digits)?;
    Some(Expression::Size { compare, unit, count: count.unsigned_abs() })
}

fn mode(value: &str) -> Option<Expression> {
    let (compare, text) = match value.as_bytes().first()? {
        b'-' => (Mode::All, &value[1..]),
        b'/' => (Mode::Any, &value[1..]),
        _ => (Mode::Exactly, value),
    };
    Some(Expression::Mode { compare, bits: Change::parse(text)?.apply(0, false, 0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Parsed<Plan> {
        let args: Vec<String> = line.split_whitespace().map(ToOwned::to_owned).collect();
        Plan::parse(&args, &|_| Ok(Timestamp::from_millis(0)))
    }

    #[test]
    fn where_to_look_comes_before_what_for() {
        let plan = parse("a b -maxdepth 2 -mindepth 1").unwrap();
        assert_eq!(
            (&plan.starts[..], plan.least, plan.most),
            (&["a".into(), "b".into()][..], 1, 2)
        );
        assert_eq!(parse("").unwrap().starts, ["."]);
        assert!(parse(". -delete").unwrap().contents_first);
    }

    #[test]
    fn what_is_wrong_is_told_apart_from_what_is_unknown() {
        for wrong in
            ["-name", "-type x", "-size 1x", "( -print", "a -print b", "-perm 9", "-mtime x", "!"]
        {
            assert!(matches!(parse(wrong), Err(Refusal::Wrong(_))), "{wrong}");
        }
        for unknown in ["-exec ls ;", "-newermt 2020-01-01", "-regex x", "-printf %a", "-L ."] {
            assert!(matches!(parse(unknown), Err(Refusal::Unknown)), "{unknown}");
        }
    }
}
