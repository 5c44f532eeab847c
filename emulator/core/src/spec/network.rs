//! What a sandbox may reach.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A network policy, echoed as it was given (NET-06); cheap to clone.
///
/// The wire checks it (NET-01 to NET-05); here it is a value that is stored with a sandbox and its
/// snapshots, and enforced by back ends that have a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy(Arc<NetworkRules>);

/// The parts of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRules {
    /// What holds for everything that no list names.
    pub mode: NetworkMode,
    /// Names that may be reached in custom mode, at most 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_domains: Option<Vec<String>>,
    /// IPv4 ranges that may be reached in custom mode, at most 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_cidrs: Option<Vec<String>>,
    /// Header changes on requests to a name, at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transforms: Option<Vec<Transform>>,
}

/// A policy's base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkMode {
    /// Everything can be reached.
    #[default]
    AllowAll,
    /// Nothing can be reached.
    DenyAll,
    /// Only what the lists name can be reached.
    Custom,
}

/// Header changes on requests to one name (NET-04).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transform {
    /// The name the requests go to.
    pub domain: String,
    /// Headers to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inject_headers: Option<BTreeMap<String, String>>,
    /// Headers to remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip_headers: Option<Vec<String>>,
}

/// Without the values of injected headers: they are secrets, and logs are not for them.
impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let injected = self.inject_headers.as_ref().map(|headers| headers.keys());
        f.debug_struct("Transform")
            .field("domain", &self.domain)
            .field("inject_headers", &injected)
            .field("strip_headers", &self.strip_headers)
            .finish()
    }
}

impl NetworkPolicy {
    /// Makes a policy of its parts.
    pub fn new(rules: NetworkRules) -> Self {
        Self(Arc::new(rules))
    }

    /// The parts.
    pub fn rules(&self) -> &NetworkRules {
        &self.0
    }
}

/// Allow-all, the policy of a sandbox that asked for none (SB-CREATE-10).
impl Default for NetworkPolicy {
    fn default() -> Self {
        Self::new(NetworkRules::default())
    }
}
