//! Environment variables.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A set of environment variables; cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvVars(Arc<BTreeMap<String, String>>);

/// The rule a refused variable breaks (SB-CREATE-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvRule {
    /// The name is the empty string.
    #[error("name must not be empty")]
    EmptyName,
    /// The name holds `=` or NUL.
    #[error("name must not contain '=' or a NUL character")]
    Name,
    /// The value holds NUL.
    #[error("value must not contain a NUL character")]
    Value,
}

/// Names alone: the values are secrets, and logs are not for them.
impl fmt::Debug for EnvVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl EnvVars {
    /// Checks one variable.
    pub fn check(name: &str, value: &str) -> Result<(), EnvRule> {
        if name.is_empty() {
            return Err(EnvRule::EmptyName);
        }
        if name.contains(['=', '\0']) {
            return Err(EnvRule::Name);
        }
        if value.contains('\0') {
            return Err(EnvRule::Value);
        }
        Ok(())
    }

    /// Takes variables, each of which has to pass [`check`](Self::check).
    pub fn new(vars: BTreeMap<String, String>) -> Result<Self, EnvRule> {
        for (name, value) in &vars {
            Self::check(name, value)?;
        }
        Ok(Self(Arc::new(vars)))
    }

    /// Name and value pairs in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
