//! One page that needs nothing else: every rule, and every exchange of every check.

use std::fmt::Write as _;

use super::json::word;
use super::junit::escape;
use super::redacted::{Shown, shown};
use crate::run::{Done, Evidence, Grades, Session, Verdict};

/// How both kinds of pages look.
pub(super) const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;\
padding:0 1rem;color:#222}h2{margin-top:2rem}table{border-collapse:collapse;width:100%}td{padding:\
.25rem .5rem;border-top:1px solid #ddd;vertical-align:top}pre{background:#f6f6f6;padding:.5rem;\
overflow:auto;white-space:pre-wrap}.pass{color:#176f2c}.fail,.suite-error,.unexpected-pass{color:\
#b00020;font-weight:600}.unverified,.expected-fail{color:#9a5b00}.unsupported,.unchecked{color:\
#777}summary{cursor:pointer}";

/// The page of a run.
pub(crate) fn html(url: &str, grades: &Grades, done: &[Done], session: &Session) -> String {
    let title = format!("Leap0 conformance of {}", escape(&session.redact(url)));
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style><h1>{title}</h1><p>"
    );
    for verdict in [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::UnexpectedPass,
        Verdict::ExpectedFail,
        Verdict::Unverified,
        Verdict::SuiteError,
        Verdict::Unsupported,
        Verdict::Unchecked,
    ] {
        let (count, word) = (grades.count(verdict), word(verdict));
        if count > 0 {
            let _ = write!(page, "<span class=\"{word}\">{count} {word}</span> ");
        }
    }
    page.push_str("</p>");
    let mut family = "";
    for graded in &grades.0 {
        let title = graded.rule.id.family().title;
        if title != family {
            let close = if family.is_empty() { "" } else { "</table>" };
            let _ = write!(page, "{close}<h2>{}</h2><table>", escape(title));
            family = title;
        }
        let word = word(graded.verdict);
        let _ = write!(
            page,
            "<tr id=\"{0}\"><td>{0}<td class=\"{word}\">{word}<td>{1}",
            graded.rule.id,
            escape(&graded.rule.sentence)
        );
        proofs(&graded.evidence, session, &mut page);
        if !graded.readings.is_empty() {
            page.push_str("<p>Where the sources stop this target reads otherwise:</p>");
            proofs(&graded.readings, session, &mut page);
        }
    }
    page.push_str("</table><h2>Exchanges</h2>");
    for done in done {
        let _ = write!(
            page,
            "<details><summary>{} <small>{} · {} ms</small></summary>",
            escape(&done.check.sentence()),
            done.check.rules.join(" "),
            done.took_ms
        );
        for exchange in &done.exchanges {
            page.push_str(&block(exchange, session));
        }
        page.push_str("</details>");
    }
    page.push_str("</html>\n");
    page
}

fn proofs(all: &[Evidence], session: &Session, page: &mut String) {
    for evidence in all {
        let _ = write!(
            page,
            "<p>{}: {} {}</p>",
            escape(&evidence.check),
            escape(&session.redact(&evidence.what)),
            escape(&session.redact(&evidence.seen))
        );
        if let Some(exchange) = &evidence.exchange {
            page.push_str(&block(exchange, session));
        }
    }
}

fn block(exchange: &crate::http::Exchange, session: &Session) -> String {
    preformatted(&shown(exchange, session))
}

/// A request and its answer, as they are.
pub(super) fn preformatted(shown: &Shown) -> String {
    let status = shown.status.map_or("no answer".to_owned(), |status| status.to_string());
    let lines = |headers: &[(String, String)]| {
        headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    let text = format!(
        "{} {}\n{}\n{}\n\n{status}\n{}\n{}",
        shown.method,
        shown.path,
        lines(&shown.request_headers),
        shown.request_body,
        lines(&shown.headers),
        shown.body
    );
    format!("<pre>{}</pre>", escape(&text))
}
