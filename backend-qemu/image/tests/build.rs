//! Builds the image in earnest, once, in the user's own cache: what other tests boot from.

#[path = "support/require.rs"]
mod require;

use std::time::Duration;

use leap0_guest_image::{Cache, ImageError, Progress, Recipe, Step};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

fn main() {
    let trials = vec![Trial::ignorable_test("the_image_is_built_or_is_whole", built_or_whole)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn built_or_whole() -> Result<Completion, Failed> {
    let recipe = Recipe::debian_bookworm();
    let cache = Cache::open(None)?;
    let image = match cache.build(&recipe, &mut Lines) {
        Ok(image) => image,
        Err(
            error @ (ImageError::MissingTools { .. }
            | ImageError::MissingKeyring(_)
            | ImageError::Architecture { .. }
            | ImageError::Unprivileged { .. }),
        ) => return require::missing("image", &error.to_string()),
        Err(error) => return Err(error.into()),
    };
    image.verify()?;
    let manifest = &image.manifest;
    let megabytes = manifest.files.bytes() / 1_000_000;
    eprintln!("{}: {megabytes} MB, kernel {}", image.folder().display(), manifest.kernel);
    for file in [&image.root, &image.kernel, &image.modules] {
        assert!(file.is_file(), "{}", file.display());
    }
    assert_eq!(manifest.recipe["hash"], recipe.hash);
    assert!(megabytes <= 250, "{megabytes} MB");
    for name in ["qemu-guest-agent", "git", "python3", "curl", "jq"] {
        assert!(manifest.packages.iter().any(|package| package.name == name), "{name}");
    }
    for name in ["systemd", "udev"] {
        assert!(manifest.packages.iter().all(|package| package.name != name), "{name}");
    }
    Ok(Completion::Completed)
}

/// One line a step.
struct Lines;

impl Progress for Lines {
    fn waiting(&mut self) {
        eprintln!("waiting for another build");
    }

    fn begin(&mut self, _: Step) {}

    fn advance(&mut self, _: Step, _: f64, _: &str) {}

    fn end(&mut self, step: Step, took: Duration) {
        eprintln!("{}: {:.1} s", step.title(), took.as_secs_f64());
    }
}
