//! The report as JSON. `conformance/README.md` documents its fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::redacted::{Shown, shown};
use crate::moment;
use crate::run::{Evidence, Graded, Grades, Session, Verdict};

/// A report.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    /// The version of this format.
    pub(crate) format: u32,
    pub(crate) target: String,
    /// When the run ended.
    pub(crate) at: String,
    pub(crate) eras: Vec<char>,
    pub(crate) exit_code: u8,
    /// How many rules there are of each verdict.
    pub(crate) counts: BTreeMap<String, usize>,
    pub(crate) rules: Vec<RuleReport>,
}

/// What was found out about a rule.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct RuleReport {
    pub(crate) id: String,
    pub(crate) sentence: String,
    pub(crate) statement: String,
    pub(crate) verdict: Verdict,
    /// Whether it counts for the exit code.
    pub(crate) binding: bool,
    /// How many claims held.
    pub(crate) held: usize,
    pub(crate) as_decided: usize,
    pub(crate) checks: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) evidence: Vec<EvidenceReport>,
    /// Where the target reads the sources otherwise than this project decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) readings: Vec<EvidenceReport>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct EvidenceReport {
    pub(crate) check: String,
    pub(crate) what: String,
    pub(crate) seen: String,
    pub(crate) exchange: Option<Shown>,
}

/// The report of a run.
pub(crate) fn report(url: &str, grades: &Grades, session: &Session) -> Report {
    let mut counts = BTreeMap::new();
    for graded in &grades.0 {
        *counts.entry(word(graded.verdict)).or_default() += 1;
    }
    Report {
        format: 1,
        target: session.redact(url),
        at: moment::rfc3339(moment::now_ms()),
        eras: session.eras(),
        exit_code: grades.exit_code(session),
        counts,
        rules: grades.0.iter().map(|graded| rule(graded, session)).collect(),
    }
}

/// A verdict as JSON has it.
pub(crate) fn word(verdict: Verdict) -> String {
    serde_json::to_value(verdict)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn rule(graded: &Graded, session: &Session) -> RuleReport {
    RuleReport {
        id: graded.rule.id.to_string(),
        sentence: graded.rule.sentence.clone(),
        statement: graded.rule.statement.to_string(),
        verdict: graded.verdict,
        binding: graded.binding,
        held: graded.held,
        as_decided: graded.as_decided,
        checks: graded.checks.iter().map(|name| (*name).to_owned()).collect(),
        evidence: evidence(&graded.evidence, session),
        readings: evidence(&graded.readings, session),
    }
}

fn evidence(all: &[Evidence], session: &Session) -> Vec<EvidenceReport> {
    let one = |evidence: &Evidence| EvidenceReport {
        check: evidence.check.clone(),
        what: session.redact(&evidence.what),
        seen: session.redact(&evidence.seen),
        exchange: evidence.exchange.as_ref().map(|exchange| shown(exchange, session)),
    };
    all.iter().map(one).collect()
}
