//! `leap0-emulator image`: the disk images that virtual machines boot from.

use std::io::{self, Write as _};
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use leap0_guest_image::{Cache, Entry, Image, Options, Recipe};
use serde_json::json;

mod progress;

use progress::Shown;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Make the image, once, in this user's cache: a minute or two, and 150 MB to download.
    ///
    /// The cache is `$LEAP0_CACHE_DIR`, else `$XDG_CACHE_HOME/leap0`, else `~/.cache/leap0`. An
    /// ordinary user needs Debian's uidmap and fakeroot, and ids in /etc/subuid and /etc/subgid.
    Build(Build),
    /// Show the images in the cache.
    List(List),
    /// Remove images from the cache.
    Remove(Remove),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Build {
    /// Where Debian's packages come from; a URL that ends in /debian is expected to have the
    /// security updates beside it, in /debian-security [default: where this machine gets them, if
    /// it runs the same Debian, else deb.debian.org].
    #[arg(long, value_name = "URL", env = "LEAP0_EMULATOR_MIRROR")]
    mirror: Option<String>,
    /// Make it again though it is there.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct List {
    /// Read all of each image and compare it with what was built.
    #[arg(long)]
    verify: bool,
    /// Print JSON, with all that an image says about itself.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Remove {
    /// The image, as `image list` shows it.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    name: Vec<String>,
    /// Remove all images.
    #[arg(long)]
    all: bool,
}

impl ImageCommand {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let cache = Cache::open(None)?;
        match self {
            Self::Build(build) => build.run(&cache),
            Self::List(list) => list.run(&cache),
            Self::Remove(remove) => remove.run(&cache),
        }
    }
}

impl Build {
    fn run(self, cache: &Cache) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut shown = Shown::on_stderr();
        let options = Options { mirror: self.mirror, force: self.force };
        let image = cache.build_with(&Recipe::debian_bookworm(), &options, &mut shown);
        shown.clear();
        let image = image?;
        let Image { manifest, .. } = &image;
        let how = if shown.anything() {
            format!("made in {} s", began.elapsed().as_secs())
        } else {
            format!("already there, made {}", manifest.made)
        };
        print(&format!(
            "{}: {how}\n  Debian {}, {} packages, kernel {}, {}\n  {}\n",
            manifest.name,
            manifest.suite,
            manifest.packages.len(),
            manifest.kernel,
            megabytes(manifest.files.bytes()),
            image.folder().display()
        ))
    }
}

impl List {
    fn run(&self, cache: &Cache) -> anyhow::Result<()> {
        let mut entries = cache.list()?;
        if self.verify {
            for entry in &mut entries {
                let damage = entry.image.as_ref().ok().and_then(|image| image.verify().err());
                if let Some(error) = damage {
                    entry.image = Err(error);
                }
            }
        }
        if self.json {
            let list: Vec<_> = entries.iter().map(|entry| self.json(entry)).collect();
            print(&format!("{:#}\n", json!(list)))?;
        } else if entries.is_empty() {
            let folder = cache.images().display();
            print(&format!("no image in {folder}: make one with `leap0-emulator image build`\n"))?;
        } else {
            print(&self.table(cache, &entries))?;
        }
        match entries.into_iter().find_map(|entry| entry.image.err()) {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    fn table(&self, cache: &Cache, entries: &[Entry]) -> String {
        let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
        let mut lines = vec![format!("{:width$}  {:>6}  {:20}  STATE", "NAME", "SIZE", "MADE")];
        lines.extend(entries.iter().map(|entry| {
            let (size, made) = entry.manifest().map_or_else(Default::default, |manifest| {
                (megabytes(manifest.files.bytes()), manifest.made.clone())
            });
            let (name, state) = (&entry.name, self.state(entry));
            format!("{name:width$}  {size:>6}  {made:20}  {state}")
        }));
        lines.push(format!("in {}\n", cache.images().display()));
        lines.join("\n")
    }

    fn state(&self, entry: &Entry) -> String {
        let whole = match (&entry.image, self.verify) {
            (Err(_), _) => return "damaged".to_owned(),
            (Ok(_), true) => "verified",
            (Ok(_), false) => "present",
        };
        let used = entry.name == Recipe::debian_bookworm().image_name();
        if used { whole.to_owned() } else { format!("{whole}, not used by this version") }
    }

    fn json(&self, entry: &Entry) -> serde_json::Value {
        json!({
            "name": entry.name,
            "folder": entry.folder,
            "bytes": entry.manifest().map(|manifest| manifest.files.bytes()),
            "damage": entry.image.as_ref().err().map(ToString::to_string),
            "verified": self.verify && entry.image.is_ok(),
            "current": entry.name == Recipe::debian_bookworm().image_name(),
            "manifest": entry.manifest(),
        })
    }
}

impl Remove {
    fn run(self, cache: &Cache) -> anyhow::Result<()> {
        let names = if self.all {
            cache.list()?.into_iter().map(|entry| entry.name).collect()
        } else {
            self.name
        };
        if names.is_empty() {
            return print(&format!("no image in {}\n", cache.images().display()));
        }
        for name in names {
            cache.remove(&name)?;
            print(&format!("removed {name}\n"))?;
        }
        Ok(())
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot print")
}
