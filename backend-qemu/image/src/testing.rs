//! Images that were never built, for tests.

use std::fs;

use serde_json::json;

use crate::{Cache, FileRecord, Files, Manifest, Recipe, digest, image};

/// An empty cache, gone with its folder.
pub(crate) fn an_empty_cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(Some(folder.path().to_owned())).unwrap();
    (folder, cache)
}

/// Puts an image into the cache that is whole, as far as the cache can tell.
pub(crate) fn put_an_image(cache: &Cache, recipe: &Recipe) {
    let folder = cache.folder(recipe);
    fs::create_dir_all(&folder).unwrap();
    let record = |name: &str| {
        let path = folder.join(name);
        fs::write(&path, format!("content of {name}")).unwrap();
        FileRecord {
            name: name.to_owned(),
            bytes: fs::metadata(&path).unwrap().len(),
            sha256: digest::of_file(&path).unwrap(),
        }
    };
    let manifest = Manifest {
        name: recipe.image_name(),
        recipe: json!(recipe),
        suite: recipe.suite.clone(),
        made: "2025-01-02T03:04:05Z".to_owned(),
        kernel: "6.1.0-0-cloud-amd64".to_owned(),
        disk_bytes: recipe.disk.bytes(),
        files: Files {
            root: record(image::ROOT),
            kernel: record(image::KERNEL),
            modules: record(image::MODULES),
        },
        packages: vec![],
    };
    let text = serde_json::to_string(&manifest).unwrap();
    fs::write(folder.join(image::MANIFEST), text).unwrap();
}
