//! The back end that is measured, opened as the emulator opens it.

use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use leap0_backend_qemu::{QemuBackend, Settings, default_folder};
use leap0_emulator_core::backend::Backend as _;
use leap0_guest_image::{Cache, Image, Recipe};
use tempfile::TempDir;

use crate::disk::Usage;
use crate::raw::{Blueprint, Prepared, RawMachine};
use crate::sandbox::{MEMORY_MIB, Sandbox, Snapshot, boot};

/// What is measured needs these two; what they need, the back end itself looks for.
const PROGRAMS: [&str; 2] = ["qemu-system-x86_64", "qemu-img"];

/// The image of the user's cache and the folder of this user's emulators, or why there can't be
/// anything to measure. An image is not built here: that takes minutes.
pub(crate) fn settings() -> Result<Settings, String> {
    for program in PROGRAMS {
        let paths = env::var_os("PATH").unwrap_or_default();
        if !env::split_paths(&paths).any(|folder| folder.join(program).is_file()) {
            return Err(format!("{program} is not installed"));
        }
    }
    let cache = Cache::open(None).map_err(|error| error.to_string())?;
    let image = cache.find(&Recipe::debian_bookworm()).map_err(|error| error.to_string())?;
    let image = image.ok_or("there is no image; `leap0-emulator image build` makes it")?;
    let folder = default_folder(cache.images().parent().unwrap_or(Path::new("/")));
    Ok(Settings { image, folder, accel: None, insecure_user_net: false })
}

/// More than a snapshot of any of the sandboxes takes.
const CALM_MIB: u32 = 192;

/// An open back end and where its files are.
#[derive(Debug)]
pub(crate) struct Stage {
    backend: QemuBackend,
    /// What its machines boot.
    pub(crate) image: Image,
    /// The folder of all that this back end keeps while it is open.
    folder: PathBuf,
    /// The first sandbox, which has to boot the template when no emulator did so before.
    first: Duration,
}

impl Stage {
    pub(crate) async fn open(settings: Settings) -> Result<Self> {
        let image = settings.image.clone();
        let backend = QemuBackend::open(settings).await.context("the back end does not open")?;
        let begun = Instant::now();
        let sandbox = create(&backend).await?;
        let first = begun.elapsed();
        let folder = sandbox.process()?.state_folder()?;
        sandbox.end().await?;
        Ok(Self { backend, image, folder, first })
    }

    pub(crate) async fn create(&self) -> Result<Sandbox> {
        create(&self.backend).await
    }

    /// A folder beside the machines' own, for what is done by hand.
    pub(crate) fn scratch(&self) -> Result<TempDir> {
        Ok(tempfile::Builder::new().prefix("bars-").tempdir_in(&self.folder)?)
    }

    /// Takes a snapshot whose files are known, so that it can be restored by hand too.
    pub(crate) async fn known_snapshot(&self, sandbox: &Sandbox) -> Result<Known> {
        let before = self.memories()?;
        let snapshot = sandbox.machine.snapshot().await?;
        let memory = self.memories()?.difference(&before).next().cloned();
        let memory = memory.context("the snapshot has no memory")?;
        // The disk is in the command line of whatever is started on it.
        let copy = Sandbox::restored(&*snapshot).await?;
        let blueprint = Blueprint::of(&copy.process()?)?;
        copy.end().await?;
        Ok(Known { snapshot, memory, blueprint })
    }

    /// The files of saved memories.
    fn memories(&self) -> Result<BTreeSet<PathBuf>> {
        let files = fs::read_dir(self.folder.join("images"))?.flatten();
        let memories =
            files.filter(|file| file.file_name().to_string_lossy().starts_with("memory"));
        Ok(memories.map(|file| file.path()).collect())
    }

    /// Brings the host into the same state before each of several saves: nothing waits to be
    /// written, and as much memory as a save takes was in use just before, which matters where the
    /// host is a virtual machine itself.
    pub(crate) fn calm(&self) -> Result<()> {
        rustix::fs::syncfs(fs::File::open(&self.folder)?).context("cannot write back")?;
        let mut file = tempfile::tempfile_in(&self.folder)?;
        let block = vec![1; 1 << 20];
        for _ in 0..CALM_MIB {
            file.write_all(&block).context("cannot write")?;
        }
        Ok(())
    }

    /// What is on the disk while these sandboxes run, with what was removed and is still open in
    /// one of their processes.
    pub(crate) fn kept(&self, running: &[&Sandbox]) -> Result<Kept> {
        let (mut all, mut live) = <(Usage, Usage)>::default();
        all.add_folder(&self.folder)?;
        for sandbox in running {
            for image in sandbox.process()?.open_images()? {
                all.add(&image.metadata);
                if image.writable {
                    live.add(&image.metadata);
                }
            }
        }
        Ok(Kept { mib: all.mib() - live.mib(), live: live.mib() })
    }
}

/// MiB on the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    /// Without the layers that running sandboxes write to.
    mib: f64,
    /// Those layers.
    pub(crate) live: f64,
}

/// A snapshot and where it is.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) snapshot: Snapshot,
    memory: PathBuf,
    blueprint: Blueprint,
}

impl Known {
    /// Makes what a machine needs that is restored from it by hand.
    pub(crate) fn by_hand(&self, stage: &Stage) -> Result<ByHand<'_>> {
        let prepared = Prepared::new(&self.blueprint, &self.blueprint.below()?, &stage.folder)?;
        let over_memory = prepared.over_memory(&self.memory)?;
        Ok(ByHand { prepared, memory: &self.memory, over_memory })
    }
}

/// A machine about to be restored by hand.
#[derive(Debug)]
pub(crate) struct ByHand<'k> {
    prepared: Prepared,
    memory: &'k Path,
    over_memory: PathBuf,
}

impl ByHand<'_> {
    pub(crate) fn restore(self) -> Result<RawMachine> {
        self.prepared.restore(self.memory, &self.over_memory)
    }
}

impl Kept {
    /// What was added since another look.
    pub(crate) fn since(&self, earlier: &Self) -> f64 {
        self.mib - earlier.mib
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "machines of 1 vCPU and {MEMORY_MIB} MiB under {}, on {} processors; the first took \
             {:.1} s",
            self.backend.info().accelerator.unwrap_or("nothing"),
            crate::cores::TWO,
            self.first.as_secs_f64(),
        )
    }
}

async fn create(backend: &QemuBackend) -> Result<Sandbox> {
    let boot = boot();
    let id = boot.identity.sandbox.clone();
    Ok(Sandbox::new(backend.create(boot).await?, id))
}
