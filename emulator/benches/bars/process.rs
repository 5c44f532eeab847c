//! Programs that are measured: started, looked at from outside, and killed at the end.

use std::env;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process open as many connections as the system allows without asking.
pub(crate) fn take_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // What is too few shows when they are opened.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// A program that runs, killed when dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// The line it printed that says that it is ready.
    ready: String,
    /// From before its start to that line.
    pub(crate) started_in: Duration,
}

impl Program {
    /// Starts a program, gives it `input`, and waits for its first line.
    pub(crate) fn start(command: Command, input: &[u8]) -> Result<Self> {
        Self::start_until(command, input, "")
    }

    /// The same, but waits for a line with these words.
    pub(crate) fn start_until(mut command: Command, input: &[u8], words: &str) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let begun = Instant::now();
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        // From here on the child is killed whatever happens.
        let started_in = Duration::ZERO;
        let mut program = Self { child, ready: String::new(), started_in };
        if let Some(mut stdin) = stdin {
            stdin.write_all(input).context("the program did not take its input")?;
        }
        loop {
            program.ready.clear();
            stdout.read_line(&mut program.ready).context("cannot read the ready line")?;
            program.started_in = begun.elapsed();
            ensure!(program.ready.ends_with('\n'), "{command:?} ended before it was ready");
            if program.ready.contains(words) {
                break;
            }
        }
        // Read on, so that the program can go on writing.
        thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
        Ok(program)
    }

    /// Starts the emulator of this build on a free port, with these flags and no others.
    pub(crate) fn emulator(flags: &[&str]) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"));
        command.args(["--listen", "127.0.0.1:0"]).args(flags);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("LEAP0_EMULATOR_") {
                command.env_remove(name);
            }
        }
        Self::start(command, &[])
    }

    /// The address in its ready line.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        let word = self
            .ready
            .split_whitespace()
            .find_map(|word| word.trim_start_matches("http://").parse().ok());
        word.with_context(|| format!("no address in the ready line {:?}", self.ready))
    }

    /// Resident memory in MiB; `None` where the system doesn't tell.
    pub(crate) fn resident_mib(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib / 1024.0)
    }

    /// Processor time used so far, in seconds; `None` where the system doesn't tell.
    pub(crate) fn processor_seconds(&self) -> Option<f64> {
        // Linux counts in hundredths of a second here, whatever the kernel's own tick.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // Field 2 is the name in parentheses; user and system time are fields 14 and 15.
        let (_, after_name) = stat.rsplit_once(") ")?;
        let ticks: Option<Vec<f64>> =
            after_name.split(' ').skip(11).take(2).map(|field| field.parse().ok()).collect();
        Some(ticks?.iter().sum::<f64>() / TICKS_PER_SECOND)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell if it can't be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
