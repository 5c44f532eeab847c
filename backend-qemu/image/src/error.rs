//! Why an image can't be found, built or removed.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why an image can't be found, built or removed, and what can be done about it.
#[derive(Debug, Error)]
pub enum ImageError {
    /// There is no folder to keep images in.
    #[error("no cache folder is known: set LEAP0_CACHE_DIR, XDG_CACHE_HOME or HOME")]
    NoCacheFolder,
    /// The file system said no.
    #[error("cannot {what} {}", path.display())]
    File {
        /// The verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Programs that build an image are not installed.
    #[error("cannot build the image without {tools}: run `apt-get install {packages}` as root")]
    MissingTools {
        /// The programs.
        tools: String,
        /// The Debian packages that hold them.
        packages: String,
    },
    /// The keys that Debian signs its archive with are not installed.
    #[error(
        "cannot check Debian's signatures without {}: run `apt-get install \
         debian-archive-keyring` as root", .0.display()
    )]
    MissingKeyring(PathBuf),
    /// The recipe is for another kind of machine.
    #[error("cannot build an image for {wanted} on {here}")]
    Architecture {
        /// What the recipe is for.
        wanted: String,
        /// What this machine is.
        here: String,
    },
    /// An ordinary user can't own files of several users here.
    #[error(
        "cannot build the image as an ordinary user: {why}; or build it once as root: {command}"
    )]
    Unprivileged {
        /// What is missing, and how to get it.
        why: String,
        /// The command that builds it as root into the same cache.
        command: String,
    },
    /// The mirror that was asked for is no address.
    #[error("mirror {0:?} is not an address like http://deb.debian.org/debian")]
    BadMirror(String),
    /// A program that builds the image could not be started.
    #[error("cannot start {tool}")]
    Start {
        /// The program.
        tool: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program that builds the image failed.
    #[error("{tool} failed ({status}): {said}; all it said is in {}", log.display())]
    Tool {
        /// The program.
        tool: &'static str,
        /// How it ended.
        status: String,
        /// Its last words.
        said: String,
        /// Where the rest is.
        log: PathBuf,
    },
    /// What was built is not what it must be.
    #[error("what was built is no usable image: {0}")]
    Unfit(String),
    /// An image in the cache is not what was built.
    #[error("image {name} is damaged ({what}): run `leap0-emulator image {repair}`")]
    Damaged {
        /// The image.
        name: String,
        /// What is wrong with it.
        what: String,
        /// What to tell `leap0-emulator image`.
        repair: String,
    },
    /// A running emulator has the image open.
    #[error("image {0} is in use by a running emulator: stop that first")]
    InUse(String),
    /// No image has that name.
    #[error("there is no image {0:?}: see `leap0-emulator image list`")]
    Unknown(String),
}

impl ImageError {
    /// For `map_err` on a call of the file system.
    pub(crate) fn file(
        what: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { what, path: path.as_ref().to_owned(), source }
    }
}
