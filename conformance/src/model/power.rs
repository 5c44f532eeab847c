//! Pausing, stopping, starting and deleting.

use super::fault::Fault;
use super::oddity::Oddity;
use super::reply::{Call, Reply};
use super::world::{Finish, Step, World, is_use};

/// Whether a sandbox is on its way from one state to another.
pub(super) fn is_passing(state: &str) -> bool {
    !matches!(state, "running" | "paused" | "stopped")
}

impl World {
    /// A request about a sandbox that is there.
    pub(super) fn of_sandbox(
        &mut self,
        org: &str,
        id: &str,
        what: &str,
        call: &Call,
        now: u64,
    ) -> Result<Step, Reply> {
        self.come_to_rest(org, id, now);
        let typed = call.header("content-type").is_some_and(|kind| kind == "application/json");
        match (&*call.method, what) {
            ("GET", "") => Ok(self.read(org, id, now)),
            ("DELETE", "") => self.delete(org, id),
            (_, "pause") => self.pause(org, id, now),
            (_, "stop") if typed && call.body.is_empty() && self.bug(Fault::EmptyStopIs400) => {
                Err(Reply::field("body", "is no JSON"))
            }
            (_, "stop") => self.stop(org, id, now),
            (_, "start") => self.start(org, id, now),
            (_, "snapshot/create") => self.capture(org, id, call, false, now),
            (_, "snapshot/pause") => self.capture(org, id, call, true, now),
            (_, "resume") => {
                self.awake(org, id, now);
                Ok(Step::Reply(Reply::json(200, self.view_of(org, id))))
            }
            (_, what) if is_use(what) => self.use_it(org, id, what, call, now),
            _ => Err(Reply::problem(501, "not built")),
        }
    }

    /// Odd servers answer before they are done.
    fn come_to_rest(&mut self, org: &str, id: &str, now: u64) {
        let late = [Oddity::StartingFirst, Oddity::StrangeStates, Oddity::StopAnswersEarly];
        if !late.iter().any(|oddity| self.odd(*oddity)) {
            return;
        }
        let Some(sandbox) = self.sandbox(org, id) else { return };
        if now > sandbox.changed + 30 {
            match sandbox.state {
                "starting" => sandbox.state = "running",
                "stopping" => sandbox.state = "stopped",
                _ => {}
            }
        }
    }

