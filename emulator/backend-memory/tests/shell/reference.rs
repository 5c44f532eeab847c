//! The same script on this machine's `dash`, with the commands that are installed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::Failed;

use super::outcome::{Entry, Outcome};

/// Where Debian keeps its commands; nothing that a developer added.
const PATH: &str = "/usr/bin:/bin";
/// Seconds until a script is taken to hang.
const TIMEOUT: &str = "60";

/// A real shell.
#[derive(Debug)]
pub(crate) struct Dash(PathBuf);

/// Finds `dash`; otherwise the reason why there is none.
pub(crate) fn find() -> Result<Dash, String> {
    let found = PATH.split(':').map(|directory| Path::new(directory).join("dash"));
    found.into_iter().find(|path| path.is_file()).map(Dash).ok_or_else(|| "no dash here".to_owned())
}

impl Dash {
    /// Runs a script in an empty directory of its own, with nothing of this process's environment.
    pub(crate) fn run(&self, script: &str) -> Result<Outcome, Failed> {
        let directory = tempfile::tempdir()?;
        let (workdir, home) = (directory.path().join("work"), directory.path().join("home"));
        fs::create_dir(&workdir)?;
        fs::create_dir(&home)?;
        let output = Command::new("/usr/bin/timeout")
            .args(["--signal=KILL", TIMEOUT])
            .arg(&self.0)
            // A test can't set the umask of what it starts; a shell can.
            .args(["-c", "umask 022; exec dash -c \"$1\" sh", "sh", script])
            .current_dir(&workdir)
            .env_clear()
            .env("HOME", &home)
            .env("LOGNAME", "user")
            .env("PATH", PATH)
            .env("SHELL", "/bin/sh")
            .env("USER", "user")
            .stdin(Stdio::null())
            .output()?;
        let mut files = BTreeMap::new();
        collect(&workdir, &workdir, &mut files)?;
        let status = output.status;
        let exit_code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
        Ok(Outcome {
            exit_code: exit_code.ok_or("it neither exited nor was killed")?,
            stdout: output.stdout,
            stderr: output.stderr,
            files,
        })
    }
}

fn collect(
    top: &Path,
    directory: &Path,
    files: &mut BTreeMap<String, Entry>,
) -> Result<(), Failed> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        let mode = metadata.permissions().mode() & 0o7777;
        let found = if metadata.is_symlink() {
            Entry::Link { target: fs::read_link(&path)?.to_string_lossy().into_owned() }
        } else if metadata.is_dir() {
            collect(top, &path, files)?;
            Entry::Directory { mode }
        } else if metadata.is_file() {
            Entry::File { mode, data: fs::read(&path)? }
        } else {
            Entry::Other
        };
        files.insert(path.strip_prefix(top)?.to_string_lossy().into_owned(), found);
    }
    Ok(())
}
