//! A sandbox, as the service above the back end has it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use leap0_emulator_core::backend::{Boot, Checkpoint, Command, Disk, Identity, Machine};
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::{IdSource as _, RandomIds, SandboxId};
use leap0_emulator_core::spec::{EnvVars, NetworkMode, NetworkPolicy, NetworkRules, Resources};
use leap0_emulator_core::template::Template;

use crate::qemu::Process;

/// The smallest there is: what does not depend on the size weighs most there.
pub(crate) const MEMORY_MIB: u32 = 512;

/// Long enough for any command of the bars.
const TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) type Snapshot = Arc<dyn Checkpoint>;

/// A running sandbox. Dropping it ends it.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    pub(crate) machine: Arc<dyn Machine>,
    id: SandboxId,
}

impl Sandbox {
    pub(crate) fn new(machine: Arc<dyn Machine>, id: SandboxId) -> Self {
        Self { machine, id }
    }

    /// Restores a snapshot.
    pub(crate) async fn restored(snapshot: &dyn Checkpoint) -> Result<Self> {
        let identity = identity();
        let id = identity.sandbox.clone();
        Ok(Self::new(snapshot.resume(identity).await?, id))
    }

    /// Boots what a stopped sandbox has left.
    pub(crate) async fn started(disk: &dyn Disk) -> Result<Self> {
        let boot = boot();
        let id = boot.identity.sandbox.clone();
        Ok(Self::new(disk.start(boot).await?, id))
    }

    /// Runs a script that has to succeed, and gives what it said.
    pub(crate) async fn said(&self, script: &str) -> Result<String> {
        let output = self
            .machine
            .exec(Command {
                script: script.into(),
                cwd: None,
                env: EnvVars::default(),
                timeout: TIMEOUT,
            })
            .await?;
        let told = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
        ensure!(output.exit_code == 0, "{script:?}: {}", told(&output.stderr));
        Ok(told(&output.stdout))
    }

    /// The QEMU that it runs in.
    pub(crate) fn process(&self) -> Result<Process> {
        Process::of(&self.id)
    }

    /// Ends it, and waits until it is gone.
    pub(crate) async fn end(self) -> Result<()> {
        Ok(self.machine.destroy().await?)
    }
}

pub(crate) fn boot() -> Boot {
    Boot {
        identity: identity(),
        template: Template::by_name("system/debian:bookworm").expect("a system template"),
        resources: Resources { memory_mib: MEMORY_MIB, ..Resources::default() },
        env: EnvVars::default(),
    }
}

fn identity() -> Identity {
    // The network is none of these bars' business.
    let network = NetworkRules { mode: NetworkMode::DenyAll, ..NetworkRules::default() };
    Identity {
        sandbox: SandboxId::from_bits(RandomIds.bits()),
        network: NetworkPolicy::new(network),
        clock: Arc::new(SystemClock),
    }
}
