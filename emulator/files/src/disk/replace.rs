//! Replacing what a file holds, so that a failure leaves what was there.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FallocateFlags, OFlags, fallocate};
use rustix::io::{Errno, retry_on_intr};

use super::refusal::refusal;
use crate::StoreError;

/// Permission bits that writing takes away.
const SET_ID: u32 = 0o6000;

/// A regular file opened to get new contents.
pub(super) struct Target {
    file: File,
    /// What it was before; `None` for one that was made by opening it.
    before: Option<Metadata>,
}

/// How the options of every opening begin: it never waits, and gives no controlling terminal.
pub(super) fn opening() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.custom_flags(flags.bits().cast_signed());
    options
}

impl Target {
    /// Opens what the path leads to, or makes it with no more than the permission bits `mode`.
    pub(super) fn open(path: &Path, mode: u32) -> Result<Self, StoreError> {
        // In two steps, because only so it is known who made the file. And the kernel may refuse to
        // "create" somebody else's file below /tmp which it would open.
        let opened = opening().write(true).open(path);
        match opened {
            Ok(file) => {
                let before = file.metadata().map_err(refusal)?;
                if !before.is_file() {
                    return Err(StoreError::Invalid);
                }
                Ok(Self { file, before: Some(before) })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut options = opening();
                options.write(true).create(true).mode(mode & 0o777);
                Ok(Self { file: options.open(path).map_err(refusal)?, before: None })
            }
            Err(error) => Err(refusal(error)),
        }
    }

    /// What it was before.
    pub(super) fn before(&self) -> Option<&Metadata> {
        self.before.as_ref()
    }

    /// Gives it the mode, and the contents that `fill` writes from its start on, at most `length`
    /// bytes; `fill` answers how many it wrote.
    ///
    /// A file that was there stays the same file, so that all its names and whoever has it open see
    /// the change. Its room is made sure of before its first byte is touched.
    pub(super) fn replace(
        self,
        mode: Option<u32>,
        length: u64,
        fill: impl FnOnce(&File) -> io::Result<u64>,
    ) -> Result<(), StoreError> {
        let Some(before) = &self.before else {
            return self.fill_new(mode, fill).map_err(refusal);
        };
        // First, because it is what only the owner may.
        set_mode(&self.file, mode).map_err(refusal)?;
        if let Err(error) = reserve(&self.file, length) {
            // Frees what room was found beyond the end.
            let undone = self.file.set_len(before.len());
            let restored = set_mode(&self.file, mode.map(|_| before.mode() & 0o7777));
            return Err(refusal(undone.and(restored).err().unwrap_or(error)));
        }
        let filled = fill(&self.file).and_then(|written| self.file.set_len(written));
        filled.map_err(refusal)?;
        set_mode(&self.file, mode.filter(|mode| mode & SET_ID != 0)).map_err(refusal)
    }

    fn fill_new(
        &self,
        mode: Option<u32>,
        fill: impl FnOnce(&File) -> io::Result<u64>,
    ) -> io::Result<()> {
        // The mode last: what is written loses set-user-ID, and the umask has had its way.
        let filled = fill(&self.file).and_then(|_| set_mode(&self.file, mode));
        if filled.is_err() {
            // Where it really is: the path may have led through a link.
            // What can't be removed either is left; the first failure is the one to be told.
            let path = fs::read_link(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
            let _ = path.and_then(fs::remove_file);
        }
        filled
    }
}

fn set_mode(file: &File, mode: Option<u32>) -> io::Result<()> {
    mode.map_or(Ok(()), |mode| file.set_permissions(Permissions::from_mode(mode)))
}

/// Makes sure that there is room for the bytes up to `length`, holes filled.
fn reserve(file: &File, length: u64) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    match retry_on_intr(|| fallocate(file, FallocateFlags::KEEP_SIZE, 0, length)) {
        // Such a file system finds out when it is written to.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        answer => answer.map_err(io::Error::from),
    }
}
