//! Rules that a target is known to break.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::moment;
use crate::register;

/// The list of rules that may be broken, each with the reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(BTreeMap<String, String>);

/// Why a file is no such list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadKnown {
    #[error("cannot read it: {0}")]
    Read(#[from] std::io::Error),
    #[error("line {line}: {message}")]
    Syntax { line: usize, message: String },
    #[error("{0} is no rule of the register")]
    NoRule(String),
    #[error("{0} is listed without a reason")]
    NoReason(String),
    #[error("the entry of {0} expired on {1}: mend the target or renew the entry")]
    Expired(String, String),
    #[error("{0} is listed twice")]
    Twice(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    reason: String,
    /// A day, `2026-12-31`, after which the entry no longer counts.
    expires: Option<String>,
}

impl Known {
    pub(crate) fn read(path: &Path) -> Result<Self, BadKnown> {
        Self::parse(&std::fs::read_to_string(path)?, &moment::rfc3339(moment::now_ms())[..10])
    }

    fn parse(text: &str, today: &str) -> Result<Self, BadKnown> {
        let file: File = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
            BadKnown::Syntax { line, message: error.message().to_owned() }
        })?;
        let mut known = BTreeMap::new();
        for entry in file.rule {
            if register().get(&entry.id).is_none() {
                return Err(BadKnown::NoRule(entry.id));
            }
            if entry.reason.trim().is_empty() {
                return Err(BadKnown::NoReason(entry.id));
            }
            if let Some(day) = entry.expires.filter(|day| &**day < today) {
                return Err(BadKnown::Expired(entry.id, day));
            }
            if known.insert(entry.id.clone(), entry.reason).is_some() {
                return Err(BadKnown::Twice(entry.id));
            }
        }
        Ok(Self(known))
    }

    /// Why a rule may be broken.
    pub(crate) fn reason(&self, rule: &str) -> Option<&str> {
        self.0.get(rule).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Known, String> {
        Known::parse(text, "2026-06-01").map_err(|error| error.to_string())
    }

    #[test]
    fn an_entry_has_a_rule_a_reason_and_perhaps_an_end() {
        let text =
            "[[rule]]\nid = \"SB-DEL-03\"\nreason = \"answers 204\"\nexpires = \"2026-06-01\"";
        assert_eq!(parse(text).unwrap().reason("SB-DEL-03"), Some("answers 204"));
        for (bad, fault) in [
            ("[[rule]]\nid = \"SB-DEL-03\"", "line 1: missing field `reason`"),
            (
                "[[rule]]\nid = \"SB-DEL-03\"\nreason = \" \"",
                "SB-DEL-03 is listed without a reason",
            ),
            ("[[rule]]\nid = \"X\"\nreason = \"r\"", "X is no rule of the register"),
            (
                "[[rule]]\nid = \"SB-DEL-03\"\nreason = \"r\"\nexpires = \"2026-05-31\"",
                "the entry of SB-DEL-03 expired on 2026-05-31: mend the target or renew the entry",
            ),
        ] {
            assert_eq!(parse(bad).unwrap_err(), fault);
        }
        assert!(parse("x = 1").unwrap_err().starts_with("line 1: unknown field `x`"));
    }
}
