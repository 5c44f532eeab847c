//! `tee`: what it reads, to standard output and into files.

use bashkit::{Command, CommandContext, CommandStatus, Error, Result};

use super::{Writer, complain, fail};

pub(super) struct Tee;

#[async_trait::async_trait]
impl Command for Tee {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let (mut append, mut options, mut files) = (false, true, Vec::new());
        for arg in ctx.args {
            match arg.as_str() {
                "--" if options => options = false,
                "-a" | "--append" if options => append = true,
                "-i" | "--ignore-interrupts" | "-p" if options => {}
                option if options && option.len() > 1 && option.starts_with('-') => {
                    return fail(&ctx, &format!("unsupported option '{option}'"), 1).await;
                }
                file => files.push(file),
            }
        }
        let mut failed = false;
        let mut open = Vec::new();
        for file in files {
            let path = ctx.cwd.join(file);
            let opened = if append {
                ctx.fs.append_file(&path, b"").await
            } else {
                ctx.fs.write_file(&path, b"").await
            };
            match opened {
                Ok(()) => open.push((file, path)),
                Err(Error::Io(error)) => {
                    failed = true;
                    complain(&ctx, &format!("{file}: {error}")).await?;
                }
                Err(error) => return Err(error),
            }
        }
        let mut writer = Writer::new(&ctx.stdout);
        let mut heard = true;
        while let Some(chunk) = ctx.stdin.read_chunk().await? {
            heard = heard && writer.write(&chunk).await?;
            for index in (0..open.len()).rev() {
                let (file, path) = &open[index];
                match ctx.fs.append_file(path, &chunk).await {
                    Ok(()) => {}
                    Err(Error::Io(error)) => {
                        failed = true;
                        complain(&ctx, &format!("{file}: {error}")).await?;
                        open.remove(index);
                    }
                    Err(error) => return Err(error),
                }
            }
            if !heard && open.is_empty() {
                break;
            }
        }
        let end = writer.finish().await?;
        Ok(if failed { CommandStatus::with_code(1) } else { end })
    }
}
