//! The second step: the kernel and the modules that it needs first, out of their package.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::Build;
use crate::modules::{self, Available};
use crate::{ImageError, cpio, image, packages, tool};

/// Unpacks them and gives the kernel's release.
pub(crate) fn unpack(build: &Build<'_>) -> Result<String, ImageError> {
    let deb = build.work.scratch(packages::KERNEL);
    let folder = build.work.scratch("kernel-package");
    let mut command = build.host.command("dpkg-deb");
    command.arg("--extract").arg(&deb).arg(&folder);
    tool::run(&build.host, "dpkg-deb", command, &mut |_| {})?;

    let (kernel, release) = kernel(&folder.join("boot"))?;
    let target = build.work.path(image::KERNEL);
    fs::rename(&kernel, &target).map_err(ImageError::file("write", &target))?;

    let modules = Available::in_folder(&find_modules(&folder, &release)?)?;
    let mut archive = cpio::Archive::default();
    archive.folder("modules");
    for (number, module) in
        modules::in_order(&build.recipe.modules, &modules, |path| read_module(build, path))?
            .into_iter()
            .enumerate()
    {
        archive.file(&format!("modules/{number:02}-{}.ko", module.name), &module.content);
    }
    let target = build.work.path(image::MODULES);
    fs::write(&target, archive.finish()).map_err(ImageError::file("write", &target))?;
    Ok(release)
}

/// The one kernel in the folder, and its release.
fn kernel(boot: &Path) -> Result<(PathBuf, String), ImageError> {
    let entries = fs::read_dir(boot).map_err(ImageError::file("read folder", boot))?;
    entries
        .flatten()
        .find_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((entry.path(), name.strip_prefix("vmlinuz-")?.to_owned()))
        })
        .ok_or_else(|| ImageError::Unfit("the kernel's package has no kernel".to_owned()))
}

/// Where the modules are, with or without a merged `/usr`.
fn find_modules(package: &Path, release: &str) -> Result<PathBuf, ImageError> {
    ["lib/modules", "usr/lib/modules"]
        .iter()
        .map(|folder| package.join(folder).join(release))
        .find(|folder| folder.is_dir())
        .ok_or_else(|| ImageError::Unfit("the kernel's package has no modules".to_owned()))
}

/// A module as the kernel loads it. Newer kernels of Debian have them compressed.
fn read_module(build: &Build<'_>, path: &Path) -> Result<Vec<u8>, ImageError> {
    if path.extension().is_some_and(|extension| extension == "xz") {
        let mut command = build.host.command("xz");
        command.args(["--decompress", "--keep"]).arg(path);
        tool::run(&build.host, "xz", command, &mut |_| {})?;
    }
    let plain = path.with_extension("");
    let path = if plain.extension().is_some() { plain.as_path() } else { path };
    fs::read(path).map_err(ImageError::file("read", path))
}
