//! Whether a difference is one that the table lists.

use std::fmt::Write as _;

use libtest_mimic::Failed;

use super::outcome::Outcome;
use super::table::OneLiner;

/// True if both did the same, false if the table lists the difference; otherwise it fails.
pub(crate) fn judge(row: &OneLiner, fake: &Outcome, dash: &Outcome) -> Result<bool, Failed> {
    let differences = fake.differences(dash);
    let mut told = format!("{}\n", row.script.trim_end());
    for difference in &differences {
        let _infallible = writeln!(told, "{difference}");
    }
    for (who, outcome) in [("fake", fake), ("dash", dash)] {
        let _infallible =
            writeln!(told, "  {who} said {}", String::from_utf8_lossy(&outcome.stderr).trim_end());
    }
    let silent = fake.exit_code == 0;
    match (&row.differs, differences.is_empty()) {
        (None, true) => Ok(true),
        (None, false) => Err(format!("a difference that is not listed: {told}").into()),
        (Some(why), true) => Err(format!("listed as different, but is not: {why}\n{told}").into()),
        (Some(_), false) if silent && row.harmless.is_none() => {
            Err(format!("silently wrong: {told}").into())
        }
        (Some(_), false) if !silent && row.harmless.is_some() => {
            Err(format!("the fake fails, so it needs no `harmless`: {told}").into())
        }
        (Some(_), false) => Ok(false),
    }
}
