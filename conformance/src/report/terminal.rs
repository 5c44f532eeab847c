//! The report on the terminal.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::run::{Done, Ending, Evidence, Graded, Grades, Session, Verdict};

/// Shows how far a run is.
#[derive(Debug)]
pub(crate) struct Terminal {
    total: usize,
    seen: AtomicUsize,
    live: bool,
}

impl Terminal {
    pub(crate) fn new(total: usize) -> Self {
        let live = std::io::stderr().is_terminal();
        Self { total, seen: AtomicUsize::new(0), live }
    }

    /// One more check has ended.
    pub(crate) fn tick(&self, done: &Done) {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if self.live {
            let name: String = done.check.sentence().chars().take(60).collect();
            eprint!("\r\x1b[K{seen}/{} {name}", self.total);
            if seen == self.total {
                eprint!("\r\x1b[K");
            }
            let _ = std::io::stderr().flush();
        }
    }
}

/// How many contradictions are told in full for a rule.
const TOLD: usize = 2;

/// The whole report.
pub(crate) fn summary(grades: &Grades, done: &[Done], session: &Session) -> String {
    let mut out = String::new();
    let mut family = "";
    for graded in &grades.0 {
        let bad = matches!(
            graded.verdict,
            Verdict::Fail
                | Verdict::SuiteError
                | Verdict::Unverified
                | Verdict::UnexpectedPass
                | Verdict::ExpectedFail
        );
        if bad {
            let title = graded.rule.id.family().title;
            if title != family {
                let _ = writeln!(out, "\n{title}");
                family = title;
            }
            rule(graded, &mut out);
        }
    }
    readings(grades, &mut out);
    lacks(grades, &mut out);
    unchecked(grades, &mut out);
    last_lines(grades, done, session, &mut out);
    session.redact(&out)
}

fn rule(graded: &Graded, out: &mut String) {
    let word = match graded.verdict {
        Verdict::Fail => "FAIL",
        Verdict::ExpectedFail => "known",
        Verdict::UnexpectedPass => "FIXED",
        Verdict::Unverified => "unverified",
        _ => "SUITE ERROR",
    };
    let _ = writeln!(out, "  {word} {}  {}", graded.rule.id, graded.rule.sentence);
    if graded.verdict == Verdict::UnexpectedPass {
        let _ = writeln!(out, "      it holds now: take it off the list of known failures");
    }
    for evidence in graded.evidence.iter().take(TOLD) {
        tell(evidence, out);
    }
    if let Some(more) = graded.evidence.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let _ = writeln!(out, "      and {more} more");
    }
}

fn tell(evidence: &Evidence, out: &mut String) {
    let _ = write!(out, "      {}: {}", evidence.check, evidence.what);
    if !evidence.seen.is_empty() {
        let _ = write!(out, "; seen: {}", evidence.seen);
    }
    out.push('\n');
    if let Some(exchange) = &evidence.exchange {
        let request = &exchange.request;
        let body = String::from_utf8_lossy(&request.body);
        let body: String = body.chars().take(160).collect();
        let _ = writeln!(out, "        → {} {} {body}", request.method, request.path);
        let _ = match &exchange.answer {
            Ok(answer) => writeln!(out, "        ← {}", answer.brief()),
            Err(why) => writeln!(out, "        ← {why}"),
        };
    }
}

fn readings(grades: &Grades, out: &mut String) {
    let other: Vec<_> = grades.0.iter().filter(|graded| !graded.readings.is_empty()).collect();
    if !other.is_empty() {
        out.push_str("\nWhere the sources stop, this target reads otherwise than the emulator:\n");
    }
    for graded in other {
        let _ = writeln!(out, "  {}", graded.rule.id);
        for evidence in graded.readings.iter().take(1) {
            tell(evidence, out);
        }
    }
}

fn lacks(grades: &Grades, out: &mut String) {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for graded in grades.0.iter().filter(|graded| graded.verdict == Verdict::Unsupported) {
        let why = graded.evidence.first().map_or("", |evidence| &*evidence.what);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, rules)) => rules.push(graded.rule.id.as_str()),
            None => reasons.push((why, vec![graded.rule.id.as_str()])),
        }
    }
    if !reasons.is_empty() {
        out.push_str("\nNot judged:\n");
    }
    for (why, rules) in reasons {
        let _ = writeln!(out, "  {why}: {}", rules.join(" "));
    }
}

fn unchecked(grades: &Grades, out: &mut String) {
    let names: Vec<_> = grades
        .0
        .iter()
        .filter(|graded| graded.verdict == Verdict::Unchecked)
        .filter(|graded| graded.rule.not_built.is_none())
        .map(|graded| graded.rule.id.as_str())
        .collect();
    if !names.is_empty() {
        let _ =
            writeln!(out, "\nNothing was claimed about {} rules: {}", names.len(), names.join(" "));
    }
}

fn last_lines(grades: &Grades, done: &[Done], session: &Session, out: &mut String) {
    let eras: Vec<_> = session.eras().iter().map(ToString::to_string).collect();
    let requests: usize = done.iter().map(|done| done.exchanges.len()).sum();
    let skipped = done.iter().filter(|done| !matches!(done.ending, Ending::Complete)).count();
    let _ = writeln!(
        out,
        "\neras {}; {} checks, {skipped} of them cut short; {requests} requests, {} sandboxes",
        if eras.is_empty() { "none".to_owned() } else { eras.join(" ") },
        done.len(),
        session.ledger.sandboxes_made(),
    );
    let fail = grades.binding(Verdict::Fail).count();
    let pass = grades.binding(Verdict::Pass).count();
    let _ = write!(out, "{pass} rules hold, {fail} broken");
    for (verdict, word) in [
        (Verdict::ExpectedFail, "known to be broken"),
        (Verdict::UnexpectedPass, "unexpectedly hold"),
        (Verdict::Unsupported, "unsupported"),
        (Verdict::Unverified, "unverified"),
        (Verdict::SuiteError, "suite errors"),
        (Verdict::Unchecked, "unchecked"),
    ] {
        let count = grades.count(verdict);
        if count > 0 {
            let _ = write!(out, ", {count} {word}");
        }
    }
    out.push('\n');
}
