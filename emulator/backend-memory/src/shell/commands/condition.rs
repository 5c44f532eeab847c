//! `test` and `[`: by the caller's real rights, and along paths as Linux follows them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::absolute;
use super::dialect::{Dialect, dialect};
use crate::shell::script::{Bound, Script};
use crate::tree::{Body, Links, Node, Right};

/// Deepest nesting of `!` and parentheses.
const MAX_DEPTH: usize = 200;

pub(super) struct Test {
    script: Arc<Script>,
    bracket: bool,
}

impl Test {
    pub(super) fn plain(script: Arc<Script>) -> Self {
        Self { script, bracket: false }
    }

    pub(super) fn bracket(script: Arc<Script>) -> Self {
        Self { script, bracket: true }
    }
}

#[async_trait]
impl Builtin for Test {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        self.script.follow_umask(ctx.variables);
        let name = if self.bracket { "[" } else { "test" };
        let args = match (self.bracket, ctx.args) {
            (false, args) => args,
            (true, [args @ .., last]) if last == "]" => args,
            (true, _) => return Ok(ExecResult::err("sh: [: missing ]\n", 2)),
        };
        let world = World {
            script: &self.script,
            cwd: ctx.cwd,
            variables: ctx.variables,
            dialect: dialect(ctx.variables),
        };
        Ok(match evaluate(args, &world) {
            Ok(truth) => ExecResult::with_code("", i32::from(!truth)),
            Err(words) => ExecResult::err(format!("sh: {name}: {words}\n"), 2),
        })
    }
}

type Truth = std::result::Result<bool, String>;

/// What conditions are about.
struct World<'a> {
    script: &'a Script,
    cwd: &'a Path,
    variables: &'a HashMap<String, String>,
    dialect: Dialect,
}

/// The rules of POSIX by the number of arguments, and a grammar for more than four.
fn evaluate(args: &[String], world: &World<'_>) -> Truth {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        [] => Ok(false),
        [only] => Ok(!only.is_empty()),
        ["!", only] => Ok(only.is_empty()),
        [operator, operand] => world
            .unary(operator, operand)
            .unwrap_or_else(|| Err(format!("{operator}: unexpected operator"))),
        [left, operator, right] if world.is_binary(operator) => world.binary(left, operator, right),
        ["!", _, _] => Ok(!evaluate(&args[1..], world)?),
        ["!", _, operator, _] if world.is_binary(operator) => Ok(!evaluate(&args[1..], world)?),
        _ => {
            let mut parser = Parser { words: &words, at: 0, depth: 0, world };
            let truth = parser.or()?;
            match words.get(parser.at) {
                Some(left) => Err(format!("{left}: unexpected operator")),
                None => Ok(truth),
            }
        }
    }
}

struct Parser<'a> {
    words: &'a [&'a str],
    at: usize,
    depth: usize,
    world: &'a World<'a>,
}

impl Parser<'_> {
    fn or(&mut self) -> Truth {
        let mut truth = self.and()?;
        while self.words.get(self.at) == Some(&"-o") {
            self.at += 1;
            truth |= self.and()?;
        }
        Ok(truth)
    }

    fn and(&mut self) -> Truth {
        let mut truth = self.not()?;
        while self.words.get(self.at) == Some(&"-a") {
            self.at += 1;
            truth &= self.not()?;
        }
        Ok(truth)
    }

    fn not(&mut self) -> Truth {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("nested too deeply".to_owned());
        }
        let truth = self.primary();
        self.depth -= 1;
        truth
    }

    fn primary(&mut self) -> Truth {
        let rest = &self.words[self.at.min(self.words.len())..];
        match *rest {
            [] => Err("argument expected".to_owned()),
            [left, operator, right, ..] if self.world.is_binary(operator) => {
                self.at += 3;
                self.world.binary(left, operator, right)
            }
            ["!", ..] => {
                self.at += 1;
                Ok(!self.not()?)
            }
            ["(", ..] => {
                self.at += 1;
                let truth = self.or()?;
                if self.words.get(self.at) != Some(&")") {
                    return Err("closing paren expected".to_owned());
                }
                self.at += 1;
                Ok(truth)
            }
            [only, ..] => {
                let unary = rest.get(1).and_then(|operand| self.world.unary(only, operand));
                self.at += if unary.is_some() { 2 } else { 1 };
                unary.unwrap_or(Ok(!only.is_empty()))
            }
        }
    }
}

