//! How little a QEMU may do to the host that runs it.
//!
//! A guest that breaks out of its machine finds itself in a process without privileges, with
//! QEMU's own seccomp filter around it ([`crate::argv`]), in a folder of its own. Whoever started
//! the emulator as root gets machines that run as a user whom nothing else belongs to.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use leap0_emulator_core::spec::Resources;

/// Where systemd takes its dynamic users from: free on any host, by agreement.
const USERS: std::ops::RangeInclusive<u32> = 61_184..=65_519;

/// The kernel takes a machine before the rest of the host when memory runs out.
const OOM_SCORE: &str = "500";

/// Open files: a disk's layers, and room.
const OPEN_FILES: u32 = 1024;

/// Who the machines of one emulator run as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Isolation {
    /// User and group of the same number; `None` when the emulator is no root itself.
    user: Option<u32>,
}

impl Isolation {
    /// Chooses a user whom no folder in `runs` belongs to.
    pub(crate) fn choose(runs: &Path) -> io::Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { user: None });
        }
        let mut taken = Vec::new();
        for entry in fs::read_dir(runs)? {
            // One that goes away meanwhile takes nobody.
            taken.extend(entry?.metadata().map(|meta| meta.uid()));
        }
        let start = USERS.start() + std::process::id() % (USERS.end() - USERS.start());
        let user = (start..=*USERS.end()).chain(USERS).find(|user| !taken.contains(user));
        user.map(|user| Self { user: Some(user) })
            .ok_or_else(|| io::Error::other("too many emulators run here"))
    }

    /// Gives a file or folder to the machines' user.
    pub(crate) fn give(self, path: &Path) -> io::Result<()> {
        match self.user {
            Some(user) => chown(path, Some(user), Some(user)),
            None => Ok(()),
        }
    }

    /// Has nobody write to a file of ours any more, also no machine that was broken out of; the
    /// machines may go on reading it.
    pub(crate) fn seal(self, path: &Path) -> io::Result<()> {
        if let Some(user) = self.user {
            chown(path, Some(rustix::process::geteuid().as_raw()), Some(user))?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o440))
    }

    /// Lets the machines read a file that was sealed for those of another emulator.
    pub(crate) fn admit(self, path: &Path) -> io::Result<()> {
        const EVERYBODY: u32 = 0o004;
        if fs::metadata(path)?.mode() & EVERYBODY != 0 { Ok(()) } else { self.seal(path) }
    }

    /// The command that runs `program` with no more than it needs, and that ends with us: whatever
    /// way the emulator goes, the kernel kills what it has started.
    pub(crate) fn command(self, program: &Path, resources: Resources) -> Command {
        // The largest file is a disk or a memory; a third more is for their tables.
        let largest = u64::from(resources.disk_mib.max(resources.memory_mib)) << 20;
        let mut command = Command::new("prlimit");
        command
            .arg("--core=0")
            .arg(format!("--nofile={OPEN_FILES}"))
            .arg(format!("--fsize={}", largest + largest / 3))
            .args(["setpriv", "--pdeathsig", "KILL", "--no-new-privs"]);
        if let Some(user) = self.user {
            command.arg(format!("--reuid={user}")).arg(format!("--regid={user}"));
            match fs::metadata("/dev/kvm") {
                Ok(kvm) => command.arg(format!("--groups={}", kvm.gid())),
                Err(_) => command.arg("--clear-groups"),
            };
            command.args(["--inh-caps=-all", "--bounding-set=-all"]);
        }
        command.arg("--").arg(program).env_clear();
        // Nothing of the emulator's environment is a machine's business, but where programs are.
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command
    }

    /// Lets the kernel take the process `pid` first when the host runs out of memory.
    pub(crate) fn expendable(pid: u32) {
        let path = format!("/proc/{pid}/oom_score_adj");
        if let Err(error) = fs::write(&path, OOM_SCORE) {
            log::debug!("{path}: {error}");
        }
    }
}

/// Whether a program is on the path.
pub(crate) fn installed(program: impl AsRef<OsStr>) -> bool {
    let program = program.as_ref();
    std::env::var_os("PATH").is_some_and(|paths| {
        std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
    })
}
