//! `yes`: the same line without end.

use bashkit::{Command, CommandContext, CommandStatus, Result};

use super::{BROKEN_PIPE, Writer};

pub(super) struct Yes;

#[async_trait::async_trait]
impl Command for Yes {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let line = if ctx.args.is_empty() { "y\n".to_owned() } else { ctx.args.join(" ") + "\n" };
        let mut writer = Writer::new(&ctx.stdout);
        while writer.write(line.as_bytes()).await? {}
        Ok(CommandStatus::with_code(BROKEN_PIPE))
    }
}
