//! Which modules the guest loads first, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::{ImageError, modinfo};

/// The modules of a kernel, by their names.
#[derive(Debug, Default)]
pub(crate) struct Available {
    files: BTreeMap<String, PathBuf>,
    built_in: BTreeSet<String>,
}

/// A module to load.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Module {
    /// The name of its file, without what follows the dot.
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

impl Available {
    /// Those of `/lib/modules/<release>`.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, ImageError> {
        let mut available = Self::default();
        let list = folder.join("modules.builtin");
        let text = fs::read_to_string(&list).map_err(ImageError::file("read", &list))?;
        available.built_in = text.lines().map(|line| key(stem(Path::new(line)))).collect();
        let mut folders = vec![folder.join("kernel")];
        while let Some(folder) = folders.pop() {
            let failed = || ImageError::file("read folder", &folder);
            for entry in fs::read_dir(&folder).map_err(failed())? {
                let entry = entry.map_err(failed())?;
                if entry.file_type().map_err(failed())?.is_dir() {
                    folders.push(entry.path());
                } else {
                    available.files.insert(key(stem(&entry.path())), entry.path());
                }
            }
        }
        Ok(available)
    }
}

/// `virtio-rng` of `drivers/virtio-rng.ko.xz`.
fn stem(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('.').next().unwrap_or_default()
}

/// The kernel makes no difference between the two signs.
fn key(name: &str) -> String {
    name.replace('-', "_")
}

/// The wanted modules and what they depend on, each after what it depends on and otherwise as
/// wanted. What is built in needs no loading.
pub(crate) fn in_order(
    wanted: &[String],
    available: &Available,
    mut read: impl FnMut(&Path) -> Result<Vec<u8>, ImageError>,
) -> Result<Vec<Module>, ImageError> {
    let mut order = Order { available, read: &mut read, seen: BTreeSet::new(), modules: vec![] };
    wanted.iter().try_for_each(|name| order.visit(name))?;
    Ok(order.modules)
}

struct Order<'a> {
    available: &'a Available,
    read: &'a mut dyn FnMut(&Path) -> Result<Vec<u8>, ImageError>,
    /// Also ends a circle, which the kernel's own tools would refuse.
    seen: BTreeSet<String>,
    modules: Vec<Module>,
}

impl Order<'_> {
    fn visit(&mut self, name: &str) -> Result<(), ImageError> {
        let key = key(name);
        if self.available.built_in.contains(&key) || !self.seen.insert(key.clone()) {
            return Ok(());
        }
        let path = self.available.files.get(&key).ok_or_else(|| {
            ImageError::Unfit(format!("the kernel has no module {name}, which the guest needs"))
        })?;
        let content = (self.read)(path)?;
        let depends = modinfo::depends(&content).ok_or_else(|| {
            ImageError::Unfit(format!("{name} does not say what it depends on: no module"))
        })?;
        depends.iter().try_for_each(|name| self.visit(name))?;
        self.modules.push(Module { name: stem(path).to_owned(), content });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kernel with a folder of modules, each of which depends on some.
    fn kernel(modules: &[(&str, &str)], built_in: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("kernel/drivers")).unwrap();
        for (name, depends) in modules {
            let path = folder.path().join("kernel/drivers").join(name);
            fs::write(path, modinfo::tests::module(&format!("depends={depends}\0"))).unwrap();
        }
        fs::write(folder.path().join("modules.builtin"), built_in).unwrap();
        folder
    }

    fn order(wanted: &[&str], kernel: &tempfile::TempDir) -> Result<Vec<String>, String> {
        let available = Available::in_folder(kernel.path()).unwrap();
        let wanted: Vec<_> = wanted.iter().map(|&name| name.to_owned()).collect();
        in_order(&wanted, &available, |path| Ok(fs::read(path).unwrap()))
            .map(|modules| modules.into_iter().map(|module| module.name).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_module_needs_comes_before_it_and_comes_once() {
        let kernel = kernel(
            &[
                ("net.ko", "failover,ring"),
                ("failover.ko", "core-part"),
                ("core_part.ko", ""),
                ("ring.ko.xz", ""),
                ("blk.ko", "ring"),
            ],
            "",
        );
        assert_eq!(
            order(&["blk", "net"], &kernel).unwrap(),
            ["ring", "blk", "core_part", "failover", "net"]
        );
    }

    #[test]
    fn what_is_built_in_is_left_out_and_what_is_missing_is_named() {
        let kernel = kernel(&[("blk.ko", "rng-core")], "kernel/drivers/rng-core.ko\n");
        assert_eq!(order(&["rng_core", "blk"], &kernel).unwrap(), ["blk"]);
        let error = order(&["absent"], &kernel).unwrap_err();
        assert!(error.contains("no module absent"), "{error}");
    }

    #[test]
    fn a_circle_ends() {
        let kernel = kernel(&[("a.ko", "b"), ("b.ko", "a")], "");
        assert_eq!(order(&["a"], &kernel).unwrap(), ["b", "a"]);
    }
}
