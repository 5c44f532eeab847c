//! One build at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

use crate::{ImageError, Progress};

/// Held by whoever changes the cache. The system gives it back when its holder ends, however that
/// comes about.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for whoever has it; tells `progress` if it must.
    pub(crate) fn take(images: &Path, progress: &mut dyn Progress) -> Result<Self, ImageError> {
        fs::create_dir_all(images).map_err(ImageError::file("make folder", images))?;
        let path = images.join(".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(ImageError::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.waiting();
                file.lock().map_err(ImageError::file("lock", &path))?;
            }
            Err(TryLockError::Error(error)) => return Err(ImageError::file("lock", &path)(error)),
        }
        Ok(Self { _file: file })
    }
}
