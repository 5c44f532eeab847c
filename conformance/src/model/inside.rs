//! What is done inside a sandbox that runs: commands, and where they run.

use serde_json::json;

use super::disk::Disk;
use super::fault::Fault;
use super::fields::Fields;
use super::oddity::Oddity;
use super::processes::{Process, Waits, at_wait};
use super::reply::{Call, Reply};
use super::shell::{Outcome, Shell};
use super::world::{Step, World, object};

impl World {
    pub(super) fn workdir(&self) -> &'static str {
        if self.odd(Oddity::WorkdirIsHome) { "/home/user" } else { "/workspace" }
    }

    /// A use of a running sandbox.
    pub(super) fn inside(
        &mut self,
        org: &str,
        id: &str,
        what: &str,
        call: &Call,
        now: u64,
    ) -> Result<Step, Reply> {
        if let Some(sandbox) = self.sandbox(org, id) {
            sandbox.past.uses += 1;
        }
        let done = self.inside_alone(org, id, what, call, now);
        if self.bug(Fault::CopiesShareTheirDisk)
            && let Some(sandbox) = self.sandbox(org, id)
        {
            let (disk, from) = (sandbox.disk.clone(), sandbox.from.clone());
            let copies = self.organisation(org).sandboxes.values_mut();
            for copy in copies.filter(|copy| from.is_some() && copy.from == from) {
                copy.disk = disk.clone();
            }
        }
        done
    }

    fn inside_alone(
        &mut self,
        org: &str,
        id: &str,
        what: &str,
        call: &Call,
        now: u64,
    ) -> Result<Step, Reply> {
        if self.bug(Fault::TimeoutSlides) {
            let wish = self.sandbox(org, id).map(|sandbox| sandbox.wish.clone());
            let deadline = wish.and_then(|wish| self.deadline(&wish, false, now));
            if let Some(sandbox) = self.sandbox(org, id) {
                sandbox.deadline = deadline;
            }
        }
        match what {
            "process/execute" => self.execute(org, id, call, now),
            "system/workdir" => {
                let mut workdir = self.workdir();
                if self.bug(Fault::WorkdirIsRelative) {
                    workdir = "workspace";
                }
                Ok(Step::Reply(Reply::json(200, json!({ "workdir": workdir }))))
            }
            "system/user-home-dir" => {
                let home = "/home/user";
                let body = if self.bug(Fault::HomeUnderAnotherName) {
                    json!({ "home": home })
                } else {
                    json!({ "user_home_dir": home, "home_dir": home })
                };
                Ok(Step::Reply(Reply::json(200, body)))
            }
            other => {
                let operation = other.strip_prefix("filesystem/").unwrap_or("").to_owned();
                self.files(org, id, &operation, call, now).map(Step::Reply)
            }
        }
    }

    /// Whether a use of a paused sandbox is well-formed; it is not resumed for one that is not.
    pub(super) fn probe_inside(
        &mut self,
        org: &str,
        id: &str,
        what: &str,
        call: &Call,
        now: u64,
    ) -> Result<(), Reply> {
        let kept = self.organisations.get(org).cloned();
        let tried = self.inside(org, id, what, call, now);
        if let Some(kept) = kept {
            self.organisations.insert(org.to_owned(), kept);
        }
        match tried {
            Err(reply) if reply.status == 400 => Err(reply),
            _ => Ok(()),
        }
    }

    fn execute(&mut self, org: &str, id: &str, call: &Call, now: u64) -> Result<Step, Reply> {
        let object = object(self, call)?;
        let mut fields = Fields::new(&object);
        let command = fields.needed("command");
        if command.is_empty() && fields.raw("command").is_some() {
            fields.wrong("command", "must not be empty");
        }
        let cwd = fields.text("cwd");
        let envs = if object.contains_key("envs") { "envs" } else { "env" };
        let envs = fields.map(envs);
        let timeout = fields.number("timeout", 1, u64::MAX).unwrap_or(30);
        if self.bug(Fault::NoCommandIsFine) {
            fields = Fields::new(&object);
        }
        fields.end()?;
        let workdir = self.workdir();
        self.counter += 1;
        let number = self.counter;
        let traits = self.traits.clone();
        let bug = |fault: Fault| traits.faults.contains(&fault);
        let sandbox = self.sandbox(org, id).ok_or_else(|| Reply::problem(404, "gone"))?;
        let cwd = cwd.filter(|_| !bug(Fault::CwdIgnored));
        if cwd.as_ref().is_some_and(|cwd| !sandbox.disk.is_dir(cwd)) {
            return Err(Reply::field("cwd", "is no directory"));
        }
        let start = cwd
            .unwrap_or_else(|| if bug(Fault::StartsAtTheRoot) { "/" } else { workdir }.to_owned());
        if bug(Fault::EnvsStick) {
            sandbox.wish.env.extend(envs.clone());
        }
        let mut variables = sandbox.wish.env.clone();
        if !bug(Fault::EnvsIgnored) {
            variables.extend(envs);
        }
        if bug(Fault::OneCommandAtATime) && now < sandbox.past.busy {
            return Ok(Step::Wait);
        }
        let most = timeout.saturating_mul(1000);
        let script = match () {
            () if bug(Fault::AnsweredTooEarly) => {
                command.split("; sleep").next().unwrap_or("").to_owned()
            }
            () if bug(Fault::QuotesExpand) => command.replace('\'', "\""),
            () => command,
        };
        let mut early = Disk::new(now);
        let elsewhere = bug(Fault::CommandsRunElsewhere);
        let disk = if elsewhere { &mut early } else { &mut sandbox.disk };
        if bug(Fault::NoShell) {
            let shell = Shell::new(disk, variables, &start, now, most).without_a_shell();
            let done = shell.run(&script);
            return self.executed(done).map(Step::Reply);
        }
        let Some((head, waits, rest)) = at_wait(&script) else {
            let done = Shell::new(disk, variables, &start, now, most).run(&script);
            return self.executed(done).map(Step::Reply);
        };
        let done = Shell::new(disk, variables.clone(), &start, now, most).run(&head);
        let (waits, rest) = match waits {
            Waits::Time(ms) if ms > most => (Waits::Time(most), None),
            waits => (waits, Some(rest)),
        };
        if let Waits::Time(ms) = waits {
            sandbox.past.busy = now + ms;
        }
        let halts = sandbox.past.halts;
        if elsewhere {
            sandbox.past.ended.insert(number, done);
        } else {
            let process = Process { number, waits, rest, variables, cwd: start, done };
            sandbox.disk.processes_mut().push(process);
        }
        Ok(self.command(org, id, number, halts))
    }

    /// The answer to a command that has ended.
    pub(super) fn executed(&self, mut done: Outcome) -> Result<Reply, Reply> {
        let traits = &self.traits;
        let bug = |fault: Fault| traits.faults.contains(&fault);
        if done.code == 124 && bug(Fault::CommandTimeoutIs408) {
            return Err(Reply::problem(408, "the command took too long"));
        }
        if bug(Fault::OutputMixed) {
            done.stdout.append(&mut done.stderr);
        }
        if bug(Fault::FailureIs500) && done.code != 0 {
            return Err(Reply::problem(500, "the command failed"));
        }
        if bug(Fault::ExitCodeIsOne) && done.code != 0 {
            done.code = 1;
        }
        let dropped = if bug(Fault::BrokenTextDropped) { "" } else { "\u{fffd}" };
        let (stdout, stderr) = (
            String::from_utf8_lossy(&done.stdout).replace('\u{fffd}', dropped),
            String::from_utf8_lossy(&done.stderr).into_owned(),
        );
        let mut body = json!({
            "exit_code": done.code, "stdout": stdout, "stderr": stderr, "result": stdout,
        });
        if let Some(body) = body.as_object_mut() {
            if bug(Fault::NoStderr) {
                body.remove("stderr");
                body.remove("result");
            }
            if traits.oddities.contains(&Oddity::EraAOnly) {
                body.remove("stderr");
                body.remove("stdout");
            }
        }
        Ok(Reply::json(200, body))
    }
}
