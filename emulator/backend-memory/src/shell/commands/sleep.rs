//! `sleep`: for as long as it is told.

use std::time::Duration;

use bashkit::{Command, CommandContext, CommandStatus, Result};

use super::fail;

pub(super) struct Sleep;

#[async_trait::async_trait]
impl Command for Sleep {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        if ctx.args.is_empty() {
            return fail(&ctx, "missing operand", 1).await;
        }
        let mut total = Duration::ZERO;
        for arg in ctx.args {
            match interval(arg) {
                Some(span) => total = total.saturating_add(span),
                None => return fail(&ctx, &format!("invalid time interval '{arg}'"), 1).await,
            }
        }
        tokio::time::sleep(total).await;
        Ok(CommandStatus::success())
    }
}

/// A number of seconds, or of what its suffix says.
fn interval(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, text.chars().next_back()?),
        None => (text, 's'),
    };
    let seconds = match unit {
        'm' => 60.0,
        'h' => 3600.0,
        'd' => 86400.0,
        _ => 1.0,
    };
    let span = number.parse::<f64>().ok()? * seconds;
    if span.is_nan() || span < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(span).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_number_with_a_unit() {
        assert_eq!(interval("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(interval("2m"), Some(Duration::from_mins(2)));
        assert_eq!(interval("infinity"), Some(Duration::MAX));
        for wrong in ["", "s", "-1", "1x", "nan", "é"] {
            assert_eq!(interval(wrong), None, "{wrong}");
        }
    }
}
