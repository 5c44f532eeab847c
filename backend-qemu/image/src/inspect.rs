//! The last step: is what was built what it must be?

use std::fs;

use crate::build::Build;
use crate::disk::RAW;
use crate::{ImageError, image, tool};

mod bzimage;
mod inode;

pub(crate) fn check(build: &Build<'_>, release: &str) -> Result<(), ImageError> {
    let raw = build.work.scratch(RAW);
    let root = build.work.path(image::ROOT);

    let path = build.work.path(image::KERNEL);
    let kernel = fs::read(&path).map_err(ImageError::file("read", &path))?;
    bzimage::check(&kernel, release).map_err(ImageError::Unfit)?;

    let mut command = build.host.command("e2fsck");
    command.args(["-f", "-n"]).arg(&raw);
    tool::run(&build.host, "e2fsck", command, &mut |_| {})?;
    for required in &build.recipe.required {
        let path = &required.path;
        let found = inode::parse(path, &debugfs(build, &format!("stat \"{path}\""))?);
        if found.as_ref() != Some(required) {
            return Err(ImageError::Unfit(format!("{path} is {found:?}, not {required:?}")));
        }
    }

    let mut command = build.host.command("qemu-img");
    command.args(["check", "-f", "qcow2"]).arg(&root);
    tool::run(&build.host, "qemu-img", command, &mut |_| {})?;
    // Every block of it is what the file system checked above has there.
    let mut command = build.host.command("qemu-img");
    command.args(["compare", "-f", "raw", "-F", "qcow2"]).arg(&raw).arg(&root);
    tool::run(&build.host, "qemu-img", command, &mut |_| {}).map(drop)
}

/// The text of a file in the new file system.
pub(crate) fn file(build: &Build<'_>, path: &str) -> Result<String, ImageError> {
    debugfs(build, &format!("cat \"{path}\""))
}

fn debugfs(build: &Build<'_>, request: &str) -> Result<String, ImageError> {
    let mut command = build.host.command("debugfs");
    command.args(["-R", request]).arg(build.work.scratch(RAW));
    tool::run(&build.host, "debugfs", command, &mut |_| {})
}
