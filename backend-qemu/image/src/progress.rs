//! What a build tells whoever waits for it.

use std::time::Duration;

/// A part of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Debian's packages are fetched and installed.
    Packages,
    /// The kernel and its modules are unpacked.
    Kernel,
    /// The file system is written.
    Disk,
    /// The disk is compressed.
    Compress,
    /// The result is checked.
    Verify,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 5] =
        [Self::Packages, Self::Kernel, Self::Disk, Self::Compress, Self::Verify];

    /// What it does, as a phrase.
    pub fn title(self) -> &'static str {
        match self {
            Self::Packages => "installing Debian's packages",
            Self::Kernel => "unpacking the kernel",
            Self::Disk => "writing the file system",
            Self::Compress => "compressing the disk",
            Self::Verify => "checking the image",
        }
    }
}

/// Whoever waits for a build.
pub trait Progress {
    /// Another build is under way; this one waits for it.
    fn waiting(&mut self);
    /// A step begins.
    fn begin(&mut self, step: Step);
    /// This much of the step is done (0 to 1, an estimate), and this is what it does now.
    fn advance(&mut self, step: Step, fraction: f64, doing: &str);
    /// A step is done.
    fn end(&mut self, step: Step, took: Duration);
}

/// Nobody waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn waiting(&mut self) {}
    fn begin(&mut self, _: Step) {}
    fn advance(&mut self, _: Step, _: f64, _: &str) {}
    fn end(&mut self, _: Step, _: Duration) {}
}
