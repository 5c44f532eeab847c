//! `rm`: takes away what the caller may, and says what it could not.

use std::path::Path;
use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};
use leap0_files::StoreError;

use super::{complain, fail};
use crate::shell::files::words;
use crate::shell::script::Script;
use crate::tree::{Caller, Links, Tree};

pub(super) struct Rm(pub(super) Arc<Script>);

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
struct Plan<'a> {
    recursive: bool,
    /// What is not there is no failure.
    force: bool,
    /// Empty directories may go.
    directories: bool,
    /// Say what was removed.
    tell: bool,
    operands: Vec<&'a str>,
}

/// What could not be removed, and why.
type Kept = Vec<(String, StoreError)>;

#[async_trait::async_trait]
impl Command for Rm {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        if plan.operands.is_empty() && !plan.force {
            return fail(&ctx, "missing operand", 1).await;
        }
        let mut failed = false;
        for operand in &plan.operands {
            let last = operand.trim_end_matches('/').rsplit('/').next().unwrap_or("");
            if matches!(last, "." | "..") || last.is_empty() {
                complain(&ctx, &format!("refusing to remove '{operand}'")).await?;
                failed = true;
                continue;
            }
            let path = ctx.cwd.join(operand).to_string_lossy().into_owned();
            let mut kept = Kept::new();
            let caller = self.0.live.caller();
            if plan.tell && plan.recursive {
                return fail(&ctx, "-r and -v together are not supported here", 1).await;
            }
            let there = ctx.fs.exists(Path::new(&path)).await.unwrap_or(false);
            // `None` is the script's end, which ends the command too.
            let _over = self.0.change(|tree| plan.remove(tree, &path, caller, &mut kept));
            for (path, error) in &kept {
                let shown = path.replacen(&ctx.cwd.join(operand).to_string_lossy()[..], operand, 1);
                complain(&ctx, &format!("cannot remove '{shown}': {}", words(error).1)).await?;
            }
            if plan.tell && there && kept.is_empty() {
                ctx.stdout.write_all(format!("removed '{operand}'\n").as_bytes()).await?;
            }
            failed |= !kept.is_empty();
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
                "--recursive" if options => plan.recursive = true,
                "--force" if options => plan.force = true,
                "--dir" if options => plan.directories = true,
                "--verbose" if options => plan.tell = true,
                short if options && short.len() > 1 && short.starts_with('-') => {
                    for letter in short[1..].chars() {
                        match letter {
                            'r' | 'R' => plan.recursive = true,
                            'f' => plan.force = true,
                            'd' => plan.directories = true,
                            'v' => plan.tell = true,
                            _ => return Err(format!("unsupported option '{short}'")),
                        }
                    }
                }
                operand => plan.operands.push(operand),
            }
        }
        Ok(plan)
    }

    fn remove(&self, tree: &mut Tree, path: &str, caller: Caller, kept: &mut Kept) {
        let is_directory = match tree.find(path.trim_end_matches('/'), Links::Keep, caller) {
            Ok(node) => node.is_directory(),
            Err(StoreError::NotFound | StoreError::NotADirectory) if self.force => return,
            Err(error) => return kept.push((path.to_owned(), error)),
        };
        let removed = if !is_directory {
            tree.remove_file(path, caller)
        } else if self.recursive {
            return remove_all(tree, path, caller, kept);
        } else if self.directories {
            tree.remove_directory(path, caller)
        } else {
            Err(StoreError::IsADirectory)
        };
        if let Err(error) = removed {
            kept.push((path.to_owned(), error));
        }
    }
}

/// Removes a directory with everything below it that may go. It nests no deeper than the tree.
fn remove_all(tree: &mut Tree, path: &str, caller: Caller, kept: &mut Kept) {
    if tree.remove_tree(path, caller).is_ok() {
        return;
    }
    let before = kept.len();
    let below: Vec<(String, bool)> = match tree.list(path, caller) {
        Ok(directory) => directory
            .iter()
            .map(|(name, node)| (format!("{path}/{name}"), node.is_directory()))
            .collect(),
        Err(error) => return kept.push((path.to_owned(), error)),
    };
    for (path, is_directory) in below {
        if is_directory {
            remove_all(tree, &path, caller, kept);
        } else if let Err(error) = tree.remove_file(&path, caller) {
            kept.push((path, error));
        }
    }
    if kept.len() == before
        && let Err(error) = tree.remove_directory(path, caller)
    {
        kept.push((path.to_owned(), error));
    }
}
