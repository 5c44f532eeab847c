//! `expr`: arithmetic, comparison and patterns, with GNU's precedence.

use bashkit::{Command, CommandContext, CommandStatus, Result};

use super::fail;

pub(super) struct Expr;

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 200;
/// Operators by precedence, the loosest first.
const LEVELS: [&[&str]; 6] = [
    &["|"],
    &["&"],
    &["<", "<=", "=", "==", "!=", ">=", ">"],
    &["+", "-"],
    &["*", "/", "%"],
    &[":"],
];

#[async_trait::async_trait]
impl Command for Expr {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        match evaluate(ctx.args) {
            Ok(value) => {
                ctx.stdout.write_all(format!("{value}\n").as_bytes()).await?;
                Ok(CommandStatus::with_code(i32::from(is_null(&value))))
            }
            Err(words) => fail(&ctx, &words, 2).await,
        }
    }
}

type Value = std::result::Result<String, String>;

fn evaluate(args: &[String]) -> Value {
    let args = if args.first().is_some_and(|arg| arg == "--") { &args[1..] } else { args };
    let mut parser = Parser { args, at: 0, depth: 0 };
    if args.is_empty() {
        return Err("missing operand".to_owned());
    }
    let value = parser.level(0)?;
    match args.get(parser.at) {
        Some(left) => Err(format!("syntax error: unexpected argument '{left}'")),
        None => Ok(value),
    }
}

struct Parser<'a> {
    args: &'a [String],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> std::result::Result<&'a str, String> {
        let arg = self.args.get(self.at);
        self.at += 1;
        arg.map(String::as_str).ok_or_else(|| {
            let before = self.args.last().map_or("", String::as_str);
            format!("syntax error: missing argument after '{before}'")
        })
    }

    fn level(&mut self, level: usize) -> Value {
        let Some(operators) = LEVELS.get(level) else { return self.primary() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.args.get(self.at).map(String::as_str) {
            if !operators.contains(&operator) {
                break;
            }
            self.at += 1;
            let right = self.level(level + 1)?;
            left = apply(operator, left, right)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Value {
        match self.next()? {
            "(" => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("nested too deeply".to_owned());
                }
                let value = self.level(0)?;
                self.depth -= 1;
                match self.next() {
                    Ok(")") => Ok(value),
                    _ => Err("syntax error: expecting ')'".to_owned()),
                }
            }
            "+" if self.at < self.args.len() => Ok(self.next()?.to_owned()),
            "length" if self.at < self.args.len() => {
                Ok(self.primary()?.chars().count().to_string())
            }
            "match" if self.at + 1 < self.args.len() => {
                let text = self.primary()?;
                matched(&text, &self.primary()?)
            }
            "index" if self.at + 1 < self.args.len() => {
                let (text, set) = (self.primary()?, self.primary()?);
                let found = text.chars().position(|letter| set.contains(letter));
                Ok(found.map_or(0, |at| at + 1).to_string())
            }
            "substr" if self.at + 2 < self.args.len() => {
                let (text, from, count) = (self.primary()?, self.primary()?, self.primary()?);
                let number = |text: &str| text.parse::<usize>().unwrap_or(0);
                let (from, count) = (number(&from), number(&count));
                let part = text.chars().skip(from.saturating_sub(1));
                Ok(part.take(if from == 0 { 0 } else { count }).collect())
            }
            plain => Ok(plain.to_owned()),
        }
    }
}

fn apply(operator: &str, left: String, right: String) -> Value {
    let truth = |truth: bool| Ok(if truth { "1" } else { "0" }.to_owned());
    let numbers = left.parse::<i64>().ok().zip(right.parse::<i64>().ok());
    let order = match numbers {
        Some((left, right)) => left.cmp(&right),
        None => left.cmp(&right),
    };
    match operator {
        "|" if !is_null(&left) => Ok(left),
        "|" => Ok(if right.is_empty() { "0".to_owned() } else { right }),
        "&" => Ok(if is_null(&left) || is_null(&right) { "0".to_owned() } else { left }),
        "<" => truth(order.is_lt()),
        "<=" => truth(order.is_le()),
        "=" | "==" => truth(order.is_eq()),
        "!=" => truth(order.is_ne()),
        ">=" => truth(order.is_ge()),
        ">" => truth(order.is_gt()),
        ":" => matched(&left, &right),
        _ => {
            let (left, right) = numbers.ok_or("non-integer argument")?;
            if matches!(operator, "/" | "%") && right == 0 {
                return Err("division by zero".to_owned());
            }
            let result = match operator {
                "+" => left.checked_add(right),
                "-" => left.checked_sub(right),
                "*" => left.checked_mul(right),
                "/" => left.checked_div(right),
                _ => left.checked_rem(right),
            };
            result.map(|number| number.to_string()).ok_or_else(|| "number too large".to_owned())
        }
    }
}

