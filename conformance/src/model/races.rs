//! Servers that look first and act later: what they do is right as long as they are asked for one
//! thing at a time.
//!
//! Each of these faults has two halves with a gap between them, in which other requests are served.

use serde_json::Value;

use super::disk::Disk;
use super::fault::Fault;
use super::reply::{Call, Reply};
use super::route::{Route, route};
use super::world::{Finish, Snapshot, Step, World, is_use};

/// The second half.
#[derive(Clone, Debug)]
pub(crate) enum Late {
    /// A sandbox is paused as it was before the gap.
    Pause(Disk),
    /// A sandbox goes on as it was before the gap, and then a use of it.
    Wake(Disk, Box<Call>),
    /// A sandbox has this disk, whatever was written in the gap.
    PutBack(Disk, Reply),
    /// What was read is kept for those that read it next.
    Keep(String, Reply),
    /// What a name stood for is kept for those that restore it next.
    Know(Snapshot, Box<Call>),
    /// A snapshot is restored that was there before the gap.
    Restore(Snapshot, Box<Call>),
    /// A snapshot is deleted that was there before the gap.
    Forget,
    /// Whatever snapshot has this name now is deleted.
    ForgetName(String),
}

/// How long the gap is, in milliseconds: requests that are sent at once arrive within it, on a busy
/// machine as well.
pub(super) const GAP_MS: u64 = 20;

impl World {
    /// The first half of what a fault takes apart; none if it has nothing to do with the request.
    pub(super) fn begin_race(
        &mut self,
        org: &str,
        route: &Route,
        call: &Call,
        now: u64,
    ) -> Option<Step> {
        match route {
            Route::Sandbox(id, what) => self.begin_at_sandbox(org, id, what, call, now),
            Route::Restore { .. } => self.begin_restore(org, call, now),
            Route::DeleteSnapshot(id) => self.begin_delete(org, id),
            Route::Create | Route::ListSandboxes | Route::ListSnapshots => None,
        }
    }

    fn begin_at_sandbox(
        &mut self,
        org: &str,
        id: &str,
        what: &str,
        call: &Call,
        now: u64,
    ) -> Option<Step> {
        let state = self.state(org, id);
        let organisation = org.to_owned();
        let rest = |state, status| {
            let id = id.to_owned();
            Some(Step::Later(GAP_MS, Finish::Rest { organisation, id, state, status }))
        };
        match (&*call.method, what, state) {
            ("DELETE", "", "running" | "paused" | "stopped")
                if self.bug(Fault::DeleteLooksFirst) =>
            {
                let organisation = org.to_owned();
                Some(Step::Later(GAP_MS, Finish::Gone { organisation, id: id.to_owned() }))
            }
            (_, "pause", "running") if self.bug(Fault::PauseLooksFirst) => rest("paused", 201),
            (_, "stop", "running") if self.bug(Fault::StopLooksFirst) => rest("stopped", 200),
            (_, "start", "stopped") if self.bug(Fault::StartLooksFirst) => rest("running", 200),
            (_, "pause", "running") if self.bug(Fault::PauseSavesFirst) => {
                let disk = self.disk(org, id).ok()?.clone();
                if !self.organisation(org).pausing.insert(id.to_owned()) {
                    return Some(Step::Reply(Reply::problem(409, "sandbox is being paused")));
                }
                Some(later(org, id, Late::Pause(disk)))
            }
            (_, what, "paused") if is_use(what) && self.bug(Fault::EveryUseResumes) => {
                let disk = self.disk(org, id).ok()?.clone();
                Some(later(org, id, Late::Wake(disk, Box::new(call.clone()))))
            }
            (_, "filesystem/write-file", "running") if self.bug(Fault::WritesPutBackAll) => {
                let before = self.disk(org, id).ok()?.clone();
                let Ok(Step::Reply(reply)) = self.inside(org, id, what, call, now) else {
                    return None;
                };
                let after = std::mem::replace(self.disk(org, id).ok()?, before);
                Some(later(org, id, Late::PutBack(after, reply)))
            }
            ("POST", _, _) if self.bug(Fault::ReadsAreKept) => {
                self.begin_read(org, id, what, call, now)
            }
            _ => None,
        }
    }

    fn begin_read(
        &mut self,
        org: &str,
        id: &str,
        what: &str,
        call: &Call,
        now: u64,
    ) -> Option<Step> {
        if what != "filesystem/read-file" || self.state(org, id) != "running" {
            // It may change what was read.
            self.organisation(org).reads.retain(|(of, _), _| of != id);
            return None;
        }
        let body = String::from_utf8_lossy(&call.body).into_owned();
        if let Some(kept) = self.organisation(org).reads.get(&(id.to_owned(), body.clone())) {
            return Some(Step::Reply(kept.clone()));
        }
        match self.inside(org, id, what, call, now) {
            Ok(Step::Reply(reply)) => Some(later(org, id, Late::Keep(body, reply))),
            _ => None,
        }
    }

