//! Failures on demand: which calls go wrong, and how.

use serde_json::{Value, json};

use super::fault::Fault;
use super::reply::{Body, Call, Reply};
use super::world::{Step, World};
use crate::schema::operation;

/// A failure to come.
#[derive(Clone, Debug)]
pub(super) struct Mishap {
    /// As it was asked for.
    said: Value,
    /// How many calls it strikes yet.
    first: u64,
    /// When the call that it holds up goes on.
    until: Option<u64>,
}

impl World {
    /// `/_emulator/faults`
    pub(super) fn faults(&mut self, org: &str, call: &Call) -> Reply {
        let wish: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let forgets = self.bug(Fault::FaultsAreForgotten);
        let mishaps = &mut self.organisation(org).mishaps;
        if call.method != "GET" {
            mishaps.clear();
        }
        for said in wish["faults"].as_array().into_iter().flatten().filter(|_| !forgets) {
            let first = said["first"].as_u64().unwrap_or(u64::MAX);
            mishaps.push(Mishap { said: said.clone(), first, until: None });
        }
        if call.method == "DELETE" {
            return Reply::done();
        }
        let shown: Vec<_> = mishaps.iter().map(|mishap| &mishap.said).collect();
        Reply::json(200, json!({ "faults": shown }))
    }

    /// Takes a request that may be told to fail.
    pub(super) fn take_or_fail(
        &mut self,
        org: &str,
        call: &Call,
        now: u64,
        take: impl FnOnce(&mut Self) -> Result<Step, Reply>,
    ) -> Result<Step, Reply> {
        let what = operation(&call.method, &call.path);
        let time = self.time_of(org, now);
        let mishaps = self.organisations.get_mut(org).map(|org| &mut org.mishaps);
        let struck = mishaps.into_iter().flatten().find(|mishap| {
            mishap.first > 0 && what.as_ref().is_some_and(|what| mishap.said["operation"] == **what)
        });
        let Some(mishap) = struck else { return take(self) };
        if let Some(delay) = mishap.said["delay_ms"].as_u64() {
            if time < *mishap.until.get_or_insert(time + delay) {
                return Ok(Step::Wait);
            }
            mishap.first -= 1;
            return take(self);
        }
        mishap.first -= 1;
        let answer = &mishap.said["answer"];
        if let Some(Ok(status)) = answer["status"].as_u64().map(u16::try_from) {
            let reply = Reply::problem(status, "failure on demand");
            let after = answer["retry_after"].as_u64().unwrap_or(0).to_string();
            return Err(reply.with("retry-after", &after));
        }
        // Wherever in the middle it fails: it is done, and undone.
        let before = self.organisations.get(org).cloned().unwrap_or_default();
        let step = match take(self)? {
            Step::Later(0, finish) => self.finish(finish, now),
            step => step,
        };
        let made = match step {
            Step::Reply(reply) if reply.status >= 400 => return Err(reply),
            Step::Reply(Reply { body: Body::Json(made), .. }) => made,
            Step::Reply(_) | Step::Later(..) | Step::Wait => Value::Null,
        };
        let stays = self.bug(Fault::FailedCaptureIsStored) && made["name"].is_string();
        let runs = self.bug(Fault::FailedLaunchStays) && made["state"] == "running";
        if !stays && !runs {
            self.organisations.insert(org.to_owned(), before);
        }
        Err(Reply::problem(503, "failure on demand"))
    }
}
