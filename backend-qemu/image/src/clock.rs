//! The one place that reads the time of day.

use chrono::{DateTime, SecondsFormat, Utc};

/// Now, as RFC 3339 with seconds.
pub(crate) fn now() -> String {
    #[expect(clippy::disallowed_methods, reason = "a build happens in real time; nothing waits")]
    let now = std::time::SystemTime::now();
    DateTime::<Utc>::from(now).to_rfc3339_opts(SecondsFormat::Secs, true)
}
