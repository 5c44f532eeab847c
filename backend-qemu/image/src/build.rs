//! The steps of a build, from the recipe to the image in the cache.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use serde_json::json;

use crate::host::Host;
use crate::image::{self, Image};
use crate::lock::Lock;
use crate::sources::Sources;
use crate::work::{self, Work};
use crate::{
    Cache, FileRecord, Files, ImageError, Manifest, Progress, Recipe, Step, clock, digest, disk,
    inspect, kernel, packages, status,
};

/// How an image is built.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where Debian's packages come from; by default from where this machine gets them.
    pub mirror: Option<String>,
    /// Build it even if it is there.
    pub force: bool,
}

/// What the steps of a build have in common.
pub(crate) struct Build<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) host: Host,
    pub(crate) work: Work,
}

pub(crate) fn build(
    cache: &Cache,
    recipe: &Recipe,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Image, ImageError> {
    if let Some(image) = present(cache, recipe, options)? {
        return Ok(image);
    }
    let host = Host::look(cache)?;
    host.can_build(recipe)?;
    let sources = Sources::choose(&host, recipe, options.mirror.as_deref())?;

    let _lock = Lock::take(cache.images(), progress)?;
    if let Some(image) = present(cache, recipe, options)? {
        return Ok(image);
    }
    let name = recipe.image_name();
    // Refused now rather than in a minute, when it is to be replaced.
    drop(cache.hold(&name)?);
    work::sweep(cache.images())?;
    host.start_log()?;
    let work = Work::begin(cache.images(), &name)?;
    let build = Build { recipe, host, work };
    let manifest = build.run(&sources, progress)?;
    build.write(&manifest)?;
    cache.retire(&name)?;
    build.work.publish(&cache.folder(recipe))?;
    cache.find(recipe)?.ok_or_else(|| ImageError::Unfit("it was removed at once".to_owned()))
}

/// The image, if there is nothing to do.
fn present(cache: &Cache, recipe: &Recipe, options: &Options) -> Result<Option<Image>, ImageError> {
    match cache.find(recipe) {
        Ok(_) | Err(ImageError::Damaged { .. }) if options.force => Ok(None),
        // Whoever asks for a build wants a good image.
        Err(ImageError::Damaged { .. }) => Ok(None),
        found => found,
    }
}

impl Build<'_> {
    fn run(&self, sources: &Sources, progress: &mut dyn Progress) -> Result<Manifest, ImageError> {
        step(Step::Packages, progress, |progress| packages::install(self, sources, progress))?;
        let release = step(Step::Kernel, progress, |_| kernel::unpack(self))?;
        step(Step::Disk, progress, |_| disk::write(self))?;
        step(Step::Compress, progress, |_| disk::compress(self))?;
        step(Step::Verify, progress, |_| {
            inspect::check(self, &release)?;
            let packages = status::packages(&inspect::file(self, "/var/lib/dpkg/status")?);
            Ok(Manifest {
                name: self.recipe.image_name(),
                recipe: json!(self.recipe),
                suite: self.recipe.suite.clone(),
                made: clock::now(),
                kernel: release,
                disk_bytes: self.recipe.disk.bytes(),
                files: Files {
                    root: self.record(image::ROOT)?,
                    kernel: self.record(image::KERNEL)?,
                    modules: self.record(image::MODULES)?,
                },
                packages,
            })
        })
    }

    fn record(&self, name: &str) -> Result<FileRecord, ImageError> {
        let path = self.work.path(name);
        let bytes = fs::metadata(&path).map_err(ImageError::file("read", &path))?.len();
        let sha256 = digest::of_file(&path).map_err(ImageError::file("read", &path))?;
        // Whatever opens it to write has made a mistake.
        fs::set_permissions(&path, Permissions::from_mode(0o444))
            .map_err(ImageError::file("protect", &path))?;
        Ok(FileRecord { name: name.to_owned(), bytes, sha256 })
    }

    fn write(&self, manifest: &Manifest) -> Result<(), ImageError> {
        let path = self.work.path(image::MANIFEST);
        let text = serde_json::to_string_pretty(manifest).expect("text and numbers only");
        File::create(&path)
            .and_then(|mut file| writeln!(file, "{text}"))
            .map_err(ImageError::file("write", &path))
    }
}

fn step<T>(
    step: Step,
    progress: &mut dyn Progress,
    work: impl FnOnce(&mut dyn Progress) -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    let began = Instant::now();
    progress.begin(step);
    let made = work(progress)?;
    progress.end(step, began.elapsed());
    Ok(made)
}
