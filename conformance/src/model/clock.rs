//! The time of an organisation, which whoever has its key may move.

use serde_json::json;

use super::fault::Fault;
use super::reply::{Call, Reply};
use super::world::{Organisation, World};

/// How an organisation's time differs from the server's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// It goes, at this distance in milliseconds.
    Ahead(i64),
    /// It stands at this moment.
    At(u64),
}

impl Default for Pace {
    fn default() -> Self {
        Self::Ahead(0)
    }
}

impl Pace {
    /// What it shows at a moment of the server's.
    pub(super) fn shown(self, now: u64) -> u64 {
        match self {
            Self::Ahead(by) => now.saturating_add_signed(by),
            Self::At(moment) => moment,
        }
    }

    /// What shows this at a moment of the server's, going or standing as before.
    fn showing(self, moment: u64, now: u64) -> Self {
        match self {
            Self::Ahead(_) => Self::Ahead(moment.cast_signed() - now.cast_signed()),
            Self::At(_) => Self::At(moment),
        }
    }

    fn mode(self) -> &'static str {
        match self {
            Self::Ahead(_) => "system",
            Self::At(_) => "frozen",
        }
    }
}

impl World {
    /// What an organisation's clock shows at a moment of the server's.
    pub(super) fn time_of(&self, org: &str, now: u64) -> u64 {
        self.organisations.get(org).map_or(now, |organisation| organisation.pace.shown(now))
    }

    /// `/_emulator/clock`
    pub(super) fn clock(&mut self, org: &str, call: &Call, now: u64) -> Reply {
        let wish: serde_json::Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let to = wish["to"].as_str().and_then(crate::moment::parse);
        let moves = self.bug(Fault::ClockDoesNotStand);
        let jumps = self.bug(Fault::ClockJumps);
        let Organisation { pace, .. } = self.organisation(org);
        let shown = pace.shown(now);
        match (&*call.method, wish["action"].as_str()) {
            ("GET", _) => {}
            ("POST", Some("resume")) => *pace = Pace::Ahead(0).showing(shown, now),
            ("POST", Some("freeze")) if moves => {}
            ("POST", Some("freeze")) => *pace = Pace::At(shown),
            ("POST", Some("advance")) if wish["ms"].is_u64() => {
                *pace = pace.showing(shown + wish["ms"].as_u64().unwrap_or(0), now);
            }
            ("POST", Some("set")) if to.is_some() => {
                let moment = to.unwrap_or_default().unsigned_abs();
                *pace = pace.showing(moment, now);
            }
            _ => return Reply::field("action", "must be freeze, resume, advance or set"),
        }
        let pace = *pace;
        if jumps {
            self.jump(org, now);
        }
        self.expire(now);
        let shown = pace.shown(now);
        Reply::json(200, json!({ "now": crate::moment::rfc3339(shown), "mode": pace.mode() }))
    }

    /// Everything that fell due happens now, whenever it was due.
    fn jump(&mut self, org: &str, now: u64) {
        let organisation = self.organisation(org);
        let now = organisation.pace.shown(now);
        for sandbox in organisation.sandboxes.values_mut() {
            sandbox.deadline = sandbox.deadline.map(|due| if due < now { now } else { due });
        }
    }
}
