//! What runs a machine's instructions.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};

/// An accelerator of QEMU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accel {
    /// The host's processor, through `/dev/kvm`.
    Kvm,
    /// QEMU's own translator: everywhere, and slower.
    Tcg,
}

impl Accel {
    /// Its name, as `--accel` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg,thread=multi",
        }
    }
}

/// How long a kernel may take to come to its first program under KVM. It takes a second.
const DEADLINE: Duration = Duration::from_secs(8);

/// What the kernel prints before that program.
const ALIVE: &str = "Run /init";

/// The file that keeps the answer.
const REMEMBERED: &str = "kvm";

/// Whether KVM runs a kernel here, or why it does not.
///
/// That its device can be opened proves nothing: there are hosts whose `/dev/kvm` makes machines
/// that never run an instruction. So one is booted, and the answer is kept in `folder` for as long
/// as QEMU, the kernel and the host's kernel are the same.
pub(crate) async fn kvm(
    qemu: &Path,
    kernel: &Path,
    initrd: &Path,
    folder: &Path,
) -> Result<(), String> {
    if let Err(error) = fs::OpenOptions::new().read(true).write(true).open("/dev/kvm") {
        return Err(format!("/dev/kvm: {error}"));
    }
    let key = format!("{} {} {}", version(qemu), version(kernel), host());
    let remembered = folder.join(REMEMBERED);
    if let Ok(text) = fs::read_to_string(&remembered)
        && let Some((known, answer)) = text.split_once('\n')
        && known == key
    {
        return match answer {
            "" => Ok(()),
            why => Err(format!("{why} (remembered in {})", remembered.display())),
        };
    }
    let answer = boots(qemu, kernel, initrd).await;
    let text = format!("{key}\n{}", answer.as_ref().err().map_or("", String::as_str));
    if let Err(error) = fs::write(&remembered, text) {
        log::debug!("{}: {error}", remembered.display());
    }
    answer
}

async fn boots(qemu: &Path, kernel: &Path, initrd: &Path) -> Result<(), String> {
    let mut command = tokio::process::Command::new(qemu);
    command
        .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"])
        .args(["-machine", "q35", "-accel", "kvm", "-m", "256M", "-serial", "stdio"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initrd)
        .args(["-append", "console=ttyS0 panic=-1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", qemu.display()))?;
    let console = child.stdout.take().ok_or("no console")?;
    let comes_to_life = async {
        let mut lines = BufReader::new(console).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.contains(ALIVE) {
                return true;
            }
        }
        false
    };
    match tokio::time::timeout(DEADLINE, comes_to_life).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            let output = child.wait_with_output().await.map_err(|error| error.to_string())?;
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("QEMU ended under it: {}: {}", output.status, said.trim()))
        }
        Err(_) => Err(format!("a kernel did not boot under it in {DEADLINE:?}")),
    }
}

/// Which file this is, as far as its replacement would show.
pub(crate) fn version(path: &Path) -> String {
    // QEMU is looked for as a shell would.
    let search = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&search).map(|folder| folder.join(path));
    let file = folders.find(|file| file.is_file());
    fs::metadata(file.as_deref().unwrap_or(path))
        .map_or_else(|_| "?".into(), |meta| format!("{} bytes of {}", meta.len(), meta.mtime()))
}

/// Which kernel the host runs.
fn host() -> String {
    fs::read_to_string("/proc/version").unwrap_or_default().trim().to_owned()
}
