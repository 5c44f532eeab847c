//! The third and fourth steps: a file system of the archive, and a compressed disk of that.

use std::fs::{self, File};

use crate::build::Build;
use crate::privilege::Privilege;
use crate::{ImageError, image, packages, tool};

/// The file system as it is, before it is compressed.
pub(crate) const RAW: &str = "root.raw";

/// Unpacks the archive and makes a file system of the folder. Under `fakeroot` the two agree on
/// owners that the files do not have. Devices come with the guest's kernel, and making them is
/// forbidden in many containers.
const WRITE: &str = r#"set -eu
archive=$1 folder=$2 disk=$3
shift 3
tar --extract --file "$archive" --directory "$folder" --numeric-owner --same-owner \
    --preserve-permissions --exclude='./dev/*'
mkfs.ext4 "$@" -d "$folder" "$disk"
"#;

pub(crate) fn write(build: &Build<'_>) -> Result<(), ImageError> {
    let raw = build.work.scratch(RAW);
    File::create(&raw)
        .and_then(|file| file.set_len(build.recipe.disk.bytes()))
        .map_err(ImageError::file("write", &raw))?;
    let folder = build.work.scratch("root");
    fs::create_dir(&folder).map_err(ImageError::file("make folder", &folder))?;
    let archive = build.work.scratch(packages::ARCHIVE);

    let mut command = match build.host.privilege {
        Privilege::Root => build.host.command("sh"),
        Privilege::Ordinary { .. } => {
            let mut command = build.host.command("fakeroot");
            command.arg("sh");
            command
        }
    };
    command.args(["-c", WRITE, "sh"]).arg(&archive).arg(&folder).arg(&raw);
    let (uuid, journal) = (build.recipe.uuid(), build.recipe.disk.journal_mib);
    command.args(["-q", "-F", "-L", "root", "-U", &uuid]);
    // Nothing is kept back for root, and an error does not go unseen.
    command.args(["-m", "0", "-e", "remount-ro"]);
    command.args(["-J", &format!("size={journal}")]);
    // Everything is initialised here, where zeros cost nothing: the guest's kernel would otherwise
    // do it in the background, and each block of it would be in every snapshot.
    command.args([
        "-E",
        &format!(
            "nodiscard,lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0,hash_seed={uuid}"
        ),
    ]);
    tool::run(&build.host, "tar or mkfs.ext4", command, &mut |_| {}).map(drop)
}

pub(crate) fn compress(build: &Build<'_>) -> Result<(), ImageError> {
    let mut command = build.host.command("qemu-img");
    command.args(["convert", "-q", "-c", "-W", "-f", "raw", "-O", "qcow2", "-o"]);
    let cluster = build.recipe.disk.cluster_kib;
    command.arg(format!("compression_type=zstd,cluster_size={cluster}k"));
    command.arg(build.work.scratch(RAW)).arg(build.work.path(image::ROOT));
    tool::run(&build.host, "qemu-img", command, &mut |_| {}).map(drop)
}
