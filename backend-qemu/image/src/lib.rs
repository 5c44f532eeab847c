//! Builds, verifies and keeps the disk images that QEMU sandboxes boot from.
//!
//! An image is a folder of the user's cache: a compressed qcow2 disk with a Debian root file
//! system, Debian's kernel for it, and an archive of the modules that the kernel needs to find the
//! disk. [`Cache`] finds, builds, lists and removes them. The folder is named for its [`Recipe`],
//! and it is an image only when its manifest is there, which is written last.
//!
//! Everything here blocks, and building takes a minute or two: an asynchronous caller uses a thread
//! of its own.

mod build;
mod cache;
mod clock;
mod cpio;
mod digest;
mod disk;
mod error;
mod host;
mod image;
mod inspect;
mod kernel;
mod leash;
mod location;
mod lock;
mod manifest;
mod modinfo;
mod modules;
mod packages;
mod privilege;
mod progress;
mod recipe;
mod sources;
mod status;
#[cfg(test)]
mod testing;
mod tool;
mod work;

pub use build::Options;
pub use cache::{Cache, Entry};
pub use error::ImageError;
pub use image::Image;
pub use manifest::{FileRecord, Files, Manifest, Package};
pub use progress::{Progress, Silent, Step};
pub use recipe::{Disk, Recipe, Required};
