use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

use super::*;
use crate::testing::{an_empty_cache, put_an_image};
use crate::work::Work;
use crate::{Step, image};

fn names(cache: &Cache) -> Vec<String> {
    cache.list().unwrap().into_iter().map(|entry| entry.name).collect()
}

#[test]
fn a_cache_that_was_never_used_is_empty_and_is_not_made_by_looking() {
    let (folder, cache) = an_empty_cache();
    assert!(cache.find(&Recipe::debian_bookworm()).unwrap().is_none());
    assert_eq!(names(&cache), [""; 0]);
    assert!(matches!(cache.remove("debian-bookworm-1"), Err(ImageError::Unknown(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_image_is_found_and_listed_by_the_name_of_its_recipe() {
    let (_folder, cache) = an_empty_cache();
    let recipe = Recipe::debian_bookworm();
    put_an_image(&cache, &recipe);
    let image = cache.find(&recipe).unwrap().unwrap();
    image.verify().unwrap();
    assert_eq!(image.folder(), cache.folder(&recipe));
    assert_eq!(image.manifest.recipe["hash"], recipe.hash);
    assert_eq!(names(&cache), [recipe.image_name()]);
}

#[test]
fn a_folder_without_its_manifest_is_no_image() {
    let (_folder, cache) = an_empty_cache();
    let recipe = Recipe::debian_bookworm();
    put_an_image(&cache, &recipe);
    fs::remove_file(cache.folder(&recipe).join(image::MANIFEST)).unwrap();
    assert!(cache.find(&recipe).unwrap().is_none());
    assert_eq!(names(&cache), [""; 0]);
}

#[test]
fn a_file_of_another_size_is_damage_and_the_error_says_how_to_repair_it() {
    let (_folder, cache) = an_empty_cache();
    let recipe = Recipe::debian_bookworm();
    let path = cache.folder(&recipe).join(image::ROOT);
    for damage in [|path: &Path| fs::write(path, "short"), |path: &Path| fs::remove_file(path)] {
        put_an_image(&cache, &recipe);
        assert!(cache.find(&recipe).unwrap().is_some());
        damage(&path).unwrap();
        let error = cache.find(&recipe).unwrap_err().to_string();
        assert!(error.contains(image::ROOT) && error.contains("image build --force"), "{error}");
        assert_eq!(cache.list().unwrap().len(), 1);
    }
}

#[test]
fn a_manifest_that_is_cut_off_is_damage() {
    let (_folder, cache) = an_empty_cache();
    let recipe = Recipe::debian_bookworm();
    put_an_image(&cache, &recipe);
    fs::write(cache.folder(&recipe).join(image::MANIFEST), r#"{"name":"#).unwrap();
    assert!(matches!(cache.find(&recipe), Err(ImageError::Damaged { .. })));
}

#[test]
fn an_image_of_another_version_is_listed_and_can_only_be_removed() {
    let (_folder, cache) = an_empty_cache();
    let mut recipe = Recipe::debian_bookworm();
    recipe.hash = "0".repeat(64);
    put_an_image(&cache, &recipe);
    assert!(cache.list().unwrap()[0].image.is_ok());
    fs::write(cache.folder(&recipe).join(image::MANIFEST), "{}").unwrap();
    let error = cache.list().unwrap().remove(0).image.unwrap_err().to_string();
    assert!(error.contains("image remove debian-bookworm-0000000000000000"), "{error}");
}

#[test]
fn other_content_of_the_same_size_is_found_by_reading_it() {
    let (_folder, cache) = an_empty_cache();
    let recipe = Recipe::debian_bookworm();
    put_an_image(&cache, &recipe);
    let path = cache.folder(&recipe).join(image::KERNEL);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace('c', "k")).unwrap();
    let error = cache.find(&recipe).unwrap().unwrap().verify().unwrap_err().to_string();
    assert!(error.contains(image::KERNEL) && error.contains("image build --force"), "{error}");
}

#[test]
fn an_image_can_t_be_removed_while_anyone_has_it() {
    let (_folder, cache) = an_empty_cache();
    let recipe = Recipe::debian_bookworm();
    let name = recipe.image_name();
    put_an_image(&cache, &recipe);
    let image = cache.find(&recipe).unwrap().unwrap();
    let another = image.clone();
    drop(image);
    assert!(matches!(cache.remove(&name), Err(ImageError::InUse(_))));
    drop(another);
    cache.remove(&name).unwrap();
    assert!(cache.find(&recipe).unwrap().is_none());
    assert!(matches!(cache.remove(&name), Err(ImageError::Unknown(_))));
}

#[test]
fn no_name_leads_out_of_the_cache() {
    let (folder, cache) = an_empty_cache();
    fs::create_dir_all(folder.path().join("images/.building-x")).unwrap();
    fs::create_dir_all(folder.path().join("other")).unwrap();
    for name in ["", ".", "..", "../other", ".building-x", "/tmp"] {
        assert!(matches!(cache.remove(name), Err(ImageError::Unknown(_))), "{name}");
    }
    assert!(folder.path().join("other").is_dir());
}

#[test]
fn what_an_interrupted_build_left_is_not_listed_and_is_swept_away() {
    let (_folder, cache) = an_empty_cache();
    put_an_image(&cache, &Recipe::debian_bookworm());
    for name in [".building-a", ".building-b", ".removing-a"] {
        let folder = cache.images().join(name);
        fs::create_dir_all(folder.join("scratch")).unwrap();
        fs::write(folder.join(image::MANIFEST), "{}").unwrap();
    }
    assert_eq!(names(&cache).len(), 1);
    work::sweep(cache.images()).unwrap();
    assert_eq!(fs::read_dir(cache.images()).unwrap().count(), 1);
    assert_eq!(names(&cache).len(), 1);
}

#[test]
fn a_build_that_fails_leaves_nothing() {
    let (_folder, cache) = an_empty_cache();
    let work = Work::begin(cache.images(), "a").unwrap();
    fs::write(work.scratch("root.raw"), "").unwrap();
    fs::write(work.path(image::ROOT), "").unwrap();
    drop(work);
    assert_eq!(fs::read_dir(cache.images()).unwrap().count(), 0);
}

#[test]
fn what_is_published_is_the_image_and_nothing_else() {
    let (_folder, cache) = an_empty_cache();
    let recipe = Recipe::debian_bookworm();
    let work = Work::begin(cache.images(), "a").unwrap();
    fs::write(work.scratch("root.raw"), "").unwrap();
    put_an_image(&cache, &recipe);
    for name in [image::ROOT, image::KERNEL, image::MODULES, image::MANIFEST] {
        fs::rename(cache.folder(&recipe).join(name), work.path(name)).unwrap();
    }
    fs::remove_dir(cache.folder(&recipe)).unwrap();
    assert!(cache.find(&recipe).unwrap().is_none());
    work.publish(&cache.folder(&recipe)).unwrap();
    cache.find(&recipe).unwrap().unwrap().verify().unwrap();
    assert_eq!(fs::read_dir(cache.images()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(cache.folder(&recipe)).unwrap().count(), 4);
}

/// Says when it must wait.
struct Waiting(mpsc::Sender<&'static str>);

impl Progress for Waiting {
    fn waiting(&mut self) {
        self.0.send("waiting").unwrap();
    }

    fn begin(&mut self, _: Step) {}
    fn advance(&mut self, _: Step, _: f64, _: &str) {}
    fn end(&mut self, _: Step, _: Duration) {}
}

#[test]
fn a_second_builder_says_that_it_waits_and_goes_on_when_the_first_is_done() {
    let (_folder, cache) = an_empty_cache();
    let first = Lock::take(cache.images(), &mut Silent).unwrap();
    let (sender, heard) = mpsc::channel();
    let images = cache.images().to_owned();
    let second = thread::spawn(move || {
        let lock = Lock::take(&images, &mut Waiting(sender.clone())).unwrap();
        sender.send("has it").unwrap();
        drop(lock);
    });
    assert_eq!(heard.recv().unwrap(), "waiting");
    assert!(heard.try_recv().is_err());
    drop(first);
    assert_eq!(heard.recv().unwrap(), "has it");
    second.join().unwrap();
}

#[test]
fn an_image_that_is_there_is_not_built_again_whatever_is_installed() {
    let (_folder, cache) = an_empty_cache();
    let mut recipe = Recipe::debian_bookworm();
    recipe.architecture = "none".to_owned();
    assert!(matches!(cache.build(&recipe, &mut Silent), Err(ImageError::Architecture { .. })));
    put_an_image(&cache, &recipe);
    cache.build(&recipe, &mut Silent).unwrap();
    // Whoever builds wants a good one.
    fs::write(cache.folder(&recipe).join(image::ROOT), "short").unwrap();
    assert!(matches!(cache.build(&recipe, &mut Silent), Err(ImageError::Architecture { .. })));
}