impl World<'_> {
    fn is_binary(&self, operator: &str) -> bool {
        let known =
            ["=", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];
        known.contains(&operator) || (operator == "==" && self.dialect == Dialect::Bash)
    }

    fn binary(&self, left: &str, operator: &str, right: &str) -> Truth {
        let numbers = || Ok::<_, String>((number(left)?, number(right)?));
        let real = |path: &str| {
            let caller = self.script.live.caller();
            let path = absolute(self.cwd, path);
            let look = |tree: &crate::tree::Tree| tree.real_path(&path, Links::Follow, caller).ok();
            self.script.live.files.look(look)
        };
        let times = || {
            let (left, right) = (self.find(left, Links::Follow), self.find(right, Links::Follow));
            (left.map(|node| node.stamp.modified), right.map(|node| node.stamp.modified))
        };
        // Bash takes what is there for newer than what is not; `sh` does not.
        let lenient = self.dialect == Dialect::Bash;
        Ok(match operator {
            "=" | "==" => left == right,
            "!=" => left != right,
            "<" => left < right,
            ">" => left > right,
            "-eq" => numbers().map(|(left, right)| left == right)?,
            "-ne" => numbers().map(|(left, right)| left != right)?,
            "-lt" => numbers().map(|(left, right)| left < right)?,
            "-le" => numbers().map(|(left, right)| left <= right)?,
            "-gt" => numbers().map(|(left, right)| left > right)?,
            "-ge" => numbers().map(|(left, right)| left >= right)?,
            "-nt" => match times() {
                (Some(left), Some(right)) => left > right,
                (left, None) => lenient && left.is_some(),
                (None, Some(_)) => false,
            },
            "-ot" => match times() {
                (Some(left), Some(right)) => left < right,
                (None, right) => lenient && right.is_some(),
                (Some(_), None) => false,
            },
            _ => real(left).is_some_and(|left| real(right) == Some(left)),
        })
    }

    /// `None` if there is no such operator.
    fn unary(&self, operator: &str, operand: &str) -> Option<Truth> {
        let node = || self.find(operand, Links::Follow);
        let caller = self.script.live.caller();
        let access = |right: Right| {
            let path = absolute(self.cwd, operand);
            self.script.live.files.look(|tree| tree.access(&path, right, caller))
        };
        let bit = |bit: u32| node().is_some_and(|node| node.stamp.mode & bit != 0);
        let is = |kind: fn(&Body) -> bool| node().is_some_and(|node| kind(&node.body));
        Some(Ok(match operator {
            "-n" => !operand.is_empty(),
            "-z" => operand.is_empty(),
            "-e" => node().is_some(),
            "-f" => is(|body| matches!(body, Body::File(_))),
            "-d" => is(|body| matches!(body, Body::Directory(_))),
            "-c" => is(|body| matches!(body, Body::Device(_))),
            "-h" | "-L" => self
                .find(operand, Links::Keep)
                .is_some_and(|node| matches!(node.body, Body::Link(_))),
            "-r" => access(Right::Read),
            "-w" => access(Right::Write),
            "-x" => access(Right::Execute),
            "-s" if self.script.holds(&absolute(self.cwd, operand)) => {
                // The script ends with this.
                let _cancelled = self.script.meet(Bound::OwnOutput);
                false
            }
            "-s" => node().is_some_and(|node| node.size() > 0),
            "-u" => bit(0o4000),
            "-g" => bit(0o2000),
            "-k" => bit(0o1000),
            "-O" => node().is_some_and(|node| node.stamp.uid == caller.uid),
            "-G" => node().is_some_and(|node| node.stamp.gid == caller.gid),
            // There are none of these here, nor a terminal.
            "-b" | "-p" | "-S" => false,
            "-t" => match number(operand) {
                Ok(_) => false,
                Err(words) => return Some(Err(words)),
            },
            "-v" if self.dialect == Dialect::Bash => self.variables.contains_key(operand),
            _ => return None,
        }))
    }

    fn find(&self, path: &str, links: Links) -> Option<Node> {
        let caller = self.script.live.caller();
        let path = absolute(self.cwd, path);
        if path.is_empty() {
            return None;
        }
        self.script.live.files.look(|tree| tree.find(&path, links, caller).ok().cloned())
    }
}

fn number(text: &str) -> std::result::Result<i64, String> {
    text.trim().parse().map_err(|_| format!("Illegal number: {text}"))
}
