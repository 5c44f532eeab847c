//! `chown` and `chgrp`: by the rules of the tree, which knows owners.

use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};
use leap0_files::StoreError;

use super::{complain, fail};
use crate::shell::script::Script;
use crate::tree::{Caller, Group, Links, Tree, User};

pub(super) struct Chown {
    script: Arc<Script>,
    /// What is set is a group, not an owner with or without one.
    only_group: bool,
}

type Owners = (Option<User>, Option<Group>);

impl Chown {
    pub(super) fn owner(script: Arc<Script>) -> Self {
        Self { script, only_group: false }
    }

    pub(super) fn group(script: Arc<Script>) -> Self {
        Self { script, only_group: true }
    }

    fn parse(&self, text: &str) -> std::result::Result<Owners, String> {
        let group = |text: &str| match text {
            "" => Ok(None),
            _ => Group::parse(text).map(Some).ok_or_else(|| format!("invalid group: '{text}'")),
        };
        if self.only_group {
            return Ok((None, group(text)?));
        }
        let (owner, after) = text.split_once(':').unwrap_or((text, ""));
        let owner = match owner {
            "" => None,
            _ => Some(User::parse(owner).ok_or_else(|| format!("invalid user: '{text}'"))?),
        };
        Ok((owner, group(after)?))
    }
}

#[async_trait::async_trait]
impl Command for Chown {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let mut recursive = false;
        let mut operands: Vec<&str> = Vec::new();
        for arg in ctx.args {
            match arg.as_str() {
                "-R" | "--recursive" => recursive = true,
                "-f" | "-v" | "-c" | "-h" | "--" => {}
                option if option.starts_with('-') => {
                    return fail(&ctx, &format!("unsupported option '{option}'"), 1).await;
                }
                operand => operands.push(operand),
            }
        }
        let [owners, files @ ..] = &operands[..] else {
            return fail(&ctx, "missing operand", 1).await;
        };
        let owners = match self.parse(owners) {
            Ok(owners) => owners,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let mut failed = files.is_empty();
        if failed {
            complain(&ctx, "missing operand after the owner").await?;
        }
        let what = if self.only_group { "group" } else { "ownership" };
        for file in files {
            let path = ctx.cwd.join(file).to_string_lossy().into_owned();
            let caller = self.script.live.caller();
            let set = self.script.change(|tree| set(tree, &path, owners, recursive, caller));
            if let Some(Err(error)) = set {
                let words = match error {
                    StoreError::Denied => "Operation not permitted".to_owned(),
                    other => other.to_string(),
                };
                complain(&ctx, &format!("changing {what} of '{file}': {words}")).await?;
                failed = true;
            }
        }
        Ok(CommandStatus::with_code(i32::from(failed)))
    }
}

/// Sets the owners of `path`, and of everything below it. Links are followed only where named.
fn set(
    tree: &mut Tree,
    path: &str,
    owners: Owners,
    recursive: bool,
    caller: Caller,
) -> std::result::Result<(), StoreError> {
    tree.set_owner(path, owners.0, owners.1, caller)?;
    let mut left = vec![path.to_owned()];
    while let Some(path) = left.pop().filter(|_| recursive) {
        if !tree.find(&path, Links::Keep, caller)?.is_directory() {
            continue;
        }
        let names: Vec<String> =
            tree.list(&path, caller)?.iter().map(|(name, _)| format!("{path}/{name}")).collect();
        for path in names {
            if tree.read_link(&path, caller).is_err() {
                tree.set_owner(&path, owners.0, owners.1, caller)?;
                left.push(path);
            }
        }
    }
    Ok(())
}
