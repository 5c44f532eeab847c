//! Which client a request comes from, and which era it speaks.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::USER_AGENT;

/// A client, as its headers tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sdk {
    /// `leap0-python`, `leap0-js`, `leap0-go`, or the user agent.
    pub(crate) name: String,
    /// Its version, where it tells.
    pub(crate) version: Option<String>,
}

/// The four dialects of the API's control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// `memory_mib` and `timeout_min`; `snapshot/pause` and `snapshot/resume`.
    A,
    /// `memory` and `timeout` in seconds; the same paths.
    B,
    /// `kill_sandbox_after` and `snapshot/restore`.
    C,
    /// `stop` and `start` besides.
    D,
}

/// Longest name kept, in characters.
const MAX_NAME: usize = 100;

impl Sdk {
    /// Reads the headers that the SDKs send.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let name = match text("leap0-source") {
            Some("sdk-python") => "leap0-python",
            Some("sdk-ts") => "leap0-js",
            Some("sdk-go") => "leap0-go",
            Some(other) => other,
            None => text(USER_AGENT.as_str()).unwrap_or("unknown"),
        };
        Self {
            name: name.chars().take(MAX_NAME).collect(),
            version: text("leap0-sdk-version").map(|text| text.chars().take(MAX_NAME).collect()),
        }
    }

    /// The era of a known client. Python up to 0.2.0 sends only the name of its HTTP library.
    pub(crate) fn era(&self) -> Option<Era> {
        let number = |part: Option<&str>| part.and_then(|text| text.parse::<u32>().ok());
        let version = self.version.as_deref().map(|version| {
            let mut parts = version.split('.');
            (number(parts.next()).unwrap_or(0), number(parts.next()).unwrap_or(0))
        });
        match (self.name.as_str(), version) {
            ("leap0-python", Some(version)) if version < (0, 7) => Some(Era::A),
            ("leap0-python", Some((0, 7))) => Some(Era::B),
            ("leap0-python", Some(_)) => Some(Era::C),
            ("leap0-js", Some(version)) if version < (0, 5) => Some(Era::A),
            ("leap0-js", Some((0, 5))) => Some(Era::B),
            ("leap0-js", Some(_)) => Some(Era::C),
            ("leap0-go", _) => Some(Era::D),
            (name, _) if name.starts_with("python-httpx/") => Some(Era::A),
            _ => None,
        }
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.iter().try_for_each(|version| write!(f, " {version}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn era(source: &str, version: &str) -> Option<Era> {
        let mut headers = HeaderMap::new();
        headers.insert("leap0-source", source.parse().unwrap());
        headers.insert("leap0-sdk-version", version.parse().unwrap());
        Sdk::of(&headers).era()
    }

    #[test]
    fn every_published_client_is_placed_in_its_era() {
        assert_eq!(era("sdk-python", "0.3.0"), Some(Era::A));
        assert_eq!(era("sdk-python", "0.6.1"), Some(Era::A));
        assert_eq!(era("sdk-python", "0.7.0"), Some(Era::B));
        assert_eq!(era("sdk-python", "0.8.0"), Some(Era::C));
        assert_eq!(era("sdk-ts", "0.4.1"), Some(Era::A));
        assert_eq!(era("sdk-ts", "0.5.1"), Some(Era::B));
        assert_eq!(era("sdk-go", "0.1.0"), Some(Era::D));
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, "python-httpx/0.28.1".parse().unwrap());
        assert_eq!(Sdk::of(&headers).era(), Some(Era::A));
        headers.insert(USER_AGENT, "curl/8.5".parse().unwrap());
        assert_eq!(Sdk::of(&headers).era(), None);
    }
}
