//! Paths as clients write them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Longest path accepted, in bytes; Linux's `PATH_MAX` less its terminating NUL.
pub const MAX_PATH_BYTES: usize = 4095;
/// Longest single component, in bytes; Linux's `NAME_MAX`.
pub const MAX_NAME_BYTES: usize = 255;

/// An absolute path inside a sandbox: starts with `/`, holds no NUL, at most 4095 bytes.
///
/// It is kept as written. `.`, `..`, doubled slashes and symbolic links are the store's to resolve,
/// because `/link/..` depends on where `link` points.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct FsPath(String);

/// The rule a refused path breaks (FS-01); its `Display` is the client's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathRule {
    /// The path is the empty string.
    #[error("must not be empty")]
    Empty,
    /// The path does not start with `/`.
    #[error("must be an absolute path")]
    Relative,
    /// The path holds a NUL character.
    #[error("must not contain a NUL character")]
    Nul,
    /// The path, or one of its components, is longer than Linux allows.
    #[error("must be at most 4095 bytes, each component at most 255")]
    TooLong,
}

impl FsPath {
    /// The root directory.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Checks `text` and takes it as it is.
    pub fn new(text: impl Into<String>) -> Result<Self, PathRule> {
        let text = text.into();
        check_form(&text)?;
        if text.len() > MAX_PATH_BYTES || text.split('/').any(|c| c.len() > MAX_NAME_BYTES) {
            return Err(PathRule::TooLong);
        }
        Ok(Self(text))
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components, without empty ones and without `.`; `..` is kept.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty() && *part != ".")
    }

    /// The last component, or `/` for the root.
    pub fn name(&self) -> &str {
        self.components().last().unwrap_or("/")
    }

    /// This path with `name` appended. `name` is one component as a directory listing gives it.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let slash = if self.0.ends_with('/') { "" } else { "/" };
        Self(format!("{}{slash}{name}", self.0))
    }

    /// This path without doubled slashes, `.` and a trailing slash; `..` is kept.
    #[must_use]
    pub fn tidy(&self) -> Self {
        let mut text = String::with_capacity(self.0.len());
        for component in self.components() {
            text.push('/');
            text.push_str(component);
        }
        Self(if text.is_empty() { "/".to_owned() } else { text })
    }

    /// Whether this path is written as `other` or as one below it. Links are not resolved, and a
    /// `..` behind the common part counts as leading out of it.
    pub fn is_within(&self, other: &Self) -> bool {
        let mut mine = self.components();
        other.components().all(|component| mine.next() == Some(component))
            && mine.all(|component| component != "..")
    }

    /// Everything before the last component; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let trimmed = self.0.trim_end_matches('/');
        let cut = trimmed.rfind('/')?;
        let parent = trimmed[..cut].trim_end_matches('/');
        Some(Self(if parent.is_empty() { "/".to_owned() } else { parent.to_owned() }))
    }
}

fn check_form(text: &str) -> Result<(), PathRule> {
    if text.is_empty() {
        return Err(PathRule::Empty);
    }
    if text.contains('\0') {
        return Err(PathRule::Nul);
    }
    if !text.starts_with('/') {
        return Err(PathRule::Relative);
    }
    Ok(())
}

/// Of any length: what was found below a path may be longer than a client may write, as
/// [`FsPath::join`] makes it, and an error has to arrive that names it.
impl<'de> Deserialize<'de> for FsPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        check_form(&text).map_err(de::Error::custom)?;
        Ok(Self(text))
    }
}

impl TryFrom<String> for FsPath {
    type Error = PathRule;

    fn try_from(text: String) -> Result<Self, PathRule> {
        Self::new(text)
    }
}

impl From<FsPath> for String {
    fn from(path: FsPath) -> Self {
        path.0
    }
}

impl fmt::Display for FsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_without_nul_and_of_bounded_length() {
        assert_eq!(FsPath::new(""), Err(PathRule::Empty));
        assert_eq!(FsPath::new("a/b"), Err(PathRule::Relative));
        assert_eq!(FsPath::new("/a\0b"), Err(PathRule::Nul));
        assert_eq!(FsPath::new(format!("/{}", "n".repeat(256))), Err(PathRule::TooLong));
        assert_eq!(FsPath::new("/n".repeat(2048)), Err(PathRule::TooLong));
        assert!(FsPath::new("/n".repeat(2047)).is_ok());
    }

    #[test]
    fn parents_and_names_ignore_trailing_slashes() {
        let path = FsPath::new("/a//b/").expect("valid");
        assert_eq!(path.name(), "b");
        assert_eq!(path.parent().expect("not the root").as_str(), "/a");
        assert_eq!(FsPath::new("/a").expect("valid").parent(), Some(FsPath::root()));
        assert_eq!(FsPath::root().parent(), None);
        assert_eq!(FsPath::root().join("x").as_str(), "/x");
    }

    #[test]
    fn tidying_leaves_only_what_could_matter() {
        let tidy = |text: &str| FsPath::new(text).expect("valid").tidy().as_str().to_owned();
        assert_eq!(tidy("//a/./b/../c//"), "/a/b/../c");
        assert_eq!(tidy("/./"), "/");
    }

    #[test]
    fn being_within_is_by_whole_components() {
        let path = |text: &str| FsPath::new(text).expect("valid");
        assert!(path("/a/b/c").is_within(&path("/a//b/")));
        assert!(path("/a").is_within(&path("/a")));
        assert!(path("/a").is_within(&FsPath::root()));
        assert!(!path("/ab").is_within(&path("/a")));
        assert!(!path("/a/../b").is_within(&path("/a")));
    }
}
