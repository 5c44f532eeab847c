//! The time of an organisation, which whoever has its key may move.

use serde_json::json;

use super::reply::{Call, Reply};
use super::world::World;

/// How keys begin whose organisations have clocks that can be moved.
pub(super) const CLOCK_KEY: &str = "clock-";

impl World {
    /// What an organisation's clock shows at a moment of the server's.
    pub(super) fn time_of(&self, org: &str, now: u64) -> u64 {
        self.organisations.get(org).map_or(now, |organisation| now + organisation.ahead)
    }

    /// `/_emulator/clock`
    pub(super) fn clock(&mut self, org: &str, call: &Call, now: u64) -> Reply {
        if !org.starts_with(CLOCK_KEY) {
            return Reply::problem(404, "no such path");
        }
        let wish: serde_json::Value = serde_json::from_slice(&call.body).unwrap_or_default();
        match (&*call.method, wish["action"].as_str()) {
            ("GET", _) | ("POST", Some("resume")) => {}
            ("POST", Some("advance")) if wish["ms"].is_u64() => {
                self.organisation(org).ahead += wish["ms"].as_u64().unwrap_or(0);
                self.expire(now);
            }
            _ => return Reply::field("action", "must be advance or resume"),
        }
        let shown = self.time_of(org, now);
        Reply::json(200, json!({ "now": self.time(shown), "mode": "system" }))
    }
}
