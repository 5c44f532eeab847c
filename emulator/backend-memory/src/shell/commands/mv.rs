//! `mv`: to another name, or into a directory.

use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};
use leap0_files::StoreError;

use super::{absolute, complain, fail, operands};
use crate::shell::files::words;
use crate::shell::script::Script;
use crate::tree::{Caller, Links, Tree};

pub(super) struct Mv(pub(super) Arc<Script>);

#[derive(Debug, Default)]
struct Plan<'a> {
    /// What is there already stays.
    keep: bool,
    tell: bool,
    /// The target is a name even where a directory has it.
    plain: bool,
    directory: Option<&'a str>,
    operands: Vec<&'a str>,
}

#[async_trait::async_trait]
impl Command for Mv {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let (sources, target) = match operands::split(plan.directory, &plan.operands) {
            Ok(parts) => parts,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let caller = self.0.live.caller();
        let into = !plan.plain && operands::leads_into(&self.0, ctx.cwd, target, caller);
        if !into && (sources.len() > 1 || plan.directory.is_some()) {
            return fail(&ctx, &format!("target '{target}': No such directory"), 1).await;
        }
        let mut failed = false;
        for source in sources {
            let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
            let shown = if into {
                format!("{}/{name}", target.trim_end_matches('/'))
            } else {
                target.to_owned()
            };
            let (from, to) = (absolute(ctx.cwd, source), absolute(ctx.cwd, &shown));
            // `None` is the script's end, which ends the command too.
            let moved = self.0.change(|tree| plan.rename(tree, &from, &to, caller));
            match moved {
                Some(Ok(true)) if plan.tell => {
                    let line = format!("renamed '{source}' -> '{shown}'\n");
                    ctx.stdout.write_all(line.as_bytes()).await?;
                }
                Some(Ok(_)) | None => {}
                Some(Err(error)) => {
                    failed = true;
                    let words = words(&error).1;
                    let text = match error {
                        StoreError::NotFound => format!("cannot stat '{source}': {words}"),
                        _ => format!("cannot move '{source}' to '{shown}': {words}"),
                    };
                    complain(&ctx, &text).await?;
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
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg {
                "--" if options => options = false,
                "--no-clobber" if options => plan.keep = true,
                "--force" if options => plan.keep = false,
                "--verbose" if options => plan.tell = true,
                "--no-target-directory" if options => plan.plain = true,
                "-t" if options => {
                    plan.directory = Some(args.next().ok_or("option requires an argument -- 't'")?);
                }
                _ if options && arg.starts_with("--target-directory=") => {
                    plan.directory = Some(&arg[19..]);
                }
                _ if options && arg.len() > 1 && arg.starts_with('-') => {
                    for letter in arg[1..].chars() {
                        match letter {
                            'n' => plan.keep = true,
                            'f' => plan.keep = false,
                            'v' => plan.tell = true,
                            'T' => plan.plain = true,
                            _ => return Err(format!("unsupported option '{arg}'")),
                        }
                    }
                }
                operand => plan.operands.push(operand),
            }
        }
        Ok(plan)
    }

    /// Whether something was moved.
    fn rename(
        &self,
        tree: &mut Tree,
        from: &str,
        to: &str,
        caller: Caller,
    ) -> std::result::Result<bool, StoreError> {
        tree.find(from.trim_end_matches('/'), Links::Keep, caller)?;
        if self.keep && tree.find(to, Links::Keep, caller).is_ok() {
            return Ok(false);
        }
        let real = |path: &str| tree.real_path(path, Links::Keep, caller);
        if real(from)? == real(to).unwrap_or_default() {
            return Err(StoreError::Other("they are the same file".to_owned()));
        }
        tree.rename(from, to, caller)?;
        Ok(true)
    }
}
