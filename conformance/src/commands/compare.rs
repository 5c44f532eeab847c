//! `compare`: several reports side by side.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::run::{CannotRun, Reason};
use crate::report::{Report, side_by_side, word};
use crate::run::Verdict;

/// Prints what changed from each report to the next and a table of all of them, and writes them as
/// one page if there is a file for it. The exit code is 1 if a rule is newly broken.
pub fn compare(files: &[PathBuf], html: Option<&Path>) -> Result<u8, CannotRun> {
    let reports: Vec<Report> = files.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    let (mut broken, mut lines) = (false, Vec::new());
    for pair in reports.windows(2) {
        let changes = changes(&pair[0], &pair[1]);
        lines.push(format!("{} → {}", pair[0].target, pair[1].target));
        for (title, rules) in &changes {
            lines.push(format!("  {title}: {}", rules.join(" ")));
        }
        if changes.is_empty() {
            lines.push("  nothing changed".to_owned());
        }
        broken |= changes.contains_key("newly broken");
    }
    println!("{}\n", lines.join("\n"));
    matrix(&reports);
    if let Some(path) = html {
        let failed = |why| Reason::Write { path: path.to_owned(), why };
        std::fs::write(path, side_by_side(&reports, &lines)).map_err(failed)?;
        println!("{}", path.display());
    }
    Ok(u8::from(broken))
}

fn read(path: &Path) -> Result<Report, CannotRun> {
    let unreadable = |why: String| Reason::Report { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|why| unreadable(why.to_string()))?;
    let report: Report =
        serde_json::from_str(&text).map_err(|why| unreadable(format!("no report: {why}")))?;
    if report.format != 1 {
        return Err(unreadable(format!("format {} is not known", report.format)).into());
    }
    Ok(report)
}

fn verdicts(report: &Report) -> BTreeMap<&str, Verdict> {
    report.rules.iter().map(|rule| (&*rule.id, rule.verdict)).collect()
}

/// Rules whose verdict is another one, by what that means.
fn changes(before: &Report, after: &Report) -> BTreeMap<&'static str, Vec<String>> {
    let (old, mut found) = (verdicts(before), BTreeMap::<_, Vec<String>>::new());
    let broken = |verdict| matches!(verdict, Verdict::Fail | Verdict::ExpectedFail);
    let open = |verdict| {
        matches!(verdict, Verdict::Unverified | Verdict::SuiteError | Verdict::Unsupported)
    };
    for rule in &after.rules {
        let (was, is) = (old.get(&*rule.id).copied(), rule.verdict);
        let title = match was {
            None if broken(is) => "newly broken",
            Some(was) if !broken(was) && broken(is) => "newly broken",
            Some(was) if broken(was) && !broken(is) && !open(is) => "fixed",
            Some(was) if !open(was) && open(is) => "newly unverified",
            Some(was) if open(was) && is == Verdict::Pass => "newly judged",
            _ => continue,
        };
        found.entry(title).or_default().push(rule.id.clone());
    }
    found
}

/// The rules that are not the same everywhere.
fn matrix(reports: &[Report]) {
    let all: Vec<_> = reports.iter().map(verdicts).collect();
    let mut rows = Vec::new();
    for rule in crate::register() {
        let id = rule.id.as_str();
        let row: Vec<_> =
            all.iter().map(|verdicts| verdicts.get(id).map_or("–".into(), |v| word(*v))).collect();
        let same = row.windows(2).all(|pair| pair[0] == pair[1]);
        if !same || row.iter().any(|word| word == "fail") {
            rows.push((id, row));
        }
    }
    for (place, report) in reports.iter().enumerate() {
        println!("{}: {} ({})", place + 1, report.target, report.at);
    }
    for (id, row) in &rows {
        let cells: Vec<_> = row.iter().map(|word| format!("{word:<16}")).collect();
        println!("{id:<28} {}", cells.join(" ").trim_end());
    }
    println!("{} of {} rules differ or are broken", rows.len(), crate::register().iter().count());
}