    fn begin_restore(&mut self, org: &str, call: &Call, now: u64) -> Option<Step> {
        let (knows, looks) = (self.bug(Fault::NamesAreKept), self.bug(Fault::RestoreLooksFirst));
        if !knows && !looks {
            return None;
        }
        let body: Value = serde_json::from_slice(&call.body).ok()?;
        let name = body["snapshot_name"].as_str()?.trim().to_owned();
        if let Some(known) = self.organisation(org).known.get(&name).cloned() {
            return Some(self.restore_anyway(org, known, call, now));
        }
        let mut snapshots = self.organisation(org).snapshots.values();
        let snapshot = snapshots.find(|snapshot| snapshot.name == name)?.clone();
        let call = Box::new(call.clone());
        let late = if knows { Late::Know(snapshot, call) } else { Late::Restore(snapshot, call) };
        Some(later(org, "", late))
    }

    fn begin_delete(&mut self, org: &str, id: &str) -> Option<Step> {
        if !self.bug(Fault::RestoredOutlivesDelete) {
            self.organisation(org).known.retain(|_, known| known.id != id);
        }
        if self.bug(Fault::DeleteSnapshotLooksFirst) {
            let there = self.organisation(org).snapshots.contains_key(id);
            return (there && !self.has_copies(org, id)).then(|| later(org, id, Late::Forget));
        }
        if self.bug(Fault::DeleteTakesNamesakes) {
            let name = self.organisation(org).snapshots.get(id)?.name.clone();
            let deleted = self.delete_snapshot(org, id).is_ok();
            return deleted.then(|| later(org, id, Late::ForgetName(name)));
        }
        None
    }

    fn has_copies(&mut self, org: &str, id: &str) -> bool {
        let mut sandboxes = self.organisation(org).sandboxes.values();
        sandboxes.any(|copy| copy.from.as_deref() == Some(id))
    }

    /// Restores a snapshot, whether it is there or not.
    fn restore_anyway(&mut self, org: &str, known: Snapshot, call: &Call, now: u64) -> Step {
        let id = known.id.clone();
        let gone = self.organisation(org).snapshots.insert(id.clone(), known).is_none();
        let step = self.restore(org, call, false, now).unwrap_or_else(Step::Reply);
        if gone {
            self.organisation(org).snapshots.remove(&id);
        }
        step
    }

    /// The second half of what a fault took apart.
    pub(super) fn end_race(&mut self, org: &str, id: &str, late: Late, now: u64) -> Step {
        match late {
            Late::Pause(disk) => {
                self.organisation(org).pausing.remove(id);
                if let Some(sandbox) = self.sandbox(org, id) {
                    sandbox.disk = disk;
                }
                self.rest(org, id, "paused", 201, now)
            }
            Late::Wake(disk, call) => {
                if let Some(sandbox) = self.sandbox(org, id) {
                    sandbox.disk = disk;
                }
                self.awake(org, id, now);
                match route(self, &call) {
                    Ok(route) => self.take(org, route, &call, now).unwrap_or_else(Step::Reply),
                    Err(reply) => Step::Reply(reply),
                }
            }
            Late::PutBack(disk, reply) => {
                if let Some(sandbox) = self.sandbox(org, id) {
                    sandbox.disk = disk;
                }
                Step::Reply(reply)
            }
            Late::Keep(body, reply) => {
                self.organisation(org).reads.insert((id.to_owned(), body), reply.clone());
                Step::Reply(reply)
            }
            Late::Know(snapshot, call) => {
                self.organisation(org).known.insert(snapshot.name.clone(), snapshot);
                self.restore(org, &call, false, now).unwrap_or_else(Step::Reply)
            }
            Late::Restore(snapshot, call) => self.restore_anyway(org, snapshot, &call, now),
            Late::Forget if self.has_copies(org, id) => {
                Step::Reply(Reply::problem(409, "snapshot is in use"))
            }
            Late::Forget => {
                self.organisation(org).snapshots.remove(id);
                Step::Reply(Reply::done())
            }
            Late::ForgetName(name) => {
                self.organisation(org).snapshots.retain(|_, snapshot| snapshot.name != name);
                Step::Reply(Reply::done())
            }
        }
    }
}

fn later(org: &str, id: &str, late: Late) -> Step {
    let (organisation, id, late) = (org.to_owned(), id.to_owned(), Box::new(late));
    Step::Later(GAP_MS, Finish::Late { organisation, id, late })
}
