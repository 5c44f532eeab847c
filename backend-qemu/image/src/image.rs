//! An image in the cache.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{FileRecord, ImageError, Manifest, Recipe, digest};

pub(crate) const ROOT: &str = "root.qcow2";
pub(crate) const KERNEL: &str = "kernel";
pub(crate) const MODULES: &str = "modules.cpio";
pub(crate) const MANIFEST: &str = "image.json";

/// An image in the cache. It can't be removed or replaced while a value of it lives.
#[derive(Clone, Debug)]
pub struct Image {
    /// The disk: qcow2, compressed, read-only.
    pub root: PathBuf,
    /// The kernel.
    pub kernel: PathBuf,
    /// The archive of modules (cpio), in `/modules` in the order to load them.
    pub modules: PathBuf,
    /// What the image says about itself.
    pub manifest: Manifest,
    /// Locked, shared, as long as anyone has it.
    _in_use: Arc<File>,
}

impl Image {
    /// Opens the image in that folder; `None` where there is none. The sizes of its files are
    /// checked, their content is not.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>, ImageError> {
        let path = folder.join(MANIFEST);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ImageError::file("open", &path)(error)),
        };
        file.lock_shared().map_err(ImageError::file("lock", &path))?;
        // Whoever had the lock may have removed or replaced the folder.
        let opened = file.metadata().map_err(ImageError::file("read", &path))?;
        match fs::metadata(&path) {
            Ok(there) if there.ino() == opened.ino() => {}
            Ok(_) => return Self::open(folder),
            Err(_) => return Ok(None),
        }
        let name = name_of(folder);
        let damaged = |what| damaged(&name, what);
        let manifest: Manifest = serde_json::from_reader(io::BufReader::new(&file))
            .map_err(|error| damaged(format!("{MANIFEST}: {error}")))?;
        for record in manifest.files.all() {
            check_size(folder, record).map_err(damaged)?;
        }
        Ok(Some(Self {
            root: folder.join(ROOT),
            kernel: folder.join(KERNEL),
            modules: folder.join(MODULES),
            manifest,
            _in_use: Arc::new(file),
        }))
    }

    /// The folder that the image is in.
    pub fn folder(&self) -> &Path {
        self.root.parent().expect("joined to a folder")
    }

    /// Reads all of it and compares it with what was built.
    pub fn verify(&self) -> Result<(), ImageError> {
        for record in self.manifest.files.all() {
            let path = self.folder().join(&record.name);
            let found = digest::of_file(&path).map_err(ImageError::file("read", &path))?;
            if found != record.sha256 {
                let what = format!("{} has another content than was built", record.name);
                return Err(damaged(&name_of(self.folder()), what));
            }
        }
        Ok(())
    }
}

/// What this version does not use can only be removed.
fn damaged(name: &str, what: String) -> ImageError {
    let used = name == Recipe::debian_bookworm().image_name();
    let repair = if used { "build --force".to_owned() } else { format!("remove {name}") };
    ImageError::Damaged { name: name.to_owned(), what, repair }
}

fn check_size(folder: &Path, record: &FileRecord) -> Result<(), String> {
    match fs::metadata(folder.join(&record.name)) {
        Ok(meta) if meta.len() == record.bytes => Ok(()),
        Ok(meta) => Err(format!("{} has {} bytes, not {}", record.name, meta.len(), record.bytes)),
        Err(error) => Err(format!("{}: {error}", record.name)),
    }
}

/// An image has the name of its folder.
pub(crate) fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
