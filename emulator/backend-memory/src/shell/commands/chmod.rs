//! `chmod`: octal and symbolic modes, also of everything below a directory.

use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};
use leap0_files::StoreError;

use super::mode::{Change, rights};
use super::{absolute, complain, fail};
use crate::shell::files::words;
use crate::shell::script::Script;
use crate::tree::{Body, Caller, Links, Tree};

pub(super) struct Chmod(pub(super) Arc<Script>);

#[derive(Debug, Default)]
struct Plan<'a> {
    recursive: bool,
    /// Say what was done to every file, or only to those that changed.
    tell: Option<Tell>,
    quiet: bool,
    /// Take the mode of this file.
    reference: Option<&'a str>,
    operands: Vec<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tell {
    All,
    Changes,
}

/// What became of one file.
struct Done {
    path: String,
    /// The mode before and after.
    outcome: std::result::Result<(u32, u32), StoreError>,
}

#[async_trait::async_trait]
impl Command for Chmod {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let (change, files) = match (plan.reference, &plan.operands[..]) {
            (None, [mode, files @ ..]) if !files.is_empty() => match Change::parse(mode) {
                Some(change) => (change, files),
                None => return fail(&ctx, &format!("invalid mode: '{mode}'"), 1).await,
            },
            (Some(reference), files) if !files.is_empty() => {
                let path = absolute(ctx.cwd, reference);
                let caller = self.0.live.caller();
                let look = |tree: &Tree| {
                    tree.find(&path, Links::Follow, caller).map(|node| node.stamp.mode)
                };
                match self.0.live.files.look(look) {
                    Ok(mode) => (Change::To(mode), files),
                    Err(error) => {
                        let words = words(&error).1;
                        let text = format!("failed to get attributes of '{reference}': {words}");
                        return fail(&ctx, &text, 1).await;
                    }
                }
            }
            (_, [mode]) => {
                return fail(&ctx, &format!("missing operand after '{mode}'"), 1).await;
            }
            _ => return fail(&ctx, "missing operand", 1).await,
        };
        let mut failed = false;
        for file in files {
            let path = absolute(ctx.cwd, file);
            let (caller, umask) = (self.0.live.caller(), self.0.umask());
            let mut done = Vec::new();
            // `None` is the script's end, which ends the command too.
            let _over = self.0.change(|tree| {
                set(tree, &path, file, &change, (plan.recursive, umask), caller, &mut done);
            });
            for Done { path, outcome } in done {
                match outcome {
                    Ok((before, after)) => {
                        if let Some(line) = plan.told(&path, before, after) {
                            ctx.stdout.write_all(line.as_bytes()).await?;
                        }
                    }
                    Err(_) if plan.quiet => failed = true,
                    Err(error) => {
                        failed = true;
                        let text = match &error {
                            StoreError::Denied => {
                                format!("changing permissions of '{path}': Operation not permitted")
                            }
                            other => format!("cannot access '{path}': {}", words(other).1),
                        };
                        complain(&ctx, &text).await?;
                    }
                }
            }
        }
        Ok(CommandStatus::with_code(i32::from(failed)))
    }
}

impl<'a> Plan<'a> {
    fn parse(args: &'a [String]) -> std::result::Result<Self, String> {
        let mut plan = Self::default();
        let mut options = true;
        for arg in args {
            match arg.as_str() {
                "--" if options => options = false,
                "-R" | "--recursive" if options => plan.recursive = true,
                "-v" | "--verbose" if options => plan.tell = Some(Tell::All),
                "-c" | "--changes" if options => plan.tell = Some(Tell::Changes),
                "-f" | "--silent" | "--quiet" if options => plan.quiet = true,
                option if options && option.starts_with("--reference=") => {
                    plan.reference = Some(&option[12..]);
                }
                option if options && option.starts_with('-') && option.len() > 1 => {
                    // `-x` takes a right away; it is a mode.
                    if Change::parse(option).is_some() {
                        plan.operands.push(option);
                        continue;
                    }
                    for letter in option[1..].chars() {
                        match letter {
                            'R' => plan.recursive = true,
                            'v' => plan.tell = Some(Tell::All),
                            'c' => plan.tell = Some(Tell::Changes),
                            'f' => plan.quiet = true,
                            _ => return Err(format!("unsupported option '{option}'")),
                        }
                    }
                }
                operand => plan.operands.push(operand),
            }
        }
        Ok(plan)
    }

    fn told(&self, path: &str, before: u32, after: u32) -> Option<String> {
        let (was, is) = (rights(before), rights(after));
        if before != after {
            self.tell?;
            return Some(format!(
                "mode of '{path}' changed from {before:04o} ({was}) to {after:04o} ({is})\n"
            ));
        }
        let line = || format!("mode of '{path}' retained as {after:04o} ({is})\n");
        (self.tell == Some(Tell::All)).then(line)
    }
}

/// Sets the mode of `path`, and of everything below it. Links below are left alone. It nests no
/// deeper than the tree.
fn set(
    tree: &mut Tree,
    path: &str,
    shown: &str,
    change: &Change,
    (recursive, umask): (bool, u32),
    caller: Caller,
    done: &mut Vec<Done>,
) {
    let mut report = |outcome| done.push(Done { path: shown.to_owned(), outcome });
    let (before, is_directory) = match tree.find(path, Links::Follow, caller) {
        Ok(node) => (node.stamp.mode, node.is_directory()),
        Err(error) => return report(Err(error)),
    };
    let after = change.apply(before, is_directory, umask);
    report(tree.set_mode(path, after, caller).map(|()| (before, after)));
    if !recursive || !is_directory {
        return;
    }
    let names: Vec<String> = match tree.list(path, caller) {
        Ok(directory) => directory
            .iter()
            .filter(|(_, node)| !matches!(node.body, Body::Link(_)))
            .map(|(name, _)| name.to_string())
            .collect(),
        Err(error) => return report(Err(error)),
    };
    let below = shown.trim_end_matches('/');
    for name in names {
        let (path, shown) = (format!("{path}/{name}"), format!("{below}/{name}"));
        set(tree, &path, &shown, change, (recursive, umask), caller, done);
    }
}
