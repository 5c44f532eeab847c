//! One rule of the register.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::RuleId;
use crate::operation::Scope;
use crate::source::Source;

/// What an implementation of the API must do, and how sure that is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What tests, code and reports cite the rule by.
    pub id: RuleId,
    /// What must be done. If the sources are silent: the question that they leave open.
    pub sentence: String,
    /// How the sources support the sentence.
    pub statement: Statement,
    /// What this project decided where the sources stop: it binds nobody else.
    pub decision: Option<String>,
    /// Where the sentence was read; for a silent rule, what raised the question.
    #[serde(default)]
    pub source: Vec<Source>,
    /// The operations that the rule is about.
    pub operations: Vec<Scope>,
    /// The flag of the emulator that changes how it keeps the rule, or lets it be seen.
    pub switch: Option<String>,
    /// Whether nearly everything else rests on this rule.
    #[serde(default)]
    pub core: bool,
    /// Why the emulator can't show the rule yet.
    pub not_built: Option<String>,
}

/// How the sources support a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Statement {
    /// A source says it.
    Stated,
    /// An example, a type, or what a published client can't work without.
    Implied,
    /// No source, or sources that contradict each other.
    Silent,
}

/// Why a rule can't stand in the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No text, or text with blanks around it or line breaks in it.
    #[error("{0} must be one line of text without blanks around it")]
    Text(&'static str),
    /// A statement that asks, or a question that states.
    #[error(
        "the sentence must end with a question mark if the sources are silent, else with a full stop"
    )]
    Ending,
    /// The sources are silent and nothing was decided.
    #[error("the sources are silent, so a decision is needed")]
    Undecided,
    /// A statement without its source.
    #[error("stated or implied by no source")]
    Unsourced,
    /// No operations.
    #[error("the rule is about no operation")]
    NoOperations,
    /// Not the name of a long flag.
    #[error("the switch must be a flag such as --max-body")]
    Switch,
    /// Everything would rest on something that nobody can be held to.
    #[error("a core rule must be stated or implied, and built")]
    Core,
}

impl Rule {
    /// Checks what the types don't.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let texts = [
            ("sentence", Some(&self.sentence)),
            ("decision", self.decision.as_ref()),
            ("not_built", self.not_built.as_ref()),
        ];
        for (name, text) in texts {
            if text.is_some_and(|text| !is_line(text)) {
                return Err(Fault::Text(name));
            }
        }
        let silent = self.statement == Statement::Silent;
        if !self.sentence.ends_with(if silent { '?' } else { '.' }) {
            return Err(Fault::Ending);
        }
        if silent && self.decision.is_none() {
            return Err(Fault::Undecided);
        }
        if !silent && self.source.is_empty() {
            return Err(Fault::Unsourced);
        }
        if self.operations.is_empty() {
            return Err(Fault::NoOperations);
        }
        if self.switch.as_deref().is_some_and(|switch| !is_flag(switch)) {
            return Err(Fault::Switch);
        }
        if self.core && (silent || self.not_built.is_some()) {
            return Err(Fault::Core);
        }
        Ok(())
    }

    /// Whether the rule is about `operation`, given by its name.
    pub fn concerns(&self, operation: &str) -> bool {
        self.operations.iter().any(|scope| scope.covers(operation))
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
}

fn is_flag(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    text.strip_prefix("--").is_some_and(|name| name.split('-').all(word))
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stated => "stated",
            Self::Implied => "implied",
            Self::Silent => "silent",
        })
    }
}
