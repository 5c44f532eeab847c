//! Removing a tree.
//!
//! Not by `std::fs`, which calls itself and keeps a directory open for every level: users make
//! trees deeper than any stack or table of open files. This climbs down and up with one open
//! directory at a time, and follows no link.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, fstat, openat, rmdir, unlinkat};
use rustix::io::{Errno, Result};
use rustix::path::Arg;

use super::refusal::refusal;
use crate::StoreError;

/// Room for entries of a directory, of which the kernel gives as many at once as fit.
const ENTRIES: usize = 32 << 10;

/// A directory being emptied.
struct Level {
    /// Its name in the one above.
    name: CString,
    /// Which directory it is, to be told again on the way up.
    identity: (u64, u64),
    /// The directories in it that are still to be removed.
    directories: Vec<CString>,
}

/// Removes a directory with all below it. What vanishes meanwhile is nobody's loss.
pub(super) fn remove_tree(path: &Path) -> core::result::Result<(), StoreError> {
    let mut here = match open(CWD, path) {
        // One that may not be read may still be empty.
        Err(Errno::ACCESS) => return rmdir(path).map_err(|_| StoreError::Denied),
        opened => opened.map_err(refusal)?,
    };
    let mut levels = vec![Level::enter(&here, c"").map_err(refusal)?];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.directories.pop() {
            if let Some((below, entered)) = descend(&here, &name).map_err(refusal)? {
                levels.push(entered);
                here = below;
            }
        } else if let Some(Level { name, .. }) = levels.pop()
            && let Some(above) = levels.last()
        {
            here = open(&here, c"..").map_err(refusal)?;
            if identity(&here).map_err(refusal)? != above.identity {
                return Err(StoreError::Other("moved while it was removed".to_owned()));
            }
            gone(unlinkat(&here, &name, AtFlags::REMOVEDIR)).map_err(refusal)?;
        }
    }
    drop(here);
    gone(rmdir(path)).map_err(refusal)
}

/// Goes down into a directory that holds others; any other is removed at once.
fn descend(here: &OwnedFd, name: &CStr) -> Result<Option<(OwnedFd, Level)>> {
    let below = match open(here, name) {
        Ok(below) => below,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::ACCESS) => {
            return match unlinkat(here, name, AtFlags::REMOVEDIR) {
                Ok(()) => Ok(None),
                Err(_) => Err(Errno::ACCESS),
            };
        }
        Err(error) => return Err(error),
    };
    let level = Level::enter(&below, name)?;
    if level.directories.is_empty() {
        drop(below);
        gone(unlinkat(here, name, AtFlags::REMOVEDIR))?;
        return Ok(None);
    }
    Ok(Some((below, level)))
}

impl Level {
    /// Removes all but directories from `directory`.
    fn enter(directory: &OwnedFd, name: &CStr) -> Result<Self> {
        let mut directories = Vec::new();
        let mut room = vec![MaybeUninit::uninit(); ENTRIES];
        let mut entries = RawDir::new(directory, &mut room);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            match entry.file_type() {
                _ if matches!(name.to_bytes(), b"." | b"..") => {}
                FileType::Directory => directories.push(name.to_owned()),
                // Of some file systems the type is not known; on Linux this removes no directory.
                _ => match unlinkat(directory, name, AtFlags::empty()) {
                    Err(Errno::ISDIR) => directories.push(name.to_owned()),
                    answer => gone(answer)?,
                },
            }
        }
        Ok(Self { name: name.to_owned(), identity: identity(directory)?, directories })
    }
}

fn open(from: impl std::os::fd::AsFd, path: impl Arg) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(from, path, flags, Mode::empty())
}

fn identity(directory: &OwnedFd) -> Result<(u64, u64)> {
    fstat(directory).map(|meta| (meta.st_dev, meta.st_ino))
}

fn gone(answer: Result<()>) -> Result<()> {
    match answer {
        Err(Errno::NOENT) => Ok(()),
        answer => answer,
    }
}
