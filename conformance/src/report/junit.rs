//! `JUnit` XML: a case for each check, with the rules as properties.

use std::fmt::Write as _;

use crate::check::{Kind, Stop};
use crate::run::{Done, Ending, Session};

/// The report, as common CI viewers read it.
pub(crate) fn junit(done: &[Done], session: &Session) -> String {
    let mut cases = String::new();
    let (mut failures, mut errors, mut skipped, mut took) = (0, 0, 0, 0);
    for done in done {
        let broken: Vec<String> = done
            .claims
            .iter()
            .filter(|claim| !claim.held && claim.kind == Kind::Statement)
            .map(|claim| format!("{}: {}; seen: {}", claim.rule, claim.what, claim.seen))
            .collect();
        let mut inner = String::new();
        for rule in done.check.rules {
            let _ = write!(inner, "<property name=\"rule\" value=\"{rule}\"/>");
        }
        let mut body = format!("<properties>{inner}</properties>");
        let element = match &done.ending {
            _ if !broken.is_empty() => {
                failures += 1;
                Some(("failure", broken.join("\n")))
            }
            Ending::Stopped(Stop::Unanswered(why)) => {
                failures += 1;
                Some(("failure", why.clone()))
            }
            Ending::Panicked(why) => {
                errors += 1;
                Some(("error", why.clone()))
            }
            Ending::Unverified(why) | Ending::Stopped(Stop::Unprepared(why)) => {
                skipped += 1;
                Some(("skipped", format!("unverified: {why}")))
            }
            Ending::Stopped(Stop::Unsupported(why)) => {
                skipped += 1;
                Some(("skipped", format!("unsupported: {why}")))
            }
            Ending::Complete => None,
        };
        if let Some((name, text)) = element {
            let text = escape(&session.redact(&text));
            let first = text.lines().next().unwrap_or("");
            let _ = write!(body, "<{name} message=\"{first}\">{text}</{name}>");
        }
        took += done.took_ms;
        let _ = writeln!(
            cases,
            "    <testcase name=\"{}\" classname=\"leap0.{}\" time=\"{}\">{body}</testcase>",
            escape(&done.check.sentence()),
            family(done.check.rules[0]),
            seconds(done.took_ms),
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite \
         name=\"leap0-conformance\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" \
         skipped=\"{skipped}\" time=\"{}\">\n{cases}  </testsuite>\n</testsuites>\n",
        done.len(),
        seconds(took),
    )
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// The letters that a rule's id begins with.
fn family(rule: &str) -> &str {
    rule.split_once('-').map_or(rule, |(family, _)| family)
}

/// Text as it stands in XML and HTML. What XML can't hold is replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
