//! The role that becomes a user's command.
//!
//! Between fork and exec a program of several threads may do next to nothing, so what a command
//! needs set up is set up by a process of its own, which then is replaced by the shell. It keeps its
//! process id, which is also that of the session.
//!
//! Arguments are the account, the working directory, the script and the environment as
//! `NAME=VALUE`; not its own environment, which it would have to trust as root. Standard input is a
//! pipe: nothing comes in it, but what prevents the start is written to it. Its end is closed when
//! the shell has taken over.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::{chdir, setsid, umask};
use serde::{Deserialize, Serialize};

use crate::{account, limits, refuse};

/// What interprets the script (PROC-01).
const SHELL: &str = "/bin/sh";

/// Why a command was not started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NotStarted {
    /// Its working directory is none, or not for this user.
    NoSuchDirectory,
    /// For a reason of the machine's own.
    Failed(String),
}

/// Never returns where all goes well.
pub(crate) fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    // Closed by exec, whereas what standard input is changes before.
    let Ok(report) = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3) else {
        return refuse("run: there is no standard input to report to");
    };
    let not_started = become_command(args);
    let report = File::from(report);
    if let Ok(bytes) = postcard::to_allocvec(&not_started) {
        let _ = (&report).write_all(&bytes);
    }
    ExitCode::FAILURE
}

fn become_command(mut args: impl Iterator<Item = OsString>) -> NotStarted {
    let failed = |what: &str, error: io::Error| NotStarted::Failed(format!("{what}: {error}"));
    let (Some(account), Some(cwd), Some(script)) = (account(&mut args), args.next(), args.next())
    else {
        return NotStarted::Failed("run: an argument is missing".to_owned());
    };
    if let Err(error) = setsid() {
        return failed("no session of its own", error.into());
    }
    limits::oom_score(0);
    limits::of_a_command();
    umask(Mode::from_raw_mode(0o022));
    if let Err(error) = account.become_its_own() {
        return failed("can't act for the user", error);
    }
    // As the user, whom the directory may be closed to.
    match chdir(&cwd) {
        Ok(()) => {}
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP | Errno::NAMETOOLONG) => {
            return NotStarted::NoSuchDirectory;
        }
        Err(error) => return failed("can't change to the working directory", error.into()),
    }
    let mut shell = Command::new(SHELL);
    // Its messages begin with its name.
    shell
        .arg0("sh")
        .arg("-c")
        .arg(script)
        .stdin(Stdio::null())
        .env_clear()
        .envs(args.map(variable));
    failed(SHELL, shell.exec())
}

/// `NAME=VALUE` in two.
fn variable(text: OsString) -> (OsString, OsString) {
    let text = text.into_vec();
    let mut parts = text.splitn(2, |byte| *byte == b'=');
    let mut part = || OsString::from_vec(parts.next().unwrap_or_default().to_vec());
    (part(), part())
}
