//! A fresh emulator of its own for a test: the real binary, on a free port.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

/// Far longer than a start takes, far shorter than the patience of whoever waits for the tests.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running emulator, killed when dropped.
pub(crate) struct Emulator {
    pub(crate) child: Child,
    url: String,
    log: PathBuf,
}

impl Emulator {
    /// Starts an emulator with these flags beside the default settings, and waits until it is ready.
    /// Its log is a file named after the test.
    pub(crate) fn start(test: &str, flags: &[&str]) -> Result<Self> {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.log"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_leap0-emulator"));
        command.args(["--listen", "127.0.0.1:0"]).args(flags);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("LEAP0_EMULATOR_") {
                command.env_remove(name); // what the developer likes is not what is tested
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(File::create(&log).context("cannot create the emulator's log")?);
        let mut child = command.spawn().context("cannot start the emulator")?;
        let stdout = child.stdout.take().expect("stdout is piped");

        // From here on the child is killed whatever happens.
        let mut emulator = Self { child, url: String::new(), log };
        emulator.url =
            ready_url(stdout).map_err(|error| anyhow!("{error:#}\n{}", emulator.log()))?;
        Ok(emulator)
    }

    /// The environment in which an SDK or a script finds this emulator, and nothing else does
    /// what the developer's environment may ask for.
    pub(crate) fn environment<'a>(&'a self, key: &'a str) -> [(&'static str, &'a str); 5] {
        [
            ("LEAP0_BASE_URL", &self.url),
            ("LEAP0_API_KEY", key),
            ("LEAP0_SDK_OTEL_ENABLED", "false"),
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("no_proxy", "127.0.0.1,localhost"),
        ]
    }

    /// What the emulator wrote to its standard error, for the report of a failure.
    pub(crate) fn log(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        format!("the emulator's log ({}):\n{text}", self.log.display())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell if it can't be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the ready line, which is the first that the emulator prints. What follows is read
/// and dropped, so that the writer never blocks.
fn ready_url(stdout: ChildStdout) -> Result<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let line = lines
        .recv_timeout(READY_WITHIN)
        .context("the emulator ended or hung before it was ready")?;
    line.strip_prefix("leap0-emulator listening on ")
        .and_then(|rest| rest.split_once(" backend="))
        .map(|(url, _)| url.to_owned())
        .with_context(|| format!("{line:?} is not the ready line"))
}
