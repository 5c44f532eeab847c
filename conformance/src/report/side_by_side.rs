//! One page of several targets: a row for each rule, a column for each target.

use std::fmt::Write as _;

use super::html::{STYLE, preformatted};
use super::json::{EvidenceReport, Report, RuleReport, word};
use super::junit::escape;
use crate::rule::Rule;

/// What the table adds to the style of a report: columns of one width, and heads that stay in sight.
const TABLE: &str = "table{table-layout:fixed}td:first-child,th:first-child{width:24rem}th{text-\
align:left;padding:.25rem .5rem;position:sticky;top:0;background:#fff;overflow-wrap:anywhere}\
small{color:#777}";

/// The page of these reports, the rules that are not the same everywhere first, after lines that
/// tell what changed.
pub(crate) fn side_by_side(reports: &[Report], changes: &[String]) -> String {
    let title = "Leap0 conformance, side by side";
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}{TABLE}</style><h1>{title}</h1>"
    );
    for line in changes {
        let _ = write!(page, "<p>{}</p>", escape(line));
    }
    let (different, same): (Vec<_>, Vec<_>) =
        crate::register().iter().partition(|rule| differ(reports, rule));
    for (title, rules) in [("Different", different), ("The same everywhere", same)] {
        let _ = write!(page, "<h2>{title}: {}</h2><table><tr><th>rule", rules.len());
        for report in reports {
            let (target, at) = (escape(&report.target), escape(&report.at));
            let _ = write!(page, "<th>{target}<br><small>{at}</small>");
        }
        for rule in rules {
            let (id, sentence) = (rule.id.as_str(), escape(&rule.sentence));
            let _ = write!(page, "<tr id=\"{id}\"><td>{id}<br><small>{sentence}</small>");
            for report in reports {
                cell(of(report, rule), &mut page);
            }
        }
        page.push_str("</table>");
    }
    page.push_str("</html>\n");
    page
}

fn of<'r>(report: &'r Report, rule: &Rule) -> Option<&'r RuleReport> {
    report.rules.iter().find(|found| found.id == rule.id.as_str())
}

fn differ(reports: &[Report], rule: &Rule) -> bool {
    let verdict = |report| of(report, rule).map(|found| found.verdict);
    reports.windows(2).any(|pair| verdict(&pair[0]) != verdict(&pair[1]))
}

/// A verdict, with what it rests on.
fn cell(found: Option<&RuleReport>, page: &mut String) {
    let Some(found) = found else {
        page.push_str("<td>–");
        return;
    };
    let word = word(found.verdict);
    let _ = write!(page, "<td><span class=\"{word}\">{word}</span>");
    for evidence in &found.evidence {
        proof("", evidence, page);
    }
    for reading in &found.readings {
        proof("reads otherwise: ", reading, page);
    }
}

fn proof(before: &str, evidence: &EvidenceReport, page: &mut String) {
    let EvidenceReport { check, what, seen, exchange } = evidence;
    let text = escape(&format!("{before}{what} {seen}"));
    let _ = write!(page, "<details><summary>{text}</summary><small>{}</small>", escape(check));
    if let Some(exchange) = exchange {
        page.push_str(&preformatted(exchange));
    }
    page.push_str("</details>");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::run::Verdict;

    fn report(target: &str, verdict: Verdict) -> Report {
        let rule = crate::register().iter().next().expect("rules");
        let seen = EvidenceReport {
            check: "a check".to_owned(),
            what: "the <status>".to_owned(),
            seen: "is 500".to_owned(),
            exchange: None,
        };
        let rules = vec![RuleReport {
            id: rule.id.to_string(),
            sentence: rule.sentence.clone(),
            statement: rule.statement.to_string(),
            verdict,
            binding: true,
            held: 1,
            as_decided: 0,
            checks: Vec::new(),
            evidence: if verdict == Verdict::Fail { vec![seen] } else { Vec::new() },
            readings: Vec::new(),
        }];
        Report {
            format: 1,
            target: target.to_owned(),
            at: "2026-01-01T00:00:00Z".to_owned(),
            eras: Vec::new(),
            exit_code: 0,
            counts: BTreeMap::new(),
            rules,
        }
    }

    #[test]
    fn what_differs_comes_first_with_its_evidence() {
        let reports = [report("http://one", Verdict::Pass), report("http://two", Verdict::Fail)];
        let page = side_by_side(&reports, &["newly broken: X".to_owned()]);
        let all = crate::register().iter().count();
        assert!(page.contains("<p>newly broken: X</p><h2>Different: 1</h2>"), "{page}");
        assert!(page.contains(&format!("<h2>The same everywhere: {}</h2>", all - 1)), "{page}");
        let row = "<td><span class=\"pass\">pass</span><td><span class=\"fail\">fail</span>\
                   <details><summary>the &lt;status&gt; is 500</summary>";
        assert!(page.contains(row), "{page}");
    }
}
