//! `cd`: into directories that the caller may enter.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::absolute;
use super::dialect::{Dialect, dialect};
use crate::shell::files::words;
use crate::shell::script::Script;

pub(super) struct Cd(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Cd {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        self.0.follow_umask(ctx.variables);
        let dialect = dialect(ctx.variables);
        // Debian's `sh` exits with 2 where bash exits with 1.
        let status = if dialect == Dialect::Sh { 2 } else { 1 };
        let refused = |words: &str| Ok(ExecResult::err(format!("sh: cd: {words}\n"), status));
        let (mut physical, mut operands) = (false, ctx.args);
        while let [option, rest @ ..] = operands {
            match option.as_str() {
                "-L" => physical = false,
                "-P" => physical = true,
                "--" => {
                    operands = rest;
                    break;
                }
                other if other.len() > 1 && other.starts_with('-') => {
                    return refused(&format!("Illegal option {other}"));
                }
                _ => break,
            }
            operands = rest;
        }
        let variable = |name: &str| ctx.variables.get(name).or_else(|| ctx.env.get(name)).cloned();
        let (target, mut tell) = match operands {
            [] => (variable("HOME"), false),
            [dash] if dash == "-" => (variable("OLDPWD"), true),
            [operand] => (Some(operand.clone()), false),
            [..] => return refused("too many arguments"),
        };
        let Some(target) = target else { return refused("HOME or OLDPWD not set") };
        if target.is_empty() {
            return Ok(ExecResult::ok(""));
        }
        let dotted = matches!(target.split('/').next(), Some("." | ".."));
        let search = if target.starts_with('/') || dotted { None } else { variable("CDPATH") };
        let mut candidates = Vec::new();
        for entry in search.iter().flat_map(|search| search.split(':')) {
            let path = format!(
                "{}/{target}",
                absolute(ctx.cwd, if entry.is_empty() { "." } else { entry })
            );
            candidates.push((path, !entry.is_empty()));
        }
        candidates.push((absolute(ctx.cwd, &target), false));
        let caller = self.0.live.caller();
        let mut failure = String::new();
        for (path, by_search) in candidates {
            let path = if physical { path } else { logical(&path) };
            let real = self.0.live.files.look(|tree| tree.enter(&path, caller));
            match real {
                Ok(real) => {
                    let old = ctx.cwd.to_string_lossy().into_owned();
                    let new = if physical { real } else { path };
                    ctx.variables.insert("OLDPWD".to_owned(), old);
                    ctx.variables.insert("PWD".to_owned(), new.clone());
                    self.0.visit(&new);
                    *ctx.cwd = new.clone().into();
                    tell |= by_search;
                    return Ok(ExecResult::ok(if tell {
                        format!("{new}\n")
                    } else {
                        String::new()
                    }));
                }
                Err(error) => failure = words(&error).1,
            }
        }
        refused(&format!("can't cd to {target}: {failure}"))
    }
}

/// The path without `.` and `..`, which goes up by name and not by where links lead.
fn logical(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}
