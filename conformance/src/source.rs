//! Where a rule comes from.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The code of a source, as the head of `spec/rules.toml` explains them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Source(String);

/// A text that is not the code of a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the code of a source")]
pub struct UnknownSource(String);

/// Sources that there is one of.
const SINGLE: &[&str] = &["SEED", "GO1", "GO2", "MCP", "LC", "ADK", "CONTROL"];
/// Collections of pages: the code is followed by the page's name.
const PAGES: &[&str] = &["DOC:", "WEB:"];
/// Clients with versions: the code alone, or with a version, or with a bound and a version.
const CLIENTS: &[&str] = &["PY", "JS"];
/// Versions of the schema, alone or from one to another.
const SCHEMAS: &[&str] = &["O1", "O2", "O3", "O4"];

impl TryFrom<String> for Source {
    type Error = UnknownSource;

    fn try_from(code: String) -> Result<Self, UnknownSource> {
        let page = |prefix: &&str| code.strip_prefix(*prefix).is_some_and(is_page);
        let client = |prefix: &&str| code.strip_prefix(*prefix).is_some_and(is_version);
        let known = SINGLE.contains(&code.as_str())
            || PAGES.iter().any(page)
            || CLIENTS.iter().any(client)
            || is_schemas(&code);
        if known { Ok(Self(code)) } else { Err(UnknownSource(code)) }
    }
}

fn is_page(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn is_version(text: &str) -> bool {
    let bounded = text.strip_prefix("<=").or_else(|| text.strip_prefix(">="));
    let number = |part: &str| part.parse::<u8>().is_ok();
    let version = bounded.unwrap_or(text);
    text.is_empty() || (version.split('.').count() == 3 && version.split('.').all(number))
}

fn is_schemas(code: &str) -> bool {
    let place = |name: &str| SCHEMAS.iter().position(|known| *known == name);
    match code.split_once('-') {
        Some((first, last)) => {
            place(first).zip(place(last)).is_some_and(|(first, last)| first < last)
        }
        None => place(code).is_some(),
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_that_are_explained_are_sources() {
        for code in ["SEED", "O1", "O2-O4", "DOC:api-keys", "PY", "PY0.4.0", "JS<=0.5.1"] {
            assert!(Source::try_from(code.to_owned()).is_ok(), "{code}");
        }
        for code in
            ["", "seed", "O5", "O4-O1", "O1-", "DOC:", "DOC", "PY0.4", "PY=0.4.0", "PY<=", "GO"]
        {
            assert!(Source::try_from(code.to_owned()).is_err(), "{code}");
        }
    }
}
