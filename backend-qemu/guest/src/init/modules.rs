//! Loading kernel modules.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::system::finit_module;

use super::wanted;

/// Where the initramfs has them, named so that they sort in the order to be loaded in.
const MODULES: &str = "/modules";

/// Loads every module there is. What can't do without one fails later, and says so.
pub(super) fn load() {
    match in_order(Path::new(MODULES)) {
        Ok(modules) => {
            for module in modules {
                wanted(&module.display().to_string(), load_one(&module));
            }
        }
        // A kernel may have all it needs built in.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => wanted(MODULES, Err::<(), _>(error)),
    }
}

fn in_order(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?;
    let mut modules = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    modules.sort();
    Ok(modules)
}

fn load_one(module: &Path) -> io::Result<()> {
    match finit_module(File::open(module)?, c"", 0) {
        // It is there already, or the machine lacks what it drives.
        Err(Errno::EXIST | Errno::NODEV) => Ok(()),
        answer => Ok(answer?),
    }
}
