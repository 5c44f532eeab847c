//! Names of snapshots.

use std::fmt;
use std::sync::Arc;

/// A snapshot's name: 1 to 64 characters after trimming, without control characters,
/// case-sensitive, unique within an organisation (SNAP-CREATE-06,
/// SNAP-CREATE-07, SNAP-CREATE-08).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotName(Arc<str>);

/// The rule a refused name breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameRule {
    /// Nothing is left after trimming, or more than 64 characters are.
    #[error("must be between 1 and 64 characters")]
    Length,
    /// It holds a control character.
    #[error("must not contain control characters")]
    Control,
}

impl SnapshotName {
    /// Most characters of a name.
    pub const MAX_CHARS: usize = 64;

    /// Trims and checks a name.
    pub fn new(text: &str) -> Result<Self, NameRule> {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.chars().count() > Self::MAX_CHARS {
            return Err(NameRule::Length);
        }
        if trimmed.chars().any(char::is_control) {
            return Err(NameRule::Control);
        }
        Ok(Self(trimmed.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_counted_in_characters() {
        assert_eq!(SnapshotName::new("  a ").expect("valid").as_str(), "a");
        assert_eq!(SnapshotName::new(" \t"), Err(NameRule::Length));
        assert!(SnapshotName::new(&"é".repeat(64)).is_ok());
        assert_eq!(SnapshotName::new(&"é".repeat(65)), Err(NameRule::Length));
        assert_eq!(SnapshotName::new("a\nb"), Err(NameRule::Control));
    }
}