    pub(super) fn state(&mut self, org: &str, id: &str) -> &'static str {
        self.sandbox(org, id).map_or("deleted", |sandbox| sandbox.state)
    }

    fn read(&mut self, org: &str, id: &str, now: u64) -> Step {
        if self.bug(Fault::ReadResumes) && self.state(org, id) == "paused" {
            self.awake(org, id, now);
        }
        let third = self.sandbox(org, id).is_some_and(|sandbox| {
            sandbox.past.reads += 1;
            sandbox.past.reads == 3
        });
        if third && self.bug(Fault::ThirdReadResumes) && self.state(org, id) == "paused" {
            self.awake(org, id, now);
        }
        if self.odd(Oddity::DeletedIsRead) && self.state(org, id) == "deleted" {
            return Step::Reply(Reply::problem(404, "gone"));
        }
        let status = if self.bug(Fault::ReadIs201) { 201 } else { 200 };
        Step::Reply(Reply::json(status, self.view_of(org, id)))
    }

    /// Begins a transition.
    fn pass(&mut self, org: &str, id: &str, through: &'static str, now: u64) -> u64 {
        let delay = self.traits.delay_ms;
        if let Some(sandbox) = self.sandbox(org, id) {
            if delay > 0 {
                sandbox.state = through;
            }
            sandbox.changed = now;
        }
        delay
    }

    fn pause(&mut self, org: &str, id: &str, now: u64) -> Result<Step, Reply> {
        let state = self.state(org, id);
        let fine = state == "running"
            || (state == "paused" && self.bug(Fault::PauseTwice))
            || (state == "stopped" && self.bug(Fault::PauseOfStopped))
            || (is_passing(state) && self.bug(Fault::PauseInTransition));
        if !fine {
            if let Some(sandbox) = self.sandbox(org, id).filter(|_| state == "paused") {
                sandbox.past.paused_twice = true;
                let unused = sandbox.past.uses == 0;
                if unused && self.bug(Fault::SecondPauseResumesUnused) {
                    self.awake(org, id, now);
                }
            }
            return Err(Reply::problem(409, format!("sandbox is not running but {state}")));
        }
        if state == "deleting" {
            return Ok(Step::Reply(Reply::json(201, self.view_of(org, id))));
        }
        let (disk, memory) = (self.bug(Fault::PauseLosesDisk), self.bug(Fault::PauseLosesMemory));
        let outlives = self.bug(Fault::CommandOutlivesPause);
        let lost = self.bug(Fault::FrozenCommandIsLost);
        let named = self.sandbox(org, id).is_some_and(|sandbox| sandbox.past.named);
        if named && self.bug(Fault::CaptureForbidsPause) {
            return Err(Reply::problem(409, "a snapshot was taken of it"));
        }
        if let Some(sandbox) = self.sandbox(org, id) {
            sandbox.deadline = None;
            sandbox.past.reads = 0;
            if outlives {
                sandbox.end_commands(now, |_, _| true);
            }
            if lost {
                sandbox.disk.take_processes();
            }
            sandbox.halt("paused");
            if disk {
                sandbox.disk.wipe(now);
            }
            if memory {
                sandbox.disk.power_off();
            }
            sandbox.first_pause.get_or_insert_with(|| sandbox.disk.clone());
        }
        if self.bug(Fault::PauseMakesSnapshot) {
            self.stray_snapshot(org, id, now);
        }
        let delay = self.pass(org, id, "snapshotting", now);
        let status = if self.bug(Fault::PauseIs200) { 200 } else { 201 };
        Ok(Step::Later(
            delay,
            Finish::Rest { organisation: org.into(), id: id.into(), state: "paused", status },
        ))
    }

    fn stop(&mut self, org: &str, id: &str, now: u64) -> Result<Step, Reply> {
        let state = self.state(org, id);
        let fine = state == "running"
            || (state == "paused" && self.bug(Fault::StopOfPaused))
            || (state == "stopped" && self.bug(Fault::StopTwice))
            || (state == "starting" && self.bug(Fault::StopOfStarting))
            || (state == "unpausing" && self.bug(Fault::StopOfUnpausing))
            || (state == "deleting" && self.bug(Fault::StopOfDeleting))
            || (is_passing(state) && self.bug(Fault::StopInTransition));
        if !fine {
            return Err(Reply::problem(409, format!("sandbox is not running but {state}")));
        }
        if state == "deleting" {
            return Ok(Step::Reply(Reply::json(200, self.view_of(org, id))));
        }
        let (disk, memory) = (self.bug(Fault::StopLosesDisk), self.bug(Fault::StopKeepsMemory));
        let early = self.odd(Oddity::StopAnswersEarly) || self.bug(Fault::StopNeverEnds);
        let later = self.bug(Fault::StopAfterPauseLosesDisk);
        let hidden = self.bug(Fault::StoppingUnseen);
        let outlives = self.bug(Fault::CommandOutlivesStop);
        if let Some(sandbox) = self.sandbox(org, id) {
            sandbox.deadline = None;
            if outlives {
                sandbox.end_commands(now, |_, _| true);
            }
            sandbox.halt("stopped");
            if disk || (later && sandbox.first_pause.is_some()) {
                sandbox.disk.wipe(now);
            }
            if !memory {
                sandbox.disk.power_off();
            }
            if early {
                sandbox.state = "stopping";
                sandbox.changed = now;
            }
        }
        if early {
            return Ok(Step::Reply(Reply::json(200, self.view_of(org, id))));
        }
        let through = if hidden { "stopped" } else { "stopping" };
        let delay = self.pass(org, id, through, now);
        let status = if self.bug(Fault::StopIs201) { 201 } else { 200 };
        Ok(Step::Later(
            delay,
            Finish::Rest { organisation: org.into(), id: id.into(), state: "stopped", status },
        ))
    }

    fn start(&mut self, org: &str, id: &str, now: u64) -> Result<Step, Reply> {
        let state = self.state(org, id);
        let unused = self.sandbox(org, id).is_some_and(|sandbox| sandbox.past.uses == 0);
        let fine = state == "stopped"
            || (state == "running" && self.bug(Fault::StartOfRunning))
            || (state == "running" && unused && self.bug(Fault::StartOfUnused))
            || (state == "paused" && self.bug(Fault::StartOfPaused))
            || (is_passing(state) && self.bug(Fault::StartInTransition));
        if !fine {
            return Err(Reply::problem(409, format!("sandbox is not stopped but {state}")));
        }
        if state == "stopped" && self.full(org) && !self.bug(Fault::StartPastTheLimit) {
            return Err(Reply::problem(429, "too many sandboxes").with("retry-after", "1"));
        }
        if state == "deleting" {
            return Ok(Step::Reply(Reply::json(200, self.view_of(org, id))));
        }
        let wish = self.sandbox(org, id).map(|sandbox| sandbox.wish.clone());
        let deadline = wish.and_then(|wish| self.deadline(&wish, false, now));
        let fresh = self.bug(Fault::StartFromTemplate);
        let renewed = self.bug(Fault::StartIsANewCreation);
        let bare = self.bug(Fault::StartForgetsEnv);
        let same = self.bug(Fault::StartKeepsLaunchTime);
        if let Some(sandbox) = self.sandbox(org, id) {
            sandbox.deadline = deadline;
            if !same {
                sandbox.launched = now;
            }
            if fresh {
                sandbox.disk.wipe(now);
            }
            if bare {
                sandbox.wish.env.clear();
            }
            if renewed {
                sandbox.created = now + 1000;
            }
        }
        let delay = self.pass(org, id, "starting", now);
        let status = if self.bug(Fault::StartIs201) { 201 } else { 200 };
        Ok(Step::Later(
            delay,
            Finish::Rest { organisation: org.into(), id: id.into(), state: "running", status },
        ))
    }

    fn delete(&mut self, org: &str, id: &str) -> Result<Step, Reply> {
        let state = self.state(org, id);
        let refused = (is_passing(state)
            && !self.bug(Fault::DeleteInTransition)
            && !self.odd(Oddity::StartingFirst)
            && !self.odd(Oddity::StrangeStates))
            || (state == "paused" && self.bug(Fault::DeletePausedIs409))
            || (state == "stopped" && self.bug(Fault::DeleteStoppedIs409));
        if refused {
            return Err(Reply::problem(409, format!("sandbox is {state}")));
        }
        if self.bug(Fault::DeleteKeeps) {
            return Ok(Step::Reply(Reply::done()));
        }
        if self.bug(Fault::DeleteIs200) {
            self.organisation(org).sandboxes.remove(id);
            return Ok(Step::Reply(Reply::json(200, serde_json::json!({"deleted": true}))));
        }
        let delay = self.traits.delay_ms;
        if let Some(sandbox) = self.sandbox(org, id).filter(|_| delay > 0) {
            sandbox.state = "deleting";
        }
        Ok(Step::Later(delay, Finish::Gone { organisation: org.into(), id: id.into() }))
    }

    pub(super) fn gone(&mut self, org: &str, id: &str) -> Step {
        let with_snapshots = self.bug(Fault::DeleteTakesSnapshots);
        let listed = self.bug(Fault::DeletedIsListed) || self.bug(Fault::DeletedIsOnLongPages);
        let twice = self.bug(Fault::DeletePausedTwice);
        let paused = self.state(org, id) == "paused";
        let organisation = self.organisation(org);
        if paused && twice {
            organisation.once.insert(id.to_owned());
        }
        if with_snapshots {
            organisation.snapshots.retain(|_, snapshot| snapshot.source != id);
        }
        if listed {
            // Found by the list, not by its id, and no use of its snapshot.
            if let Some(mut sandbox) = organisation.sandboxes.remove(id) {
                sandbox.from = None;
                organisation.sandboxes.insert(format!("~{id}"), sandbox);
            }
        }
        organisation.sandboxes.remove(id);
        Step::Reply(Reply::done())
    }

    /// A sandbox comes to rest in a state, and is answered.
    pub(super) fn rest(
        &mut self,
        org: &str,
        id: &str,
        state: &'static str,
        status: u16,
        now: u64,
    ) -> Step {
        let late = self.bug(Fault::LaunchedAfterTheJump) && state == "running";
        if let Some(sandbox) = self.sandbox(org, id) {
            if late {
                sandbox.deadline = Some(now + sandbox.wish.timeout * 1000);
            }
            sandbox.state = state;
            sandbox.changed = now;
        } else {
            return Step::Reply(Reply::problem(404, "sandbox is gone"));
        }
        let mut view = self.view_of(org, id);
        if state == "paused" && self.bug(Fault::PauseSaysRunning) {
            view["state"] = "running".into();
        }
        if status == 200 && state == "running" && self.bug(Fault::StartSaysStarting) {
            view["state"] = "starting".into();
        }
        Step::Reply(Reply::json(status, view))
    }

    /// A paused sandbox runs again.
    pub(super) fn awake(&mut self, org: &str, id: &str, now: u64) {
        let wish = self.sandbox(org, id).map(|sandbox| sandbox.wish.clone());
        let deadline = wish.and_then(|wish| self.deadline(&wish, false, now));
        let (back, env) =
            (self.bug(Fault::SecondResumeLosesWrites), self.bug(Fault::ResumeLosesEnv));
        let stays = self.bug(Fault::ServedWhilePaused);
        let same = self.bug(Fault::ResumeKeepsDeadline);
        let from = self.sandbox(org, id).and_then(|sandbox| sandbox.from.clone());
        let from = from.filter(|_| self.bug(Fault::PausedCopyGoesBack));
        let old = from.and_then(|from| self.organisation(org).snapshots.get(&from).cloned());
        if let Some(sandbox) = self.sandbox(org, id) {
            sandbox.state = if stays { "paused" } else { "running" };
            sandbox.changed = now;
            let launched = sandbox.launched + sandbox.wish.timeout * 1000;
            sandbox.deadline = if same { Some(launched) } else { deadline };
            if let Some(first) = sandbox.first_pause.clone().filter(|_| back) {
                sandbox.disk = first;
            }
            if let Some(old) = old {
                sandbox.disk = old.disk;
            }
            if env {
                sandbox.wish.env.clear();
            }
        }
    }

    /// A use of a sandbox: it is resumed or waited for if need be.
    fn use_it(
        &mut self,
        org: &str,
        id: &str,
        what: &str,
        call: &Call,
        now: u64,
    ) -> Result<Step, Reply> {
        match self.state(org, id) {
            "running" => self.inside(org, id, what, call, now),
            "paused" if self.bug(Fault::UseOfPausedIs409) => {
                Err(Reply::problem(409, "sandbox is paused"))
            }
            "paused" if self.bug(Fault::UseOfPausedIs404) => {
                Err(Reply::problem(404, "sandbox not found"))
            }
            "paused" if self.bug(Fault::ServedWhilePaused) => self.inside(org, id, what, call, now),
            "paused" => {
                if !self.bug(Fault::RefusedUseResumes) {
                    self.probe_inside(org, id, what, call, now)?;
                }
                let through =
                    if self.bug(Fault::ResumeGoesBackwards) { "stopping" } else { "unpausing" };
                let delay = self.pass(org, id, through, now);
                let call = Box::new(call.clone());
                Ok(Step::Later(
                    delay,
                    Finish::Awake { organisation: org.into(), id: id.into(), call },
                ))
            }
            "stopped" if what == "system/workdir" && self.bug(Fault::StoppedSaysWorkdir) => {
                self.inside(org, id, what, call, now)
            }
            "stopped" if self.bug(Fault::UseStartsStopped) => {
                self.awake(org, id, now);
                self.inside(org, id, what, call, now)
            }
            "deleting" | "deleted" => Err(Reply::problem(404, "sandbox not found")),
            "stopped" | "stopping" => {
                Err(Reply::problem(409, "sandbox is stopped: call start first"))
            }
            "unpausing" if self.bug(Fault::UseWhileUnpausingIs409) => {
                Err(Reply::problem(409, "sandbox is unpausing"))
            }
            _ if self.odd(Oddity::BusyRefuses) => Err(Reply::problem(409, "sandbox is busy")),
            _ => Ok(Step::Wait),
        }
    }
}
