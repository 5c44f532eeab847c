//! What all machines of one emulator have in common, and how one is started.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use leap0_emulator_core::backend::{BackendError, Boot, Identity};
use leap0_emulator_core::spec::Resources;
use leap0_guest::protocol;
use leap0_guest_image::Image;
use qapi::qmp;
use serde_json::json;

use crate::accel::Accel;
use crate::argv::{self, Plan};
use crate::capacity::Capacity;
use crate::cgroup::Groups;
use crate::channel::Channel;
use crate::fingerprint::Fingerprint;
use crate::isolation::Isolation;
use crate::machine::QemuMachine;
use crate::network::{Net, Networks, PASST};
use crate::qmp::BlockdevAdd;
use crate::state::State;
use crate::store::{Layer, Store, Stored, Top};
use crate::vm::{Vm, VmError};

/// How long a machine may take to boot. Many boot at once on a small host that has to emulate
/// their processors.
const BOOT: Duration = Duration::from_mins(3);
/// How long a restored machine may take to answer.
const ANSWER: Duration = Duration::from_mins(1);
/// How long loading a memory may take.
pub(crate) const LOAD: Duration = Duration::from_mins(2);

/// The one memory state that a file of ours holds.
pub(crate) const TAG: &str = "leap0";

/// Starts machines, and knows where their files are.
#[derive(Debug)]
pub(crate) struct Hypervisor {
    /// Where disks and memories are kept.
    pub(crate) store: Store,
    /// The folder of all of it, which goes when the last that uses it has gone.
    pub(crate) _state: State,
    /// What a QEMU may do.
    pub(crate) isolation: Isolation,
    /// What bounds the processes of one, where the host lets us.
    pub(crate) groups: Option<Groups>,
    /// How many the host can carry.
    pub(crate) capacity: Capacity,
    /// Where each QEMU gets its folder.
    pub(crate) runs: PathBuf,
    /// The program that runs a machine.
    pub(crate) qemu: PathBuf,
    /// How they get out.
    pub(crate) networks: Networks,
    /// What runs their instructions.
    pub(crate) accel: Accel,
    /// The fingerprint of QEMU, kernel, first file system and image.
    pub(crate) booted: u128,
    /// The kernel that they boot.
    pub(crate) kernel: PathBuf,
    /// Their first file system.
    pub(crate) initrd: PathBuf,
    /// The disk that all disks lie upon.
    pub(crate) base: Arc<Layer>,
    /// What all of it was taken from, which nobody replaces meanwhile.
    pub(crate) _image: Image,
}

impl Hypervisor {
    /// Boots a machine on a disk.
    pub(crate) async fn boot(
        self: &Arc<Self>,
        below: &Arc<Layer>,
        boot: Boot,
    ) -> Result<QemuMachine, VmError> {
        let disk = self.store.top(below).await?;
        let vm = self.start(&disk, &boot, false).await?;
        let identity = boot.identity.clone();
        let channel = vm.greet(BOOT, || assumed(&identity)).await?;
        Ok(self.machine(vm, channel, disk, boot))
    }

    /// Goes on where a memory was saved, over the disk that was frozen with it.
    pub(crate) async fn restore(
        self: &Arc<Self>,
        memory: &Stored,
        below: &Arc<Layer>,
        boot: Boot,
    ) -> Result<QemuMachine, VmError> {
        let (disk, copy) = tokio::join!(self.store.top(below), self.store.over_memory(memory));
        let (disk, copy) = (disk?, copy?);
        let vm = self.start(&disk, &boot, true).await?;
        self.load(&vm, memory, &copy).await?;
        drop(copy);
        let identity = boot.identity.clone();
        let channel = vm.greet(ANSWER, || assumed(&identity)).await?;
        Ok(self.machine(vm, channel, disk, boot))
    }

