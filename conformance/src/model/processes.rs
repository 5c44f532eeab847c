//! Commands that take time: what is left of them is a part of memory, and goes on while their
//! sandbox runs.

use std::collections::BTreeMap;

use super::disk::Disk;
use super::reply::Reply;
use super::shell::{Outcome, Shell};
use super::world::{Finish, Sandbox, Step, World};

/// How often a caller looks whether its command has ended, in milliseconds.
const LOOK_MS: u64 = 10;

/// A command that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) number: u64,
    pub(super) waits: Waits,
    /// What is run then; none if its time is over.
    pub(super) rest: Option<String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) cwd: String,
    /// What it did so far.
    pub(super) done: Outcome,
}

/// What a command waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// So many milliseconds of its sandbox's running.
    Time(u64),
    /// A file.
    File(String),
}

/// A script up to its first wait, what it waits for, and the rest.
pub(super) fn at_wait(script: &str) -> Option<(String, Waits, String)> {
    let parts: Vec<&str> = script.split("; ").collect();
    let waits = |part: &str| part.starts_with("sleep ") || part.starts_with("while [ ! -e ");
    let place = parts.iter().position(|part| waits(part))?;
    let mut words = parts[place].split(' ');
    let (waits, length) = if words.next()? == "sleep" {
        let seconds: f64 = words.next()?.parse().ok()?;
        let ms = std::time::Duration::from_secs_f64(seconds.clamp(0.0, 3600.0)).as_millis();
        (Waits::Time(u64::try_from(ms).unwrap_or(u64::MAX)), 1)
    } else {
        // `while [ ! -e FILE ]; do sleep 0.1; done`
        (Waits::File(words.nth(3)?.to_owned()), 3)
    };
    let rest = parts.get(place + length..).unwrap_or(&[]).join("; ");
    Some((parts[..place].join("; "), waits, rest))
}

impl Process {
    fn is_over(&self, disk: &Disk) -> bool {
        match &self.waits {
            Waits::Time(ms) => *ms == 0,
            Waits::File(path) => disk.file(path).is_some(),
        }
    }

    /// Runs what is left of it.
    fn end(mut self, disk: &mut Disk, now: u64) -> Outcome {
        let Some(rest) = self.rest else {
            self.done.code = 124;
            self.done.stderr.extend(b"timed out\n");
            return self.done;
        };
        let mut done = Shell::new(disk, self.variables, &self.cwd, now, u64::MAX).run(&rest);
        self.done.stdout.append(&mut done.stdout);
        self.done.stderr.append(&mut done.stderr);
        Outcome { code: done.code, ..self.done }
    }
}

impl Sandbox {
    /// Lets time pass for its commands, if it runs.
    pub(super) fn tick(&mut self, now: u64) {
        let passed = now.saturating_sub(self.ticked);
        self.ticked = now;
        if self.state == "running" {
            for process in self.disk.processes_mut() {
                if let Waits::Time(ms) = &mut process.waits {
                    *ms = ms.saturating_sub(passed);
                }
            }
            self.end_commands(now, Process::is_over);
        }
    }

    /// Runs commands to their ends.
    pub(super) fn end_commands(&mut self, now: u64, which: impl Fn(&Process, &Disk) -> bool) {
        let all = self.disk.take_processes();
        let (over, left): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| which(one, &self.disk));
        *self.disk.processes_mut() = left;
        for process in over {
            let number = process.number;
            let done = process.end(&mut self.disk, now);
            self.past.ended.insert(number, done);
        }
    }

    /// Tells the callers of its commands that they wait in vain.
    pub(super) fn halt(&mut self, how: &'static str) {
        self.past.halts += 1;
        self.past.halted = how;
    }
}

impl World {
    /// Whether a command has ended, for the caller that waits for it.
    pub(super) fn command(&mut self, org: &str, id: &str, number: u64, halts: u64) -> Step {
        let Some(sandbox) = self.sandbox(org, id) else {
            return Step::Reply(Reply::problem(404, "the sandbox was deleted"));
        };
        if let Some(done) = sandbox.past.ended.remove(&number) {
            return Step::Reply(self.executed(done).unwrap_or_else(|refusal| refusal));
        }
        if sandbox.past.halts > halts {
            let message =
                format!("the command was cut off: the sandbox was {}", sandbox.past.halted);
            return Step::Reply(Reply::problem(409, message));
        }
        let (organisation, id) = (org.to_owned(), id.to_owned());
        Step::Later(LOOK_MS, Finish::Command { organisation, id, number, halts })
    }
}

#[cfg(test)]
mod tests {
    use super::{Waits, at_wait};

    #[test]
    fn a_script_is_cut_at_its_first_wait() {
        let cut = |head: &str, waits, rest: &str| Some((head.to_owned(), waits, rest.to_owned()));
        let time = |ms| Waits::Time(ms);
        assert_eq!(at_wait("a; sleep 0.5; b; sleep 2"), cut("a", time(500), "b; sleep 2"));
        assert_eq!(at_wait("sleep 1"), cut("", time(1000), ""));
        assert_eq!(at_wait("echo sleep 1"), None);
        let file = Waits::File("/tmp/go".to_owned());
        assert_eq!(
            at_wait("a; while [ ! -e /tmp/go ]; do sleep 0.1; done; b"),
            cut("a", file, "b")
        );
    }
}
