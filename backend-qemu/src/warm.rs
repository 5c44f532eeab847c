//! Templates that have booted already.
//!
//! A new sandbox does not boot: it goes on from a machine of its shape that booted once and was
//! saved. These are kept from one emulator to the next, and thrown away, the longest unused first,
//! when they take too much room.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use leap0_emulator_core::backend::{BackendError, Boot, Identity};
use leap0_emulator_core::id::SandboxId;
use leap0_emulator_core::spec::{EnvVars, Resources};
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};
use tokio::sync::OnceCell;

use crate::hypervisor::Hypervisor;
use crate::open::OpenError;
use crate::saved::Memory;

/// Most bytes that saved templates take on the disk, but for the one that was used last.
const KEPT_BYTES: u64 = 4 << 30;

const MEMORY: &str = "memory.qcow2";
const DISK: &str = "disk.qcow2";

/// vCPUs and MiB of memory.
type Shape = (u32, u32);

/// Machines that have booted and done nothing yet, one for each shape.
#[derive(Debug)]
pub(crate) struct Warm {
    hypervisor: Arc<Hypervisor>,
    /// Where they are kept.
    folder: PathBuf,
    shapes: Mutex<HashMap<Shape, Arc<OnceCell<Arc<Memory>>>>>,
}

impl Warm {
    /// Keeps them in `folder`.
    pub(crate) fn open(hypervisor: Arc<Hypervisor>, folder: PathBuf) -> Result<Self, OpenError> {
        fs::create_dir_all(&folder)
            .map_err(|error| OpenError::Io { what: folder.display().to_string(), error })?;
        Ok(Self { hypervisor, folder, shapes: Mutex::default() })
    }

    /// The saved machine that `boot` can go on from. The first to ask for a shape boots it, those
    /// who ask meanwhile wait for that.
    pub(crate) async fn memory(&self, boot: &Boot) -> Result<Arc<Memory>, BackendError> {
        let shape = (boot.resources.vcpus, boot.resources.memory_mib);
        let cell = Arc::clone(
            self.shapes.lock().unwrap_or_else(PoisonError::into_inner).entry(shape).or_default(),
        );
        cell.get_or_try_init(|| self.find_or_make(boot)).await.cloned()
    }

    async fn find_or_make(&self, boot: &Boot) -> Result<Arc<Memory>, BackendError> {
        let kept = self.folder.join(self.key(boot.resources));
        match self.find(&kept, boot.resources) {
            Ok(memory) => return Ok(Arc::new(memory)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => log::warn!("{}: {error}", kept.display()),
        }
        let memory = self.make(boot).await?;
        if let Err(error) = self.keep(&memory, &kept) {
            log::warn!("{}: the next emulator has to boot again: {error}", kept.display());
        }
        Ok(Arc::new(memory))
    }

    /// Takes one that an earlier emulator has made. It stays ours when that one is thrown away.
    fn find(&self, kept: &Path, resources: Resources) -> io::Result<Memory> {
        let store = &self.hypervisor.store;
        let file = store.adopt(&kept.join(MEMORY))?;
        let disk = store.adopt_layer(&kept.join(DISK), &self.hypervisor.base)?;
        if let Err(error) = touch(kept) {
            log::debug!("{}: {error}", kept.display());
        }
        Ok(Memory { file, disk, layout: self.hypervisor.layout(resources) })
    }

    async fn make(&self, boot: &Boot) -> Result<Memory, BackendError> {
        let Resources { vcpus, memory_mib, .. } = boot.resources;
        log::info!("booting a machine of {vcpus} vCPU and {memory_mib} MiB to start others from");
        let sandbox = SandboxId::from_client("template");
        let identity = Identity { sandbox, ..boot.identity.clone() };
        let boot = Boot { identity, env: EnvVars::default(), ..boot.clone() };
        let machine = self.hypervisor.boot(&self.hypervisor.base, boot).await?;
        machine.fall_asleep().await
    }

    /// Keeps one for the next emulator, as a whole or not at all.
    fn keep(&self, memory: &Memory, kept: &Path) -> io::Result<()> {
        let making = tempfile::Builder::new().prefix(".making-").tempdir_in(&self.folder)?;
        for (from, name) in [(memory.file.path(), MEMORY), (memory.disk.path(), DISK)] {
            // From now on nobody writes to it, also not a machine of ours that was broken out of.
            let ours = fs::metadata(&self.folder)?;
            chown(from, Some(ours.uid()), Some(ours.gid()))?;
            fs::set_permissions(from, fs::Permissions::from_mode(0o444))?;
            fs::hard_link(from, making.path().join(name))?;
        }
        fs::set_permissions(making.path(), fs::Permissions::from_mode(0o755))?;
        // Another emulator may have been faster, with the same.
        match fs::rename(making.path(), kept) {
            Err(error) if kept.is_dir() => log::debug!("{}: {error}", kept.display()),
            other => other?,
        }
        evict(&self.folder, kept, KEPT_BYTES)
    }

    /// What two machines have in common when one can go on with the memory of the other: the
    /// program, the command line, and what is booted.
    fn key(&self, resources: Resources) -> String {
        let Resources { vcpus, memory_mib, .. } = resources;
        format!("{vcpus}x{memory_mib}-{:032x}", self.hypervisor.layout(resources))
    }
}

/// Notes that it was used, by the file system's own clock.
fn touch(kept: &Path) -> io::Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    Ok(futimens(fs::File::open(kept)?, &times)?)
}

/// Throws away the longest unused until the rest takes no more than `most` bytes, but never `last`.
fn evict(folder: &Path, last: &Path, most: u64) -> io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let bytes = [MEMORY, DISK].iter().filter_map(|name| fs::metadata(path.join(name)).ok());
        let bytes: u64 = bytes.map(|meta| meta.blocks() * 512).sum();
        kept.push((entry.metadata()?.modified()?, bytes, path));
    }
    kept.sort();
    let mut total: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in kept {
        if total <= most {
            break;
        }
        if path != last {
            fs::remove_dir_all(&path)?;
            total -= bytes;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const BYTES: usize = 64 << 10;

    /// A template of [`BYTES`] bytes and a little more, last used at `second`.
    fn template(folder: &Path, name: &str, second: u64) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir(&path).expect("made");
        fs::write(path.join(MEMORY), vec![1; BYTES]).expect("written");
        fs::write(path.join(DISK), b"little").expect("written");
        let used = UNIX_EPOCH + Duration::from_secs(second);
        fs::File::open(&path).and_then(|opened| opened.set_modified(used)).expect("ours");
        path
    }

    #[test]
    fn the_longest_unused_go_first_and_the_last_used_never() {
        let folder = tempfile::tempdir().expect("a folder");
        let within = folder.path();
        let [newest, oldest, between] =
            [("a", 30), ("b", 10), ("c", 20)].map(|(name, used)| template(within, name, used));
        let making = template(within, ".making-d", 1);
        let two = 2 * BYTES as u64 + (64 << 10);

        evict(within, &newest, two).expect("evicted");
        assert_eq!((newest.exists(), oldest.exists(), between.exists()), (true, false, true));
        // What is used counts, not what was made.
        touch(&between).expect("touched");
        let next = template(within, "d", 40);
        evict(within, &next, two).expect("evicted");
        assert_eq!((newest.exists(), between.exists(), next.exists()), (false, true, true));

        evict(within, &next, 0).expect("evicted");
        assert_eq!((between.exists(), next.exists(), making.exists()), (false, true, true));
    }
}
