//! A control group around each machine, where the host has delegated one to the emulator.
//!
//! systemd marks what it delegates (`systemd-run --user --scope -p Delegate=yes`, or a service with
//! `Delegate=yes`). Nowhere else is a group touched: it would be somebody else's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use leap0_emulator_core::spec::Resources;

/// Where the groups of this host are, in their second version.
const MOUNTED: &str = "/sys/fs/cgroup";
/// What systemd writes on a group that it delegates; the first is for root's eyes.
const MARKS: [&str; 2] = ["trusted.delegate", "user.delegate"];
/// Our own place: a group whose members are limited has none but groups in it.
const OURS: &str = "leap0-emulator";
/// What a machine's processes may take besides its memory: QEMU, the translator, `passt`, and what
/// the kernel keeps of the files they read.
const MORE_BYTES: u64 = 1 << 30;
/// Threads of QEMU and `passt`: vCPUs, and up to 64 that wait for the disk.
const TASKS: u32 = 256;
/// The period that `cpu.max` counts in, in microseconds.
const PERIOD: u32 = 100_000;

/// The delegated group.
#[derive(Debug)]
pub(crate) struct Groups {
    folder: PathBuf,
    made: AtomicU64,
    /// Groups of machines that have ended, which can be removed as soon as their processes have.
    ended: Arc<Mutex<Vec<PathBuf>>>,
}

/// The group of one machine; goes with it.
#[derive(Debug)]
pub(crate) struct Group {
    folder: PathBuf,
    ended: Arc<Mutex<Vec<PathBuf>>>,
}

impl Groups {
    /// Takes the group that was delegated to this process, if one was.
    pub(crate) fn find() -> Option<Self> {
        let of = fs::read_to_string("/proc/self/cgroup").ok()?;
        let path = of.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let folder = Path::new(MOUNTED).join(path);
        if !delegated(&folder) {
            return None;
        }
        match Self::take(folder, std::process::id()) {
            Ok(groups) => Some(groups),
            Err(error) => {
                log::warn!("machines get no control groups, though one is delegated: {error}");
                None
            }
        }
    }

    fn take(folder: PathBuf, pid: u32) -> io::Result<Self> {
        let ours = folder.join(OURS);
        match fs::create_dir(&ours) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => fs::write(ours.join("cgroup.procs"), pid.to_string())?,
        }
        fs::write(folder.join("cgroup.subtree_control"), "+memory +pids")?;
        // A user's session often has no say over processors.
        if let Err(error) = fs::write(folder.join("cgroup.subtree_control"), "+cpu") {
            log::info!(
                "{}: the machines' processor time is not bounded: {error}",
                folder.display()
            );
        }
        Ok(Self { folder, made: AtomicU64::new(0), ended: Arc::default() })
    }

    /// Makes the group of a machine.
    pub(crate) fn of(&self, resources: Resources) -> io::Result<Group> {
        // Fails for those whose processes are still about to end; they are tried again.
        self.ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|ended| fs::remove_dir(ended).is_err() && ended.exists());
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(format!("leap0-{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        let group = Group { folder, ended: Arc::clone(&self.ended) };
        let memory = (u64::from(resources.memory_mib) << 20) + MORE_BYTES;
        group.set("memory.max", &memory.to_string())?;
        // Half a machine is none.
        group.set("memory.oom.group", "1")?;
        group.set("pids.max", &TASKS.to_string())?;
        // One more for what is not a vCPU. The file is there if processors are delegated too.
        if group.folder.join("cpu.max").exists() {
            group.set("cpu.max", &format!("{} {PERIOD}", (resources.vcpus + 1) * PERIOD))?;
        }
        Ok(group)
    }
}

impl Group {
    /// Puts a process into it, with all that this starts later.
    pub(crate) fn take(&self, pid: u32) -> io::Result<()> {
        self.set("cgroup.procs", &pid.to_string())
    }

    fn set(&self, name: &str, value: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, value)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let folder = std::mem::take(&mut self.folder);
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(folder);
    }
}

fn delegated(folder: &Path) -> bool {
    let mut value = [0; 1];
    MARKS.iter().any(|mark| {
        matches!(rustix::fs::getxattr(folder, *mark, &mut value), Ok(1)) && value == *b"1"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> String {
        fs::read_to_string(path).expect("written")
    }

    /// The files are the kernel's; a plain folder shows what is written to them.
    #[test]
    fn a_machine_is_bounded_by_its_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let groups = Groups::take(path.to_owned(), 7).expect("taken");
        assert_eq!(read(&path.join("leap0-emulator/cgroup.procs")), "7");
        let resources = Resources { vcpus: 2, memory_mib: 512, ..Resources::default() };
        let group = groups.of(resources).expect("made");
        group.take(8).expect("put in");
        let set = |name| read(&group.folder.join(name));
        assert_eq!(set("memory.max"), (1536_u64 << 20).to_string());
        assert_eq!(set("memory.oom.group"), "1");
        assert_eq!(set("pids.max"), "256");
        assert_eq!(set("cgroup.procs"), "8");
        let other = groups.of(resources).expect("made");
        assert_ne!(other.folder, group.folder, "each has its own");
    }

    #[test]
    fn a_group_goes_when_it_is_empty_and_not_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let groups = Groups::take(folder.path().to_owned(), 7).expect("taken");
        let group = groups.of(Resources::default()).expect("made");
        let path = group.folder.clone();
        // A folder with files can't be removed, as a group with processes can't.
        drop(group);
        let _next = groups.of(Resources::default()).expect("made");
        assert!(path.exists());
        for file in fs::read_dir(&path).expect("a folder") {
            fs::remove_file(file.expect("a file").path()).expect("removed");
        }
        let _next = groups.of(Resources::default()).expect("made");
        assert!(!path.exists());
    }

    #[test]
    fn a_group_that_nobody_delegated_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!delegated(folder.path()));
    }
}
