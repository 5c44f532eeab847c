//! Keys and the organisations they belong to.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::str::FromStr;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use leap0_emulator_core::id::OrgId;
use sha2::{Digest as _, Sha256};

/// The header that leaves `authorization` to the application inside the sandbox (AUTH-06).
const LEAP0_AUTHORIZATION: &str = "leap0-authorization";

/// An accepted key, as `--api-key KEY[:ORG]` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    key: String,
    org: OrgId,
}

impl FromStr for ApiKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, org) = text.split_once(':').unwrap_or((text, text));
        if key.is_empty() || org.is_empty() {
            return Err("must be KEY or KEY:ORG, neither of them empty");
        }
        if key.contains(char::is_whitespace) {
            return Err("a key must not contain white space");
        }
        Ok(Self { key: key.to_owned(), org: named(org) })
    }
}

/// Who may use the API.
#[derive(Clone, Debug)]
pub enum Keys {
    /// Any key that is not empty, each its own organisation.
    Any,
    /// These only.
    Only(HashMap<String, OrgId>),
}

impl Keys {
    /// Restricts to the given keys; none given lets any in.
    pub fn new(keys: Vec<ApiKey>) -> Self {
        if keys.is_empty() {
            Self::Any
        } else {
            Self::Only(keys.into_iter().map(|ApiKey { key, org }| (key, org)).collect())
        }
    }

    /// The organisation of a request, or why it has none (AUTH-01, AUTH-04).
    pub(crate) fn organisation(&self, headers: &HeaderMap) -> Result<OrgId, &'static str> {
        // AUTH-06: one that is present but wrong does not fall back to the other.
        let value = headers
            .get(LEAP0_AUTHORIZATION)
            .or_else(|| headers.get(AUTHORIZATION))
            .ok_or("missing API key: send it in the authorization or leap0-authorization header")?;
        self.organisation_of(value.to_str().unwrap_or_default()).ok_or("invalid API key")
    }

    /// The organisation of a key, with or without its scheme word.
    pub(crate) fn organisation_of(&self, value: &str) -> Option<OrgId> {
        let key = bare(value);
        match self {
            _ if key.is_empty() || is_basic(key) => None,
            Self::Any => Some(named(key)),
            Self::Only(keys) => keys.get(key).cloned(),
        }
    }
}

/// The organisation of a name, which is a key where none is given. It stands in data folders, and a
/// key must not.
fn named(name: &str) -> OrgId {
    let digest = Sha256::digest(name);
    let digits = digest.iter().take(16).fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    OrgId::new(&format!("org-{digits}"))
}

/// The key without the scheme word, which is optional (AUTH-02) and in any case (AUTH-03).
fn bare(value: &str) -> &str {
    let value = value.trim();
    match value.split_once(char::is_whitespace) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        None if value.eq_ignore_ascii_case("bearer") => "",
        Some(_) | None => value,
    }
}

/// What a browser sends for `user@host` is no key (AUTH-10).
fn is_basic(key: &str) -> bool {
    key.split_once(char::is_whitespace)
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_key_is_taken_in_all_four_forms() {
        for header in ["authorization", LEAP0_AUTHORIZATION] {
            for value in ["k1", "Bearer k1", "bEARER  k1", "  Bearer k1 "] {
                let org = Keys::Any.organisation(&with(&[(header, value)]));
                assert_eq!(org, Ok(named("k1")), "{header}: {value}");
            }
        }
    }

    #[test]
    fn an_absent_empty_or_basic_key_is_refused() {
        assert!(Keys::Any.organisation(&HeaderMap::new()).is_err());
        for value in ["", "Bearer", "Bearer ", "Basic c2J4Og=="] {
            assert!(Keys::Any.organisation(&with(&[("authorization", value)])).is_err(), "{value}");
        }
    }

    #[test]
    fn the_leap0_header_wins_and_does_not_fall_back() {
        let keys = Keys::new(vec!["good:acme".parse().unwrap()]);
        let both = with(&[("authorization", "for-the-app"), (LEAP0_AUTHORIZATION, "good")]);
        assert_eq!(keys.organisation(&both), Ok(named("acme")));
        let wrong = with(&[("authorization", "good"), (LEAP0_AUTHORIZATION, "bad")]);
        assert!(keys.organisation(&wrong).is_err());
    }

    #[test]
    fn several_keys_can_share_an_organisation() {
        let keys = Keys::new(vec!["a:acme".parse().unwrap(), "b:acme".parse().unwrap()]);
        let of = |key| keys.organisation(&with(&[("authorization", key)]));
        assert_eq!(of("a"), of("b"));
        assert!(of("c").is_err());
    }
}
