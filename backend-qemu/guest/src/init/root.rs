//! The root file system: mounting the disk, and moving onto it.

use std::env;
use std::fs::{self, Metadata};
use std::io::{self, Error};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::statfs;
use rustix::mount::{MountFlags, mount, mount_move};
use rustix::process::chroot;

use super::wanted;
use crate::patience::wait_for;

/// The sandbox's disk.
const DISK: &str = "/dev/vda";
/// Where it is mounted at first.
const ROOT: &str = "/root";
/// How long the disk may take to appear.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an initramfs is: `RAMFS_MAGIC` or `TMPFS_MAGIC`.
const IN_MEMORY: [u64; 2] = [0x8584_58f6, 0x0102_1994];

/// Mounts the disk.
pub(super) fn mount_disk() -> io::Result<()> {
    wait_for(PATIENCE, || Path::new(DISK).exists().then_some(()))
        .ok_or_else(|| Error::other(format!("{DISK} did not appear")))?;
    fs::create_dir_all(ROOT)?;
    Ok(mount(DISK, ROOT, "ext4", MountFlags::NOATIME, None)?)
}

/// Makes the disk the root of everything, and frees what the initramfs holds.
pub(super) fn enter() -> io::Result<()> {
    for name in ["proc", "sys", "dev"] {
        let target = Path::new(ROOT).join(name);
        // If it can't be made, moving says why.
        let _ = fs::create_dir(&target);
        mount_move(Path::new("/").join(name), target)?;
    }
    wanted("the initramfs", free());
    env::set_current_dir(ROOT)?;
    mount_move(".", "/")?;
    chroot(".")?;
    env::set_current_dir("/")
}

/// Removes all that is in memory, and nothing that is mounted.
fn free() -> io::Result<()> {
    let kind = u64::try_from(statfs("/")?.f_type).map_err(Error::other)?;
    if !IN_MEMORY.contains(&kind) {
        return Err(Error::other("the root to be emptied is none in memory"));
    }
    let device = fs::metadata("/")?.dev();
    for entry in fs::read_dir("/")? {
        let path = entry?.path();
        let meta = fs::symlink_metadata(&path)?;
        if meta.dev() == device {
            remove(&path, &meta)?;
        }
    }
    Ok(())
}

fn remove(path: &Path, meta: &Metadata) -> io::Result<()> {
    if meta.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}
