//! The virtio serial ports.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{Timespec, epoll};

use crate::patience::wait_for;

/// Where the kernel lists the ports.
const LIST: &str = "/sys/class/virtio-ports";

/// The device of the port with this name, which has so long to appear.
///
/// Nobody but the kernel makes devices here, so there are no links by name.
pub(crate) fn find(name: &str, patience: Duration) -> Option<PathBuf> {
    let device = wait_for(patience, || listed(Path::new(LIST), name))?;
    Some(Path::new("/dev").join(device))
}

fn listed(list: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(list).ok()?.flatten().find_map(|port| {
        let told = fs::read_to_string(port.path().join("name")).ok()?;
        (told.trim_end() == name).then(|| port.file_name().into())
    })
}

/// The reading end of a pipe to the emulator.
#[derive(Debug)]
pub(crate) struct Port {
    file: File,
    /// Tells of changes, where the other end may be gone and come back.
    changes: Option<OwnedFd>,
}

impl Port {
    /// Opens a virtio serial port. The kernel lets one process do so at a time.
    pub(crate) fn open(device: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(device)?;
        let changes = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        // Only changes are told (ET). That nobody is connected would be told over and over.
        let told = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&changes, &file, epoll::EventData::new_u64(0), told)?;
        Ok(Self { file, changes: Some(changes) })
    }

    /// A pipe or socket, which ends once and for all.
    pub(crate) fn over(file: impl AsFd) -> io::Result<Self> {
        Ok(Self { file: File::from(file.as_fd().try_clone_to_owned()?), changes: None })
    }

    /// The same pipe to write to.
    pub(crate) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Reads what is there, or waits for something. 0 only where nothing will ever come again.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match (self.file.read(room), &self.changes) {
                // A port that no emulator is connected to: reading it does not wait.
                (Ok(0), Some(changes)) => wait(changes)?,
                (Err(error), _) if error.kind() == ErrorKind::Interrupted => {}
                (answer, _) => return answer,
            }
        }
    }
}

/// Waits for a change since the last one told, and in any case not for long.
fn wait(changes: &OwnedFd) -> io::Result<()> {
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    let mut events = Vec::with_capacity(1);
    let told = epoll::wait(changes, rustix::buffer::spare_capacity(&mut events), Some(&second));
    match told {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_found_by_its_name() {
        let list = tempfile::tempdir().expect("a temporary directory");
        for (port, name) in
            [("vport1p1", "org.qemu.guest_agent.0\n"), ("vport1p2", "io.leap0.guest\n")]
        {
            fs::create_dir(list.path().join(port)).expect("made");
            fs::write(list.path().join(port).join("name"), name).expect("written");
        }
        fs::create_dir(list.path().join("vport1p0")).expect("one without a name");
        assert_eq!(listed(list.path(), "io.leap0.guest"), Some("vport1p2".into()));
        assert_eq!(listed(list.path(), "io.leap0"), None);
        assert_eq!(listed(Path::new("/nowhere"), "io.leap0.guest"), None);
    }
}
