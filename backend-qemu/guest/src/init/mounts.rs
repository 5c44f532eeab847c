//! The file systems that are no disk.

use std::ffi::CStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::io::{Errno, Result};
use rustix::mount::{MountFlags, mount};

use super::wanted;

/// Names in `/dev` that programs expect, and where they lead.
const LINKS: [(&str, &str); 4] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
];

/// Mounts what the kernel shows of itself.
pub(super) fn kernel(root: &Path) -> Result<()> {
    let closed = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount_at(&root.join("proc"), "proc", closed, None)?;
    mount_at(&root.join("sys"), "sysfs", closed, None)?;
    mount_at(&root.join("dev"), "devtmpfs", MountFlags::NOSUID, Some(c"mode=0755"))
}

/// Mounts what users and their programs expect, below the root file system.
pub(super) fn users() {
    let closed = MountFlags::NOSUID | MountFlags::NODEV;
    for (at, kind, flags, options) in [
        (
            "/dev/pts",
            "devpts",
            MountFlags::NOSUID | MountFlags::NOEXEC,
            c"gid=5,mode=620,ptmxmode=666",
        ),
        ("/dev/shm", "tmpfs", closed, c"mode=1777"),
        ("/run", "tmpfs", closed, c"mode=0755"),
        ("/run/lock", "tmpfs", closed, c"mode=1777,size=5m"),
    ] {
        wanted(at, mount_at(Path::new(at), kind, flags, Some(options)));
    }
    for (link, target) in LINKS {
        wanted(link, symlink(target, link));
    }
}

fn mount_at(at: &Path, kind: &str, flags: MountFlags, options: Option<&CStr>) -> Result<()> {
    // If it can't be made, mounting says why.
    let _ = fs::create_dir(at);
    match mount(kind, at, kind, flags, options) {
        // The kernel may have mounted devtmpfs itself.
        Err(Errno::BUSY) => Ok(()),
        answer => answer,
    }
}
