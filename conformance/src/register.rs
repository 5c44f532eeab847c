//! The register: every rule, in the order of [`FAMILIES`](crate::FAMILIES).

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::id::RuleId;
use crate::rule::{Fault, Rule};

/// The rules of the API.
#[derive(Debug)]
pub struct Register {
    rules: Vec<Rule>,
    places: HashMap<String, usize>,
}

/// Why a text is no register.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// Not TOML, or not the fields that a rule has.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// One id for two rules.
    #[error("{0} is there twice")]
    Twice(RuleId),
    /// Rules that are not in the order of their families and numbers.
    #[error("{after} must stand before {before}")]
    Unsorted {
        /// The rule that comes first in the file.
        before: RuleId,
        /// The rule that follows it.
        after: RuleId,
    },
    /// A rule that is wrong in itself.
    #[error("{id}: {fault}")]
    Rule {
        /// The rule.
        id: RuleId,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Rule>,
}

/// The register that this crate was built with.
pub fn register() -> &'static Register {
    static REGISTER: LazyLock<Register> = LazyLock::new(|| {
        Register::parse(include_str!("../spec/rules.toml")).expect("a test reads the same file")
    });
    &REGISTER
}

impl Register {
    /// Reads a register in the format of `spec/rules.toml`.
    pub fn parse(text: &str) -> Result<Self, RegisterError> {
        let File { rule: rules } =
            toml::from_str(text).map_err(|error| RegisterError::syntax(text, &error))?;
        let mut places = HashMap::new();
        for (place, rule) in rules.iter().enumerate() {
            if places.insert(rule.id.as_str().to_owned(), place).is_some() {
                return Err(RegisterError::Twice(rule.id.clone()));
            }
            rule.check().map_err(|fault| RegisterError::Rule { id: rule.id.clone(), fault })?;
        }
        if let Some(pair) = rules.windows(2).find(|pair| pair[0].id.place() > pair[1].id.place()) {
            let [before, after] = [&pair[0].id, &pair[1].id].map(Clone::clone);
            return Err(RegisterError::Unsorted { before, after });
        }
        Ok(Self { rules, places })
    }

    /// The rule with this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.places.get(id).map(|place| &self.rules[*place])
    }

    /// Every rule, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.rules.iter()
    }
}

impl<'a> IntoIterator for &'a Register {
    type Item = &'a Rule;
    type IntoIter = std::slice::Iter<'a, Rule>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl RegisterError {
    fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        Self::Syntax { line, message }
    }
}

#[cfg(test)]
mod tests;
