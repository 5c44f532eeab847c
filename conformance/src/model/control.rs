//! Organisations as a whole: forgotten, copied, written down and restarted.
//!
//! Only those whose keys say that they are somebody's own can be controlled.

use serde_json::{Value, json};

use super::clock::Pace;
use super::fault::Fault;
use super::reply::{Call, Reply};
use super::world::{Organisation, World};

/// How keys begin whose organisations can be controlled.
pub(super) const OWN_KEY: &str = "clock-";

/// What was written down.
#[derive(Clone, Debug)]
pub(super) struct Exported {
    file: Value,
    organisation: Organisation,
    now: u64,
}

impl World {
    /// A path below `/_emulator/`.
    pub(super) fn control(&mut self, org: &str, call: &Call, now: u64) -> Reply {
        let path = call.path.trim_start_matches("/_emulator/");
        if path == "capabilities" {
            let backend = json!({ "fork": true, "export": true });
            return Reply::json(200, json!({ "backend": backend }));
        }
        if !org.starts_with(OWN_KEY) {
            return Reply::problem(404, "no such path");
        }
        match (&*call.method, path) {
            ("GET" | "POST", "clock") => self.clock(org, call, now),
            ("POST", "reset") => self.reset(org),
            ("GET", "world") => {
                let Organisation { sandboxes, snapshots, .. } = self.organisation(org);
                let body = json!({ "sandboxes": sandboxes.len(), "snapshots": snapshots.len() });
                Reply::json(200, body)
            }
            ("POST", "world/fork") => self.fork(org, call),
            ("GET", "world/state") => self.export(org, now),
            ("PUT", "world/state") => self.import(org, call, now),
            ("GET" | "PUT" | "DELETE", "faults") => self.faults(org, call),
            _ => Reply::problem(404, "no such path"),
        }
    }

    fn reset(&mut self, org: &str) -> Reply {
        let mut old = self.organisations.remove(org).unwrap_or_default();
        if self.bug(Fault::ResetKeepsSnapshots) {
            self.organisation(org).snapshots = old.snapshots;
        }
        let runs = old.sandboxes.values_mut().any(|one| !one.disk.processes_mut().is_empty());
        if runs && self.bug(Fault::ResetForgetsAll) {
            self.organisations.retain(|key, _| !key.starts_with(OWN_KEY));
        }
        Reply::done()
    }

    fn is_empty(&mut self, org: &str) -> bool {
        let Organisation { sandboxes, snapshots, .. } = self.organisation(org);
        sandboxes.is_empty() && snapshots.is_empty()
    }

    fn fork(&mut self, org: &str, call: &Call) -> Reply {
        let wish: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let Some(to) = wish["to_key"].as_str().filter(|key| key.starts_with(OWN_KEY)) else {
            return Reply::field("to_key", "must be a key of this server");
        };
        let rest = ["running", "paused", "stopped"];
        let busy = |org: &Organisation| org.sandboxes.values().any(|s| !rest.contains(&s.state));
        if busy(self.organisation(org)) && !self.bug(Fault::ForksInTransition) {
            return Reply::problem(409, "a sandbox is in transition");
        }
        if to == org || (!self.is_empty(to) && !self.bug(Fault::ForkReplaces)) {
            return Reply::problem(409, "there is something in that place");
        }
        let mut copy = self.organisation(org).clone();
        for sandbox in copy.sandboxes.values_mut() {
            sandbox.disk.take_processes();
            if self.bug(Fault::ForkLosesMemory) {
                sandbox.disk.power_off();
            }
        }
        self.organisations.insert(to.to_owned(), copy);
        if self.bug(Fault::ForksAreOne) {
            self.shared = Some((org.to_owned(), to.to_owned()));
        }
        Reply::done()
    }

    /// Makes two organisations the same again, for a server whose forks share everything.
    pub(super) fn mingle(&mut self, org: &str) {
        let Some((one, other)) = self.shared.clone() else { return };
        let other = match org {
            _ if org == one => other,
            _ if org == other => one,
            _ => return,
        };
        if let Some(same) = self.organisations.get(org).cloned() {
            self.organisations.insert(other, same);
        }
    }

    fn export(&mut self, org: &str, now: u64) -> Reply {
        let number = self.exported.len();
        let organisation = self.organisation(org).clone();
        let file = json!({ "format": "reference", "version": 1, "number": number });
        self.exported.push(Exported { file: file.clone(), organisation, now });
        Reply::json(200, file)
    }

    fn import(&mut self, org: &str, call: &Call, now: u64) -> Reply {
        let file: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let loose = self.bug(Fault::ImportsAnything);
        let same = |one: &Exported, field: &str| one.file[field] == file[field];
        let known = |one: &&Exported| {
            same(one, "number") && (loose || (same(one, "format") && same(one, "version")))
        };
        let Some(Exported { mut organisation, now: then, .. }) =
            self.exported.iter().find(known).cloned()
        else {
            return Reply::field("body", "must be an exported organisation");
        };
        if !self.is_empty(org) && !self.bug(Fault::ImportReplaces) {
            return Reply::problem(409, "the organisation is not empty");
        }
        // A clock that goes shows the present time.
        if let Pace::Ahead(ahead) = organisation.pace {
            let shown = then.saturating_add_signed(ahead);
            for sandbox in organisation.sandboxes.values_mut() {
                let left = sandbox.deadline.map(|due| due.saturating_sub(shown));
                sandbox.deadline = left.map(|left| now + left);
                if self.bug(Fault::ImportBeginsAnew) && sandbox.deadline.is_some() {
                    sandbox.deadline = Some(now + sandbox.wish.timeout * 1000);
                }
                sandbox.ticked = now;
            }
            organisation.pace = Pace::default();
        }
        if self.bug(Fault::ImportForgetsStopped) {
            organisation.sandboxes.retain(|_, sandbox| sandbox.state != "stopped");
        }
        self.organisations.insert(org.to_owned(), organisation);
        Reply::done()
    }

    /// Ends everything as an orderly end does, and begins again.
    pub(crate) fn restart(&mut self) {
        let (memory, stopped) =
            (self.bug(Fault::RestartLosesMemory), self.bug(Fault::RestartForgetsStopped));
        let clock = self.bug(Fault::RestartSetsTheClock);
        let snapshots = self.bug(Fault::RestartForgetsSnapshots);
        for organisation in self.organisations.values_mut() {
            for sandbox in organisation.sandboxes.values_mut() {
                if sandbox.state == "running" {
                    sandbox.state = "paused";
                    sandbox.deadline = None;
                    sandbox.halt("paused");
                    if memory {
                        sandbox.disk.power_off();
                    }
                }
            }
            if stopped {
                organisation.sandboxes.retain(|_, sandbox| sandbox.state != "stopped");
            }
            if snapshots {
                organisation.snapshots.clear();
            }
            if clock {
                organisation.pace = Pace::default();
            }
        }
    }
}
