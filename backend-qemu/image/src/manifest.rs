//! What an image says about itself: `image.json`.

use serde::{Deserialize, Serialize};

/// What an image says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The image, which is also the name of its folder.
    pub name: String,
    /// What it was made of, in the words of the version that made it.
    pub recipe: serde_json::Value,
    /// Debian's release, by code name.
    pub suite: String,
    /// When, in RFC 3339.
    pub made: String,
    /// The kernel's release, as `uname -r` prints it in the guest.
    pub kernel: String,
    /// Size of the disk that the guest sees, in bytes.
    pub disk_bytes: u64,
    /// The files of the image.
    pub files: Files,
    /// The packages in it.
    pub packages: Vec<Package>,
}

/// The files of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// The disk.
    pub root: FileRecord,
    /// The kernel.
    pub kernel: FileRecord,
    /// The archive of its modules.
    pub modules: FileRecord,
}

impl Files {
    /// All of them.
    pub fn all(&self) -> [&FileRecord; 3] {
        [&self.root, &self.kernel, &self.modules]
    }

    /// What they take together, in bytes.
    pub fn bytes(&self) -> u64 {
        self.all().iter().map(|file| file.bytes).sum()
    }
}

/// One file of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The hash of its content, as hexadecimal text.
    pub sha256: String,
}

/// A package in an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}
