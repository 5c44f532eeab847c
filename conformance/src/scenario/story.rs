//! The format of a story, read strictly. `scenarios/README.md` is its grammar.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::register;
use crate::target::{Capability, CapabilityFlag};

/// A story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    /// What it tells, in a sentence.
    #[serde(rename = "story")]
    pub(crate) tells: String,
    /// The rules that it is about.
    pub(crate) rules: Spanned<Vec<String>>,
    /// What a target must be able to do for it.
    #[serde(default = "nothing")]
    needs: Spanned<Vec<String>>,
    /// How many sandboxes it has at once.
    #[serde(default = "one")]
    pub(crate) live: usize,
    #[serde(rename = "step")]
    pub(crate) steps: Vec<Spanned<Step>>,
}

/// One step of a story.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// What happens, for people.
    pub(crate) say: Option<String>,
    /// Method and path.
    pub(crate) request: Option<String>,
    /// A JSON body.
    pub(crate) body: Option<Value>,
    /// A body as it is.
    pub(crate) bytes: Option<String>,
    /// `own` (the default), `other` or `none`.
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) expect: Expect,
    /// Names for what stands at JSON pointers of the answer.
    #[serde(default)]
    pub(crate) capture: BTreeMap<String, String>,
    /// JSON pointers and the values that are waited for; `status` is the status.
    pub(crate) until: Option<BTreeMap<String, Value>>,
    /// How often it is done; `${n}` counts from 1.
    pub(crate) repeat: Option<u32>,
    /// Seconds that pass: by the target's clock if it has one to move, else by the wall's.
    pub(crate) clock: Option<u64>,
    /// Requests that are sent at once.
    pub(crate) parallel: Option<Vec<Step>>,
    /// Of parallel requests: how many are answered with each status.
    pub(crate) tally: Option<BTreeMap<String, u32>>,
    /// Hang up after so many milliseconds instead of waiting for the answer.
    pub(crate) hang_up: Option<u64>,
}

/// What an answer has to be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// One status, or any of several.
    pub(crate) status: Option<Value>,
    /// JSON pointers and the values there.
    #[serde(default)]
    pub(crate) json: BTreeMap<String, Value>,
    /// JSON pointers and values that must not be there.
    #[serde(default)]
    pub(crate) not: BTreeMap<String, Value>,
    /// The whole body.
    pub(crate) text: Option<String>,
    /// Headers that must be there.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}

/// Why a file is no story.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub(crate) struct BadStory {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
}

/// Checks a text without telling it to any server; what is wrong with it, and where.
pub fn check_story(text: &str) -> Result<(), String> {
    Story::parse(text).map(drop).map_err(|bad| bad.to_string())
}

fn one() -> usize {
    1
}

fn nothing() -> Spanned<Vec<String>> {
    Spanned::new(0..0, Vec::new())
}

/// Names that need no capture.
const BUILT_IN: [&str; 3] = ["template", "name", "n"];

impl Story {
    pub(crate) fn parse(text: &str) -> Result<Self, BadStory> {
        let at = |span: Option<Range<usize>>, message: String| {
            let start = span.map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or(text);
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            BadStory { line: before.matches('\n').count() + 1, column, message }
        };
        let story: Self = toml::from_str(text)
            .map_err(|error| at(error.span(), error.message().replace('\n', " ")))?;
        for rule in story.rules.get_ref() {
            if register().get(rule).is_none() {
                return Err(at(Some(story.rules.span()), format!("{rule} is no rule")));
            }
        }
        for need in story.needs.get_ref() {
            format!("{need}=on")
                .parse::<CapabilityFlag>()
                .map_err(|why| at(Some(story.needs.span()), why))?;
        }
        let mut known: BTreeSet<String> = BUILT_IN.map(str::to_owned).into();
        for step in &story.steps {
            let fault = step.get_ref().fault(&known);
            if let Some(message) = fault {
                return Err(at(Some(step.span()), message));
            }
            step.get_ref().names(&mut known);
        }
        Ok(story)
    }

    /// What the target must be able to do.
    pub(crate) fn needs(&self) -> Vec<Capability> {
        let flags = self.needs.get_ref().iter();
        flags
            .filter_map(|need| format!("{need}=on").parse().ok())
            .map(|f: CapabilityFlag| f.0)
            .collect()
    }
}

impl Step {
    /// The names that are known after it.
    fn names(&self, known: &mut BTreeSet<String>) {
        known.extend(self.capture.keys().cloned());
        for step in self.parallel.iter().flatten() {
            step.names(known);
        }
    }

    /// What is wrong with it.
    fn fault(&self, known: &BTreeSet<String>) -> Option<String> {
        let kinds = [self.request.is_some(), self.clock.is_some(), self.parallel.is_some()];
        if kinds.into_iter().filter(|kind| *kind).count() != 1 {
            return Some("a step has one of request, clock and parallel".to_owned());
        }
        if let Some(request) = &self.request {
            let method = request.split_once(' ').map(|(method, _)| method);
            let path = request.split_once(' ').map_or("", |(_, path)| path);
            let verbs = ["GET", "POST", "DELETE", "PUT", "PATCH"];
            if !method.is_some_and(|method| verbs.contains(&method)) || !path.starts_with('/') {
                return Some(format!("{request:?} is no request such as \"GET /v1/sandboxes\""));
            }
        }
        if self.key.as_deref().is_some_and(|key| !["own", "other", "none"].contains(&key)) {
            return Some("a key is own, other or none".to_owned());
        }
        if self.tally.is_some() && self.parallel.is_none() {
            return Some("a tally is of parallel requests".to_owned());
        }
        let mut texts = vec![self.request.clone().unwrap_or_default()];
        texts.extend(self.bytes.clone());
        texts.extend(self.body.as_ref().map(ToString::to_string));
        texts.extend(self.expect.text.clone());
        texts.extend(self.expect.json.values().map(ToString::to_string));
        for text in &texts {
            if let Some(name) = holes(text).into_iter().find(|name| !known.contains(*name)) {
                return Some(format!("${{{name}}} was not captured before"));
            }
        }
        self.parallel.iter().flatten().find_map(|step| step.fault(known))
    }
}

/// The names in `${…}`.
pub(super) fn holes(text: &str) -> Vec<&str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "story = \"s\"\nrules = [\"SB-DEL-03\"]\n";

    fn fault(rest: &str) -> String {
        Story::parse(&format!("{HEAD}{rest}")).unwrap_err().to_string()
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        for (rest, wanted) in [
            (
                "[[step]]\nrequest = \"GET /x\"\nsleep = 1\n",
                "line 5, column 1: unknown field `sleep`",
            ),
            ("[[step]]\nrequest = \"FETCH /x\"\n", "line 3, column 1: \"FETCH /x\" is no request"),
            ("[[step]]\nsay = \"x\"\n", "line 3, column 1: a step has one of request"),
            (
                "[[step]]\nrequest = \"GET /v1/sandbox/${it}\"\n",
                "line 3, column 1: ${it} was not captured before",
            ),
            ("[[step]]\nrequest = \"GET /x\"\nkey = \"mine\"\n", "line 3, column 1: a key is own"),
            ("needs = [\"wings\"]\n[[step]]\nclock = 1\n", "line 3, column 9: no capability wings"),
        ] {
            let told = fault(rest);
            assert!(told.starts_with(wanted), "{told}");
        }
        let rule = Story::parse("story = \"s\"\nrules = [\"X\"]\n[[step]]\nclock = 1\n");
        assert_eq!(rule.unwrap_err().to_string(), "line 2, column 9: X is no rule");
    }
}
