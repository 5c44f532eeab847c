//! Python interpreters on this machine, and virtual environments with one release of a package each.
//!
//! An environment is made once per release and Python and kept below `target/`. It is made under
//! another name and renamed when it is whole, so that an interrupted installation is never used.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The releases of `leap0` from 0.3.0 on refuse an older Python when they are first used.
const OLDEST: (u32, u32) = (3, 12);

/// Prints the path and the version, and fails where environments can't be made.
const PROBE: &str = "import sys, venv, ensurepip; \
    print(sys.executable, sys.implementation.name, *sys.version_info[:3], sep='\\n')";

/// An interpreter that has one release of one package installed.
pub(crate) struct Python {
    executable: PathBuf,
}

impl Python {
    /// A Python with the release, installed now if it was not before; or the reason why there is
    /// none.
    pub(crate) fn with(package: &str, release: &str) -> Result<Self, String> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        static BASE: LazyLock<Option<Base>> = LazyLock::new(Base::find);

        let base = BASE.as_ref().ok_or("no Python 3.12 or newer found")?;
        let environments = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let home = environments.join(format!("{package}-{release}-{}", base.name));
        let executable = home.join("bin/python");

        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        if !executable.exists() {
            let unfinished = environments.join(format!("unfinished-{}", process::id()));
            base.install(package, release, &unfinished, &home)
                .inspect_err(|_| drop(fs::remove_dir_all(&unfinished)))?;
        }
        Ok(Self { executable })
    }

    /// A command that runs this Python, without leaving compiled files beside the sources.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").stdin(Stdio::null());
        command
    }
}

/// An interpreter of the machine.
struct Base {
    executable: PathBuf,
    /// Such as `cpython-3.12.1`.
    name: String,
}

impl Base {
    /// The first usable interpreter on the `PATH`, then among those that pyenv has.
    fn find() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let on_path = ["python3.13", "python3.12", "python3.14", "python3"]
            .into_iter()
            .flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)));
        let pyenv = env::var_os("PYENV_ROOT")
            .map(PathBuf::from)
            .or_else(|| env::home_dir().map(|home| home.join(".pyenv")));
        let mut of_pyenv: Vec<PathBuf> = pyenv
            .and_then(|root| fs::read_dir(root.join("versions")).ok())
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin/python3")))
            .collect();
        of_pyenv.sort();
        on_path.chain(of_pyenv).find_map(|candidate| Self::probe(&candidate))
    }

    /// Asks a candidate what it is. One that is not there, too old or a shim for nothing is none.
    fn probe(candidate: &Path) -> Option<Self> {
        let output = Command::new(candidate)
            .args(["-I", "-c", PROBE])
            .stdin(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        let [executable, implementation, major, minor, micro] = lines[..] else {
            return None;
        };
        let recent = (major.parse().ok()?, minor.parse().ok()?) >= OLDEST;
        recent.then(|| Self {
            executable: executable.into(),
            name: format!("{implementation}-{major}.{minor}.{micro}"),
        })
    }

    fn install(
        &self,
        package: &str,
        release: &str,
        unfinished: &Path,
        home: &Path,
    ) -> Result<(), String> {
        eprintln!("installing {package} {release} for {}", self.name);
        run(&self.executable, ["-m", "venv", "--clear"].map(OsStr::new), unfinished.as_os_str())?;
        let pip = ["-m", "pip", "install", "--quiet", "--no-input"].map(OsStr::new);
        run(&unfinished.join("bin/python"), pip, format!("{package}=={release}").as_ref())?;
        // What is there is an environment whose Python was removed.
        let _ = fs::remove_dir_all(home);
        fs::rename(unfinished, home)
            .map_err(|error| format!("cannot keep {}: {error}", home.display()))
    }
}

/// Runs a program, or says in a line why it failed.
fn run<const N: usize>(program: &Path, args: [&OsStr; N], last: &OsStr) -> Result<(), String> {
    let output = Command::new(program)
        .args(args)
        .arg(last)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let reason = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    Err(format!("cannot install {}: {reason}", last.display()))
}
