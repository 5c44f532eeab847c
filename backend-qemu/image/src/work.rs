//! The folder in which an image comes into being.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::{ImageError, image};

/// How the name of a folder begins in which an image is being built.
const BUILDING: &str = ".building-";
/// How the name of a folder begins whose image is being removed.
const REMOVING: &str = ".removing-";
/// The folder in it for what is needed only on the way.
const SCRATCH: &str = "scratch";

/// A folder beside the images, gone with its content unless it is published.
#[derive(Debug)]
pub(crate) struct Work {
    folder: PathBuf,
}

impl Work {
    /// A new, empty one. The caller has the lock.
    pub(crate) fn begin(images: &Path, name: &str) -> Result<Self, ImageError> {
        let work = Self { folder: images.join(format!("{BUILDING}{name}")) };
        let scratch = work.folder.join(SCRATCH);
        fs::create_dir_all(&scratch).map_err(ImageError::file("make folder", &scratch))?;
        Ok(work)
    }

    /// A file of the image.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file that is needed only on the way.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.folder.join(SCRATCH).join(name)
    }

    /// Makes an image of it: whatever happens to the machine from here on, the folder of that name
    /// is a whole image or isn't there.
    pub(crate) fn publish(self, target: &Path) -> Result<(), ImageError> {
        let scratch = self.folder.join(SCRATCH);
        fs::remove_dir_all(&scratch).map_err(ImageError::file("remove", &scratch))?;
        for name in [image::ROOT, image::KERNEL, image::MODULES, image::MANIFEST] {
            sync(&self.path(name))?;
        }
        sync(&self.folder)?;
        fs::rename(&self.folder, target).map_err(ImageError::file("make folder", target))?;
        sync(target.parent().expect("joined to the cache"))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // Once it is published there is nothing of this name; what can't be removed now, the next
        // build removes, or says why not.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn sync(path: &Path) -> Result<(), ImageError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(ImageError::file("write", path))
}

/// Removes what interrupted builds and removals left. The caller has the lock.
pub(crate) fn sweep(images: &Path) -> Result<(), ImageError> {
    for folder in folders(images)? {
        let name = image::name_of(&folder);
        if name.starts_with(BUILDING) {
            remove(images, &folder)?;
        } else if name.starts_with(REMOVING) {
            clear(&folder);
        }
    }
    Ok(())
}

/// Takes the folder out of sight at once, and then away.
pub(crate) fn remove(images: &Path, folder: &Path) -> Result<(), ImageError> {
    let name = image::name_of(folder);
    let mut removing = images.join(format!("{REMOVING}{}", name.trim_start_matches('.')));
    while removing.exists() {
        removing.as_mut_os_string().push("-");
    }
    fs::rename(folder, &removing).map_err(ImageError::file("remove", folder))?;
    clear(&removing);
    Ok(())
}

/// A program of an interrupted build may still be about to end, in this very folder: what can't be
/// removed now is out of the way, and the next build removes it.
fn clear(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

/// The folders in the cache; none where there is no cache yet.
pub(crate) fn folders(images: &Path) -> Result<Vec<PathBuf>, ImageError> {
    let entries = match fs::read_dir(images) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ImageError::file("read folder", images)(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ImageError::file("read folder", images))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}
