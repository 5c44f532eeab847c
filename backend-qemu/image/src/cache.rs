//! The images of this user.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::image::{self, Image};
use crate::lock::Lock;
use crate::{ImageError, Manifest, Options, Progress, Recipe, Silent, build, location, work};

/// The images of this user.
#[derive(Clone, Debug)]
pub struct Cache {
    images: PathBuf,
}

/// An image as [`Cache::list`] finds it.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The image, or what is wrong with it.
    pub image: Result<Image, ImageError>,
}

impl Entry {
    /// What it says about itself, if it can still be understood.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.image.as_ref().ok().map(|image| &image.manifest)
    }
}

impl Cache {
    /// The cache in that folder, or where this user's caches are. Makes nothing yet.
    pub fn open(folder: Option<PathBuf>) -> Result<Self, ImageError> {
        let folder = folder.map_or_else(location::cache_folder, Ok)?;
        Ok(Self { images: folder.join("images") })
    }

    /// The folder that has a folder for each image.
    pub fn images(&self) -> &Path {
        &self.images
    }

    /// Where the image of this recipe is, or would be.
    pub fn folder(&self, recipe: &Recipe) -> PathBuf {
        self.images.join(recipe.image_name())
    }

    /// The image of this recipe, if it was built. Does not read its content: takes no time.
    pub fn find(&self, recipe: &Recipe) -> Result<Option<Image>, ImageError> {
        Image::open(&self.folder(recipe))
    }

    /// The image of this recipe, which is built if it is not there.
    pub fn build(&self, recipe: &Recipe, progress: &mut dyn Progress) -> Result<Image, ImageError> {
        self.build_with(recipe, &Options::default(), progress)
    }

    /// The image of this recipe, which is built if it is not there, is damaged, or is to be built
    /// in any case. Waits for a build that is under way, and takes what that one made.
    pub fn build_with(
        &self,
        recipe: &Recipe,
        options: &Options,
        progress: &mut dyn Progress,
    ) -> Result<Image, ImageError> {
        build::build(self, recipe, options, progress)
    }

    /// All images, in the order of their names.
    pub fn list(&self) -> Result<Vec<Entry>, ImageError> {
        let mut entries = Vec::new();
        for folder in work::folders(&self.images)? {
            let name = image::name_of(&folder);
            if name.starts_with('.') {
                continue;
            }
            if let Some(image) = Image::open(&folder).transpose() {
                entries.push(Entry { name, folder, image });
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// Removes an image that no running emulator uses. Waits for a build that is under way.
    pub fn remove(&self, name: &str) -> Result<(), ImageError> {
        let folder = self.images.join(name);
        // No path leads out of the cache.
        let plain = !name.starts_with('.') && !name.is_empty() && !name.contains('/');
        if !plain || !folder.is_dir() {
            return Err(ImageError::Unknown(name.to_owned()));
        }
        let _lock = Lock::take(&self.images, &mut Silent)?;
        self.retire(name)
    }

    /// Takes the image out of the cache, so that at no time half of it is there. The caller has the
    /// lock.
    pub(crate) fn retire(&self, name: &str) -> Result<(), ImageError> {
        let _held = self.hold(name)?;
        let folder = self.images.join(name);
        if folder.exists() { work::remove(&self.images, &folder) } else { Ok(()) }
    }

    /// Refuses if a running emulator has the image; none will, as long as the answer lives.
    pub(crate) fn hold(&self, name: &str) -> Result<Option<File>, ImageError> {
        let manifest = self.images.join(name).join(image::MANIFEST);
        let file = match File::open(&manifest) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ImageError::file("open", &manifest)(error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(ImageError::InUse(name.to_owned())),
            Err(TryLockError::Error(error)) => Err(ImageError::file("lock", &manifest)(error)),
        }
    }
}

#[cfg(test)]
mod tests;
