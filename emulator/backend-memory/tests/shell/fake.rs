//! A script on the in-memory shell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use leap0_backend_memory::{MemoryBackend, Settings};
use leap0_emulator_core::backend::{Backend as _, Boot, Command, Identity, Machine};
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::{IdSource as _, RandomIds, SandboxId};
use leap0_emulator_core::spec::{EnvVars, NetworkPolicy, Resources};
use leap0_emulator_core::template::Template;
use leap0_files::{FileInfo, FileOp, FileReply, FsPath, ReadFile, ReadWindow};
use libtest_mimic::Failed;

use super::outcome::{Entry, Outcome};

const WORKDIR: &str = "/workspace";
const TIMEOUT: Duration = Duration::from_mins(1);

/// Runs a script on a machine of its own.
pub(crate) fn run(script: &str) -> Result<Outcome, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let machine = MemoryBackend::new(Settings::default()).create(boot()).await?;
        let command = Command {
            script: script.to_owned(),
            cwd: None,
            env: EnvVars::default(),
            timeout: TIMEOUT,
        };
        let output = machine.exec(command).await?;
        let files = files(&machine).await?;
        let (exit_code, stdout, stderr) = (output.exit_code, output.stdout, output.stderr);
        Ok(Outcome { exit_code, stdout, stderr, files })
    })
}

fn boot() -> Boot {
    let sandbox = SandboxId::from_bits(RandomIds.bits());
    Boot {
        identity: Identity {
            sandbox,
            network: NetworkPolicy::default(),
            clock: Arc::new(SystemClock),
        },
        template: Template::by_name("system/debian:bookworm").expect("it is a system template"),
        resources: Resources::default(),
        env: EnvVars::default(),
    }
}

async fn files(machine: &Arc<dyn Machine>) -> Result<BTreeMap<String, Entry>, Failed> {
    let path = FsPath::new(WORKDIR)?;
    let ls = FileOp::Ls { path, recursive: true, exclude: Vec::new() };
    let FileReply::Listing(listing) = machine.files(ls).await? else {
        return Err("ls answers with a listing".into());
    };
    let mut files = BTreeMap::new();
    for info in listing {
        let path =
            info.path.as_str().trim_start_matches(WORKDIR).trim_start_matches('/').to_owned();
        files.insert(path, entry(machine, info).await?);
    }
    Ok(files)
}

async fn entry(machine: &Arc<dyn Machine>, info: FileInfo) -> Result<Entry, Failed> {
    let mode = u32::from_str_radix(&info.mode, 8)?;
    if let Some(target) = info.link_target {
        return Ok(Entry::Link { target });
    }
    if info.is_dir {
        return Ok(Entry::Directory { mode });
    }
    let read = ReadFile { path: info.path, window: ReadWindow::Bytes { offset: 0, limit: None } };
    match machine.files(FileOp::ReadFile(read)).await {
        Ok(FileReply::Bytes(data)) => Ok(Entry::File { mode, data }),
        // One that its owner may not read.
        Ok(_) | Err(_) => Ok(Entry::Other),
    }
}
