//! Running a command to its end.
//!
//! It ends when the shell does, whatever it has left running: that goes on, and so does reading what
//! it says, which nobody gets to see.

use std::io::{self, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use leap0_guest::protocol::{Exec, Exited, Reply, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::kill::kill_session;
use super::output::Output;
use crate::account::Account;
use crate::run::NotStarted;

/// Most bytes of why a command was not started.
const MAX_REPORT: usize = 4096;

/// Runs a command as `account`.
pub(super) fn exec(account: Account, request: &Exec) -> Reply {
    let done = Running::start(account, request).and_then(|running| {
        let timeout = Duration::from_millis(request.timeout_ms);
        running.finish(Instant::now().checked_add(timeout))
    });
    match done {
        Ok(Ok(exited)) => Reply::Exited(exited),
        Ok(Err(NotStarted::NoSuchDirectory)) => Reply::NoSuchDirectory(request.cwd.clone()),
        Ok(Err(NotStarted::Failed(why))) => Reply::Failed(why),
        Err(error) => Reply::Failed(format!("a command could not be run: {error}")),
    }
}

/// Why there is nothing more to wait for.
enum Ending {
    Exited,
    TimedOut,
    TooMuchOutput,
}

/// A command under way. It leads its session, once it has made one.
struct Running {
    child: Child,
    pid: Pid,
    /// Readable as soon as the shell has ended.
    end: OwnedFd,
    stdout: Output,
    stderr: Output,
    /// Why it was not started. Ends when it was.
    report: Output,
}

impl Running {
    fn start(account: Account, request: &Exec) -> io::Result<Self> {
        let (report, writer) = pipe()?;
        let (mut child, stdout, stderr) = spawn(account, request, writer)?;
        let pid = Pid::from_child(&child);
        let end = pidfd_open(pid, PidfdFlags::empty()).inspect_err(|_| {
            kill_session(pid);
            // The failure to be told is the first one.
            let _ = child.wait();
        })?;
        let limit = usize::try_from(request.output_limit).unwrap_or(usize::MAX);
        Ok(Self {
            child,
            pid,
            end,
            stdout: Output::new(stdout, limit),
            stderr: Output::new(stderr, limit),
            report: Output::new(report.into(), MAX_REPORT),
        })
    }

    fn finish(mut self, deadline: Option<Instant>) -> io::Result<Result<Exited, NotStarted>> {
        let watched = self.watch(deadline);
        if !matches!(watched, Ok(Ending::Exited)) {
            kill_session(self.pid);
        }
        // Until it is waited for, its number can't become another's.
        let drained = self.outputs().into_iter().try_for_each(Output::drain);
        let over = self.stdout.is_over() || self.stderr.is_over();
        if over {
            kill_session(self.pid);
        }
        let status = self.child.wait()?;
        drained?;
        let status = match watched? {
            Ending::TimedOut => Status::TimedOut,
            Ending::TooMuchOutput => Status::TooMuchOutput,
            Ending::Exited if over => Status::TooMuchOutput,
            Ending::Exited => status_of(status),
        };
        if let Ok(not_started) = postcard::from_bytes(self.report.bytes()) {
            return Ok(Err(not_started));
        }
        Ok(Ok(Exited { status, stdout: self.stdout.finish(), stderr: self.stderr.finish() }))
    }

    fn outputs(&mut self) -> [&mut Output; 3] {
        [&mut self.stdout, &mut self.stderr, &mut self.report]
    }

    /// Collects output until the command has ended, or has to.
    fn watch(&mut self, deadline: Option<Instant>) -> io::Result<Ending> {
        loop {
            let (ended, readable) = self.wait(deadline)?;
            for (output, readable) in self.outputs().into_iter().zip(readable) {
                if readable {
                    output.read()?;
                }
            }
            if self.stdout.is_over() || self.stderr.is_over() {
                return Ok(Ending::TooMuchOutput);
            }
            if ended {
                return Ok(Ending::Exited);
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(Ending::TimedOut);
            }
        }
    }

    /// Waits until something happens: whether the shell has ended, and which outputs can be read.
    fn wait(&self, deadline: Option<Instant>) -> io::Result<(bool, [bool; 3])> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        let outputs = [&self.stdout, &self.stderr, &self.report];
        let open: Vec<_> = (0..3).filter(|at| outputs[*at].is_open()).collect();
        let pipes = open.iter().map(|at| outputs[*at].as_fd());
        let mut fds: Vec<_> = std::iter::once(self.end.as_fd())
            .chain(pipes)
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        match poll(&mut fds, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut readable = [false; 3];
        for (at, fd) in open.into_iter().zip(&fds[1..]) {
            readable[at] = !fd.revents().is_empty();
        }
        Ok((!fds[0].revents().is_empty(), readable))
    }
}

/// Starts the process that becomes the shell.
fn spawn(
    account: Account,
    request: &Exec,
    report: impl Into<Stdio>,
) -> io::Result<(Child, OwnedFd, OwnedFd)> {
    let variables = request.env.iter().map(|(name, value)| format!("{name}={value}"));
    // Our copy of `report` goes with the command, so that the pipe can end.
    let mut child = Command::new("/proc/self/exe")
        .arg("run")
        .args([account.uid, account.gid].map(|number| number.to_string()))
        .args([&request.cwd, &request.script])
        .args(variables)
        .env_clear()
        .stdin(report)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let outputs = child.stdout.take().zip(child.stderr.take());
    let (stdout, stderr) = outputs.expect("both are piped");
    Ok((child, stdout.into(), stderr.into()))
}

fn status_of(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Code(code),
        (None, Some(signal)) => Status::Signal(signal),
        (None, None) => unreachable!("a process that was waited for has exited or was killed"),
    }
}
