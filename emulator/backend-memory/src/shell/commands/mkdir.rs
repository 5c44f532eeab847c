//! `mkdir`: with a mode of its own, and with the parents that are missing.

use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};
use leap0_files::StoreError;

use super::mode::Change;
use super::{absolute, complain, fail};
use crate::shell::files::words;
use crate::shell::script::Script;
use crate::tree::{Caller, Links, Tree};

pub(super) struct Mkdir(pub(super) Arc<Script>);

#[derive(Debug, Default)]
struct Plan<'a> {
    parents: bool,
    tell: bool,
    mode: Option<Change>,
    operands: Vec<&'a str>,
}

#[async_trait::async_trait]
impl Command for Mkdir {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        if plan.operands.is_empty() {
            return fail(&ctx, "missing operand", 1).await;
        }
        let mut failed = false;
        for operand in &plan.operands {
            let path = absolute(ctx.cwd, operand);
            let (caller, umask) = (self.0.live.caller(), self.0.umask());
            // `None` is the script's end, which ends the command too.
            let made = self.0.change(|tree| plan.make(tree, &path, umask, caller));
            match made {
                Some(Ok(made)) if plan.tell => {
                    let above = path.len() - operand.len();
                    for path in made {
                        let shown = path.get(above..).unwrap_or(&path);
                        let line = format!("{}: created directory '{shown}'\n", ctx.name);
                        ctx.stdout.write_all(line.as_bytes()).await?;
                    }
                }
                Some(Err(error)) => {
                    let words = words(&error).1;
                    complain(&ctx, &format!("cannot create directory '{operand}': {words}"))
                        .await?;
                    failed = true;
                }
                Some(Ok(_)) | None => {}
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
                "--parents" if options => plan.parents = true,
                "--verbose" if options => plan.tell = true,
                _ if options && arg.starts_with("--mode=") => plan.set_mode(&arg[7..])?,
                _ if options && arg.len() > 1 && arg.starts_with('-') && !arg.starts_with("--") => {
                    for (at, letter) in arg.char_indices().skip(1) {
                        match letter {
                            'p' => plan.parents = true,
                            'v' => plan.tell = true,
                            'm' if at + 1 < arg.len() => {
                                plan.set_mode(&arg[at + 1..])?;
                                break;
                            }
                            'm' => {
                                let mode = args.next();
                                plan.set_mode(mode.ok_or("option requires an argument -- 'm'")?)?;
                            }
                            _ => return Err(format!("unsupported option '{arg}'")),
                        }
                    }
                }
                _ if options && arg.starts_with("--") => {
                    return Err(format!("unsupported option '{arg}'"));
                }
                operand => plan.operands.push(operand),
            }
        }
        Ok(plan)
    }

    fn set_mode(&mut self, text: &str) -> std::result::Result<(), String> {
        let mode = Change::parse(text).ok_or_else(|| format!("invalid mode '{text}'"))?;
        self.mode = Some(mode);
        Ok(())
    }

    /// Makes the directory, and gives the paths of all that it made.
    fn make(
        &self,
        tree: &mut Tree,
        path: &str,
        umask: u32,
        caller: Caller,
    ) -> std::result::Result<Vec<String>, StoreError> {
        let plain = 0o777 & !umask;
        // A mode that is given is no matter of the umask.
        let own = self.mode.as_ref().map_or(plain, |mode| mode.apply(0o777, true, umask));
        if !self.parents {
            tree.make_directory(path, own, caller)?;
            return Ok(vec![path.to_owned()]);
        }
        let mut made = Vec::new();
        let path = path.trim_end_matches('/');
        let ends = path.char_indices().filter(|(_, letter)| *letter == '/').map(|(at, _)| at);
        for end in ends.skip(1).chain([path.len()]) {
            let part = &path[..end];
            let bits = if end == path.len() { own } else { plain | 0o300 };
            match tree.find(part, Links::Follow, caller) {
                Ok(node) if node.is_directory() => {}
                Ok(_) if end == path.len() => return Err(StoreError::AlreadyExists),
                Ok(_) => return Err(StoreError::NotADirectory),
                Err(StoreError::NotFound) => {
                    tree.make_directory(part, bits, caller)?;
                    made.push(part.to_owned());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }
}
