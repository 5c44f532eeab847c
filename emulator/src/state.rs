//! `leap0-emulator state`: a data folder that no emulator uses at the moment.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use leap0_backend_memory::MemoryBackend;
use leap0_emulator_core::backend::Backend as _;
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::{OrgId, RandomIds};
use leap0_emulator_core::service::{Host, Settings};
use leap0_storage::DataFolder;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

const FORMAT: &str = "leap0-state";
/// A file of another version is refused.
const VERSION: u32 = 1;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Write all that a data folder holds into one file. It has every file of every sandbox and all
    /// environment variables in it, and is for you alone (mode 0600).
    Export(Export),
    /// Make a data folder from such a file. The folder has to be new or empty.
    Import(Import),
    /// Read all of a data folder and compare it with what was written. Exit code 1 if anything is
    /// damaged.
    Verify(Verify),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Export {
    /// The data folder.
    dir: PathBuf,
    /// The file to be written; one that is there is replaced once the new one is whole.
    file: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Import {
    /// The file that `state export` has written.
    file: PathBuf,
    /// The data folder to be made.
    dir: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Verify {
    /// The data folder.
    dir: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    format: String,
    version: u32,
    organisations: Vec<Organisation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Organisation {
    org: String,
    /// As `GET /_emulator/world/state` writes it.
    world: Box<RawValue>,
    /// Failures on demand.
    faults: Value,
}

impl StateCommand {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        match self {
            Self::Export(export) => runtime.block_on(export.run()).map(|()| ExitCode::SUCCESS),
            Self::Import(import) => runtime.block_on(import.run()).map(|()| ExitCode::SUCCESS),
            Self::Verify(verify) => verify.run(),
        }
    }
}

fn host(dir: &Path) -> anyhow::Result<Host> {
    let backend = Arc::new(MemoryBackend::default());
    let storage = DataFolder::open(dir, backend.info().name)?;
    let host = Host::new(backend, Arc::new(SystemClock), Arc::new(RandomIds), Settings::default());
    Ok(host.kept_in(Arc::new(storage)))
}

/// The folder that a path is in.
fn beside(path: &Path) -> &Path {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}

impl Export {
    async fn run(self) -> anyhow::Result<()> {
        ensure!(self.dir.is_dir(), "{}: there is no such folder", self.dir.display());
        let mut organisations = Vec::new();
        for recalled in host(&self.dir)?.recall().await? {
            let world = String::from_utf8(recalled.world.export().await?)?;
            let org = recalled.org.as_str().to_owned();
            let world = RawValue::from_string(world)?;
            organisations.push(Organisation { org, world, faults: recalled.beside });
        }
        let count = organisations.len();
        let state = StateFile { format: FORMAT.to_owned(), version: VERSION, organisations };
        // Written whole beside it and renamed: what was there stays until the new one is.
        let file = tempfile::NamedTempFile::new_in(beside(&self.file))?;
        let mut to = BufWriter::new(file);
        serde_json::to_writer(&mut to, &state)?;
        to.flush()?;
        let file = to.into_inner().context("not written")?;
        file.as_file().sync_all()?;
        file.persist(&self.file).with_context(|| self.file.display().to_string())?;
        println!("{}: {count} organisations", self.file.display());
        Ok(())
    }
}

impl Import {
    async fn run(self) -> anyhow::Result<()> {
        let name = self.file.display();
        let from = File::open(&self.file).with_context(|| name.to_string())?;
        let state: StateFile = serde_json::from_reader(BufReader::new(from))
            .with_context(|| format!("{name} is no file of `state export`"))?;
        ensure!(
            state.format == FORMAT && state.version == VERSION,
            "{name} must be of format {FORMAT}, version {VERSION}"
        );
        let taken = fs::read_dir(&self.dir).is_ok_and(|mut entries| entries.next().is_some());
        ensure!(!taken, "{}: the folder is not empty", self.dir.display());
        // Made whole beside it and renamed: a file that can't be read leaves nothing behind.
        let making = tempfile::Builder::new()
            .prefix(".leap0-import-")
            .tempdir_in(beside(&self.dir))
            .with_context(|| self.dir.display().to_string())?;
        let host = host(making.path())?;
        for Organisation { org, world, faults } in &state.organisations {
            let world = host.import(world.get().as_bytes()).await?;
            world.keep_as(&OrgId::new(org)).await?;
            world.keep_presets(faults.clone()).await?;
            world.fall_asleep().await;
        }
        fs::rename(making.path(), &self.dir).with_context(|| self.dir.display().to_string())?;
        // It has another name now, and is not to be removed.
        let _ = making.keep();
        println!("{}: {} organisations", self.dir.display(), state.organisations.len());
        Ok(())
    }
}

impl Verify {
    fn run(self) -> anyhow::Result<ExitCode> {
        let report = leap0_storage::verify(&self.dir)?;
        for damage in &report.damages {
            println!("damaged: {damage}");
        }
        for path in &report.superfluous {
            println!("left by a crash, to be removed at the next start: {}", path.display());
        }
        let verdict = if report.damages.is_empty() { "whole" } else { "DAMAGED" };
        println!(
            "{}: {} records, {} objects of {} bytes: {verdict}",
            self.dir.display(),
            report.records,
            report.objects,
            report.bytes
        );
        Ok(if report.damages.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
