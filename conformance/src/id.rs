//! Ids of rules.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::family::{FAMILIES, Family};

/// The id of a rule, such as `SNAP-CREATE-03`. Ids are never given to another rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleId {
    text: String,
    family: usize,
    place: usize,
}

/// A text that can't be the id of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of a rule, such as AUTH-01, FS-OP-LS or STATE-GET-RUNNING")]
pub struct BadId(String);

impl RuleId {
    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The family of the rule.
    pub fn family(&self) -> &'static Family {
        &FAMILIES[self.family]
    }

    /// Where the rule stands in the register.
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.family, self.place)
    }
}

impl TryFrom<String> for RuleId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        let found = FAMILIES.iter().enumerate().find_map(|(index, family)| {
            let tail = text.strip_prefix(family.prefix)?.strip_prefix('-')?;
            Some((index, family.members.place(tail)?))
        });
        match found {
            Some((family, place)) => Ok(Self { text, family, place }),
            None => Err(BadId(text)),
        }
    }
}

impl From<RuleId> for String {
    fn from(id: RuleId) -> Self {
        id.text
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Result<RuleId, BadId> {
        RuleId::try_from(text.to_owned())
    }

    #[test]
    fn an_id_belongs_to_the_family_that_it_begins_with() {
        for (text, family) in [
            ("SB-05", "SB"),
            ("SB-CREATE-12", "SB-CREATE"),
            ("FS-22", "FS"),
            ("FS-OP-WRITE-FILES", "FS-OP"),
            ("STATE-SNAPSHOT-SNAPSHOTTING", "STATE"),
        ] {
            assert_eq!(id(text).unwrap().family().prefix, family);
        }
    }

    #[test]
    fn what_no_family_has_is_no_id() {
        for text in [
            "",
            "AUTH",
            "AUTH-",
            "AUTH-1",
            "AUTH-00",
            "AUTH-001",
            "AUTH-0x",
            "auth-01",
            "AUTH-01 ",
            "TPL-01",
            "FS-OP-",
            "FS-OP-ls",
            "FS-OP-LS-",
            "STATE-GET",
            "STATE-GET-ASLEEP",
            "STATE-READ-RUNNING",
            "AUTH-+1",
        ] {
            assert_eq!(id(text), Err(BadId(text.to_owned())));
        }
    }
}