    /// Loads a memory and lets the machine run.
    ///
    /// `snapshot-load` wants to write to what it loads from, and a layer over the memory's file
    /// would not show its snapshots. So the file is opened as raw bytes, a layer of our own is laid
    /// over those bytes, and the result is read as the qcow2 that it is.
    async fn load(&self, vm: &Vm, memory: &Stored, copy: &Stored) -> Result<(), VmError> {
        let node = "memory";
        let monitor = vm.monitor();
        let loaded = async {
            monitor
                .execute(BlockdevAdd(json!({
                    "driver": "qcow2",
                    "node-name": node,
                    "file": {
                        "driver": "qcow2",
                        "file": argv::file(copy.path(), false),
                        "backing": {
                            "driver": "raw",
                            "read-only": true,
                            "file": argv::file(memory.path(), true),
                        },
                    },
                })))
                .await?;
            let job = "load";
            let load = qmp::snapshot_load {
                job_id: job.into(),
                tag: TAG.into(),
                vmstate: node.into(),
                devices: vec![node.into()],
            };
            monitor.run_job(job, load).await?;
            monitor.execute(qmp::cont {}).await?;
            monitor.execute(qmp::blockdev_del { node_name: node.into() }).await?;
            Ok(())
        };
        vm.or_dead(LOAD, "loading a memory", loaded).await
    }

    async fn start(&self, disk: &Top, boot: &Boot, restore: bool) -> Result<Vm, VmError> {
        let share = self.capacity.take(boot.resources)?;
        let folder = tempfile::Builder::new().prefix("vm-").tempdir_in(&self.runs)?;
        let path = folder.path().to_owned();
        let plan = Plan {
            name: boot.identity.sandbox.as_str(),
            folder: &path,
            resources: boot.resources,
            accel: self.accel,
            kernel: &self.kernel,
            initrd: &self.initrd,
            disk: argv::Disk::Of(disk),
            net: self.networks.of(&boot.identity.network),
            restore,
        };
        self.isolation.give(&path)?;
        let way_out = plan
            .net
            .start(&path, || self.isolation.command(Path::new(PASST), boot.resources))
            .await?;
        let command = self.isolation.command(&self.qemu, boot.resources);
        let group = self.groups.as_ref().map(|groups| groups.of(boot.resources)).transpose()?;
        if let (Some(group), Some(way_out)) = (&group, &way_out) {
            group.take(way_out.id())?;
        }
        Vm::start(folder, share, group, way_out, self.isolation, command, &plan).await
    }

    /// Differs when a memory saved by one machine of this size would not fit into another: by
    /// what is booted, by the program, or by the devices.
    pub(crate) fn layout(&self, resources: Resources) -> u128 {
        let plan = Plan {
            name: "",
            folder: Path::new(""),
            resources,
            accel: self.accel,
            kernel: Path::new(""),
            initrd: Path::new(""),
            disk: argv::Disk::Any,
            net: Net::Closed,
            restore: false,
        };
        let start = Fingerprint::new().with(&self.booted.to_be_bytes());
        let arguments = argv::arguments(&plan);
        arguments.iter().fold(start, |all, arg| all.with(arg.as_encoded_bytes())).finish()
    }

    fn machine(self: &Arc<Self>, vm: Vm, channel: Channel, disk: Top, boot: Boot) -> QemuMachine {
        QemuMachine::new(Arc::clone(self), vm, channel, disk, boot)
    }
}

/// Who the machine is from now on. The machine id belongs to the sandbox, not to the snapshot that
/// it came from, and stays when the sandbox is paused and resumed.
fn assumed(identity: &Identity) -> protocol::Identity {
    let name = identity.sandbox.as_str();
    let mut entropy = [0; 32];
    // Without it two copies would draw the same numbers: better no machine than that.
    getrandom::fill(&mut entropy).expect("the system has random numbers");
    protocol::Identity {
        hostname: name.to_owned(),
        machine_id: Fingerprint::new().with(name.as_bytes()).finish().to_be_bytes(),
        unix_nanos: identity.clock.now().as_millis().saturating_mul(1_000_000),
        entropy,
    }
}

impl From<VmError> for BackendError {
    fn from(error: VmError) -> Self {
        match error {
            VmError::NoRoom(missing) => Self::Capacity(missing.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}
