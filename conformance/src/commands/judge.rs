//! `judge`: whether histories that were recorded can be explained.

use std::path::PathBuf;
use std::time::Duration;

use super::run::{CannotRun, Reason};
use crate::history::{Budget, Verdict, judge as judged, read};

/// What `judge` is told.
#[derive(Clone, Debug)]
pub struct JudgeOptions {
    /// Histories, as `run` leaves them.
    pub files: Vec<PathBuf>,
    /// How long each may take.
    pub budget: Duration,
}

/// Judges histories without a server. The exit code is 1 if one of them can't be explained, and
/// else 2 if it could not be told of one.
pub fn judge(options: &JudgeOptions) -> Result<u8, CannotRun> {
    let (mut broken, mut unknown) = (false, false);
    let budget = Budget { time: options.budget, ..Budget::default() };
    for path in &options.files {
        let bad = |why: String| Reason::Report { path: path.clone(), why };
        let text = std::fs::read_to_string(path).map_err(|why| bad(why.to_string()))?;
        let history = read(&text).map_err(|why| bad(why.to_string()))?;
        let judgement = judged(&history, budget);
        let (path, calls) = (path.display(), history.calls.len());
        let cost = format!("{} steps, {} ms", judgement.steps, judgement.took.as_millis());
        match judgement.verdict {
            Verdict::Ok => println!("{path}: ok: {calls} calls can be explained ({cost})"),
            Verdict::Unknown => {
                unknown = true;
                println!("{path}: unknown: the budget is not enough for {calls} calls ({cost})");
            }
            Verdict::Violation(found) => {
                broken = true;
                println!("{path}: violation of {} ({cost})\n{}", found.rule, found.words);
            }
        }
    }
    Ok(match (broken, unknown) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    })
}
