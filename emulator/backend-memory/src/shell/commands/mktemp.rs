//! `mktemp`: a file or directory that nobody else can read.

use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};
use leap0_files::StoreError;

use super::{absolute, fail};
use crate::shell::files::words;
use crate::shell::script::Script;

pub(super) struct Mktemp(pub(super) Arc<Script>);

/// Letters that the place of an `X` may get; 64, so that each is as likely.
const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ab";
/// Names that are tried before giving up.
const TRIES: usize = 100;

#[derive(Debug, Default)]
struct Plan<'a> {
    directory: bool,
    dry: bool,
    quiet: bool,
    /// Where the template starts, if it is no path of its own.
    base: Option<&'a str>,
    suffix: &'a str,
    template: Option<&'a str>,
}

#[async_trait::async_trait]
impl Command for Mktemp {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let temporary = ctx.env.get("TMPDIR").map_or("/tmp", String::as_str);
        let plan = match Plan::parse(ctx.args, temporary) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let template = plan.template.unwrap_or("tmp.XXXXXXXXXX");
        let stem = template.trim_end_matches('X');
        let count = template.len() - stem.len();
        if count < 3 {
            return fail(&ctx, &format!("too few X's in template '{template}'"), 1).await;
        }
        for _ in 0..TRIES {
            let mut random = vec![0; count];
            getrandom::fill(&mut random).map_err(std::io::Error::other)?;
            let letters = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)]));
            let name = letters.collect::<String>();
            let shown = match plan.base {
                Some(base) => format!("{}/{stem}{name}{}", base.trim_end_matches('/'), plan.suffix),
                None => format!("{stem}{name}{}", plan.suffix),
            };
            let path = absolute(ctx.cwd, &shown);
            let caller = self.0.live.caller();
            let made = self.0.change(|tree| {
                if plan.dry {
                    Ok(())
                } else if plan.directory {
                    tree.make_directory(&path, 0o700, caller)
                } else {
                    tree.make_file(&path, 0o600, caller)
                }
            });
            match made {
                Some(Err(StoreError::AlreadyExists)) => {}
                Some(Err(_)) if plan.quiet => return Ok(CommandStatus::with_code(1)),
                Some(Err(error)) => {
                    let words = words(&error).1;
                    let what = if plan.directory { "directory" } else { "file" };
                    let text = format!("failed to create {what} via template '{shown}': {words}");
                    return fail(&ctx, &text, 1).await;
                }
                // `None` is the script's end, which ends the command too.
                Some(Ok(())) | None => {
                    ctx.stdout.write_all(format!("{shown}\n").as_bytes()).await?;
                    return Ok(CommandStatus::success());
                }
            }
        }
        fail(&ctx, "every name is taken", 1).await
    }
}

impl<'a> Plan<'a> {
    fn parse(args: &'a [String], temporary: &'a str) -> std::result::Result<Self, String> {
        let mut plan = Self::default();
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg {
                "-d" | "--directory" => plan.directory = true,
                "-u" | "--dry-run" => plan.dry = true,
                "-q" | "--quiet" => plan.quiet = true,
                "-qd" | "-dq" => (plan.directory, plan.quiet) = (true, true),
                "-t" | "--tmpdir" => plan.base = Some(temporary),
                "-p" => plan.base = Some(args.next().ok_or("option requires an argument -- 'p'")?),
                _ if arg.starts_with("--tmpdir=") => plan.base = Some(&arg[9..]),
                _ if arg.starts_with("--suffix=") => plan.suffix = &arg[9..],
                _ if arg.starts_with("-p") => plan.base = Some(&arg[2..]),
                _ if arg.starts_with('-') => return Err(format!("unsupported option '{arg}'")),
                _ if plan.template.is_some() => return Err("too many templates".to_owned()),
                template => plan.template = Some(template),
            }
        }
        if plan.template.is_none() && plan.base.is_none() {
            plan.base = Some(temporary);
        }
        Ok(plan)
    }
}
