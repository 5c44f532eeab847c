//! Programs from npm, each of one release, kept below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

/// A program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) release: &'static str,
    /// Where it is below the folder that it is installed to.
    pub(crate) program: &'static str,
}

/// Prism, which mocks what an `OpenAPI` document describes: the newest that Debian's Node runs.
pub(crate) const PRISM: Package =
    Package { name: "@stoplight/prism-cli", release: "5.14.2", program: "node_modules/.bin/prism" };

impl Package {
    /// The program, installed now if it was not before, or why there is none.
    pub(crate) fn install(&self) -> Result<PathBuf, String> {
        let Self { name, release, program } = self;
        let word = name.rsplit('/').next().unwrap_or(name);
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{word}-{release}"));
        let program = home.join(program);
        if program.exists() {
            return Ok(program);
        }
        let unfinished = home.with_extension(format!("unfinished-{}", process::id()));
        let installed = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix"])
            .args([unfinished.as_os_str(), format!("{name}@{release}").as_ref()])
            .env("SCARF_ANALYTICS", "false")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run npm: {error}"))?;
        if !installed.status.success() {
            let _ = fs::remove_dir_all(&unfinished);
            let why = String::from_utf8_lossy(&installed.stderr);
            let line = why.lines().next().unwrap_or("no reason given");
            return Err(format!("cannot install {name} {release}: {line}"));
        }
        let _ = fs::remove_dir_all(&home);
        let kept = fs::rename(&unfinished, &home);
        kept.map_err(|error| format!("cannot keep {}: {error}", home.display()))?;
        Ok(program)
    }
}