/// Matches a basic regular expression at the start: the group, or how much was matched.
fn matched(text: &str, pattern: &str) -> Value {
    let pattern = regex::Regex::new(&format!("^(?:{})", extended(pattern)?))
        .map_err(|_| "invalid or unsupported regular expression".to_owned())?;
    let found = pattern.captures(text);
    let grouped = pattern.captures_len() > 1;
    Ok(match (found, grouped) {
        (Some(found), true) => found.get(1).map_or("", |group| group.as_str()).to_owned(),
        (Some(found), false) => found[0].chars().count().to_string(),
        (None, true) => String::new(),
        (None, false) => "0".to_owned(),
    })
}

/// The basic regular expression in the syntax of the `regex` crate.
fn extended(basic: &str) -> Value {
    let mut text = String::new();
    let mut letters = basic.chars().peekable();
    let mut first = true;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(operator @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) => text.push(operator),
                Some(digit) if digit.is_ascii_digit() => {
                    return Err("unsupported: a reference back into the match".to_owned());
                }
                Some(other) if other.is_ascii_alphanumeric() => text.extend(['\\', other]),
                Some(other) => text.push_str(&regex::escape(&other.to_string())),
                None => return Err("trailing backslash".to_owned()),
            },
            '*' if first => text.push_str("\\*"),
            '^' if first => {}
            '(' | ')' | '{' | '}' | '|' | '+' | '?' => text.extend(['\\', letter]),
            '[' => {
                text.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    text.push('^');
                }
                if letters.next_if_eq(&']').is_some() {
                    text.push_str("\\]");
                }
                while let Some(letter) = letters.next() {
                    match letter {
                        ']' => break,
                        '[' if letters.peek() == Some(&':') => {
                            text.push('[');
                            for letter in letters.by_ref() {
                                text.push(letter);
                                if letter == ']' {
                                    break;
                                }
                            }
                        }
                        '\\' | '[' | '&' | '~' => text.extend(['\\', letter]),
                        other => text.push(other),
                    }
                }
                text.push(']');
            }
            other => text.push(other),
        }
        first = false;
    }
    Ok(text)
}

fn is_null(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    value.is_empty() || (!digits.is_empty() && digits.bytes().all(|byte| byte == b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        evaluate(&text.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn precedence_is_that_of_arithmetic() {
        assert_eq!(value("3 + 4 * 2"), Ok("11".into()));
        assert_eq!(value("( 3 + 4 ) * 2"), Ok("14".into()));
        assert_eq!(value("10 - 2 - 3"), Ok("5".into()));
        assert_eq!(value("7 / 2 = 3 & 5"), Ok("1".into()));
        assert_eq!(value("0 | x"), Ok("x".into()));
    }

    #[test]
    fn patterns_match_at_the_start() {
        assert_eq!(value("abc : a\\(.*\\)"), Ok("bc".into()));
        assert_eq!(value("abc : b"), Ok("0".into()));
        assert_eq!(value("file.txt : .*\\.txt$"), Ok("8".into()));
        assert_eq!(value("a+b : a+"), Ok("2".into()));
        assert_eq!(value("x42 : x\\([0-9]*\\)"), Ok("42".into()));
        assert_eq!(value("length hello"), Ok("5".into()));
        assert_eq!(value("substr hello 2 3"), Ok("ell".into()));
        assert_eq!(value("index hello lo"), Ok("3".into()));
    }

    #[test]
    fn nonsense_is_refused() {
        for wrong in
            ["1 +", "1 / 0", "a + 1", "( 1", "1 2", "a : \\(b\\)\\1", "9223372036854775807 + 1"]
        {
            assert!(value(wrong).is_err(), "{wrong}");
        }
    }
}
