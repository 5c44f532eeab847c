//! The folder of one running emulator, and the end of those that no emulator runs any more.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::isolation::Isolation;

/// Names of emulators' folders.
const PREFIX: &str = "run-";
/// The file in each that its emulator keeps locked.
const LOCK: &str = "lock";
/// Longest path of such a folder: a socket's path has at most 107 bytes, and its machine's folder
/// and its own name need some of them.
const LONGEST: usize = 80;

/// A folder that is this emulator's alone, removed at its end.
#[derive(Debug)]
pub(crate) struct State {
    folder: TempDir,
    // Locked as long as we live, however we end.
    _lock: File,
}

impl State {
    /// Makes a folder below `parent`, and removes those that were left behind there.
    pub(crate) fn open(parent: &Path) -> io::Result<(Self, Isolation)> {
        fs::create_dir_all(parent)?;
        sweep(parent)?;
        let isolation = Isolation::choose(parent)?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        if folder.path().as_os_str().len() > LONGEST || folder.path().to_str().is_none() {
            return Err(io::Error::other(format!(
                "{}: sockets below need a path of at most {LONGEST} bytes of UTF-8; set \
                 LEAP0_CACHE_DIR to a shorter one",
                folder.path().display()
            )));
        }
        let lock = File::create(folder.path().join(LOCK))?;
        lock.try_lock()?;
        isolation.give(folder.path())?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))?;
        Ok((Self { folder, _lock: lock }, isolation))
    }

    /// Makes a folder in it.
    pub(crate) fn folder(&self, name: &str, isolation: Isolation) -> io::Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::create_dir(&path)?;
        isolation.give(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
        Ok(path)
    }

    /// Where a file in it is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Removes what emulators left that were killed. Their machines went with them.
fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let path = entry.path();
        // One without a lock yet is being made.
        let Ok(lock) = File::open(path.join(LOCK)) else { continue };
        match lock.try_lock() {
            Ok(()) => {
                log::info!("{}: left by an emulator that was killed, removed", path.display());
                if let Err(error) = fs::remove_dir_all(&path) {
                    log::warn!("{}: {error}", path.display());
                }
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => log::warn!("{}: {error}", path.display()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_removed_at_its_end_and_swept_when_its_emulator_was_killed() {
        let parent = tempfile::tempdir().expect("a folder");
        let (alive, _) = State::open(parent.path()).expect("opened");
        let killed = parent.path().join("run-killed");
        fs::create_dir(&killed).expect("made");
        File::create(killed.join(LOCK)).expect("made");
        File::create(killed.join("memory-1.qcow2")).expect("made");
        let (other, _) = State::open(parent.path()).expect("opened beside it");
        assert!(!killed.exists(), "nobody holds its lock");
        assert!(alive.path(LOCK).exists(), "its emulator lives");
        let path = alive.path("");
        drop(alive);
        assert!(!path.exists());
        assert!(other.path(LOCK).exists());
    }
}
