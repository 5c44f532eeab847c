//! Starting, saving and restoring by hand.

use std::fs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Blueprint;
use super::agent::Agent;
use super::qmp::Qmp;

/// How long QEMU may take to connect.
const START: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// The name of what is saved and loaded.
const TAG: &str = "leap0";

/// The files and sockets of a machine that is about to be started.
#[derive(Debug)]
pub(crate) struct Prepared {
    blueprint: Blueprint,
    folder: TempDir,
    overlay: PathBuf,
    /// The listeners that QEMU comes to: its monitor, the agent, and the program of ours, with
    /// which nobody speaks.
    lines: [UnixListener; 3],
}

/// A QEMU that was started by hand, killed when dropped.
#[derive(Debug)]
pub(crate) struct RawMachine {
    child: Child,
    monitor: Qmp,
    agent: Option<UnixStream>,
    _channel: UnixStream,
    folder: TempDir,
    /// The block node that the machine writes to.
    top: String,
    /// Its file.
    overlay: PathBuf,
    snapshots: usize,
}

impl Prepared {
    /// Makes them in a folder of its own in `parent`.
    pub(crate) fn new(blueprint: &Blueprint, below: &Path, parent: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bars-").tempdir_in(parent)?;
        let overlay = folder.path().join("disk.qcow2");
        create_layer(&overlay, Some((below, "qcow2")), "10G")?;
        let listen = |name| UnixListener::bind(folder.path().join(name));
        let lines = [listen("monitor")?, listen("agent")?, listen("channel")?];
        Ok(Self { blueprint: blueprint.clone(), folder, overlay, lines })
    }

    /// A file that takes what is written over a saved memory while it is loaded.
    pub(crate) fn over_memory(&self, memory: &Path) -> Result<PathBuf> {
        let file = self.folder.path().join("restore.qcow2");
        let bytes = fs::metadata(memory)?.len().to_string();
        create_layer(&file, Some((memory, "raw")), &bytes)?;
        Ok(file)
    }

    /// Starts the machine, which boots.
    pub(crate) fn boot(self) -> Result<RawMachine> {
        self.start(false)
    }

    /// Starts the machine, which goes on where a memory was saved.
    pub(crate) fn restore(self, memory: &Path, over_memory: &Path) -> Result<RawMachine> {
        let mut machine = self.start(true)?;
        let monitor = &mut machine.monitor;
        monitor.execute(
            "blockdev-add",
            &json!({
                "driver": "qcow2",
                "node-name": "memory",
                "file": {
                    "driver": "qcow2",
                    "file": written(over_memory),
                    "backing": {
                        "driver": "raw",
                        "read-only": true,
                        "file": {"driver": "file", "filename": memory, "read-only": true},
                    },
                },
            }),
        )?;
        let node = ["memory"];
        let load = json!({"job-id": "load", "tag": TAG, "vmstate": "memory", "devices": node});
        monitor.run_job("load", "snapshot-load", &load)?;
        monitor.dismiss("load")?;
        monitor.execute("cont", &json!({}))?;
        monitor.execute("blockdev-del", &json!({"node-name": "memory"}))?;
        Ok(machine)
    }

    fn start(self, waits: bool) -> Result<RawMachine> {
        let Self { blueprint, folder, overlay, lines } = self;
        let said = folder.path().join("stderr");
        // Were this program killed, nobody else would end the machine.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"])
            .args(blueprint.arguments(folder.path(), &overlay, waits))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&said)?)
            .spawn()
            .context("cannot start qemu-system-x86_64")?;
        let mut child = Unfinished(Some(child));
        let [monitor, agent, channel] = &lines;
        let accepted = [monitor, agent, channel].map(accept);
        let [Ok(monitor), Ok(agent), Ok(channel)] = accepted else {
            bail!("QEMU did not start: {}", fs::read_to_string(&said)?.trim());
        };
        let monitor = Qmp::open(monitor)?;
        let top = blueprint.top()?.to_owned();
        Ok(RawMachine {
            child: child.0.take().context("there is a child")?,
            monitor,
            agent: Some(agent),
            _channel: channel,
            folder,
            top,
            overlay,
            snapshots: 0,
        })
    }
}

/// A child that is killed when something goes wrong before there is a machine.
struct Unfinished(Option<Child>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            end(child);
        }
    }
}

impl RawMachine {
    /// The file that holds what it said on the console.
    pub(crate) fn console(&self) -> PathBuf {
        self.folder.path().join("console")
    }

    /// Waits until its agent answers.
    pub(crate) fn agent(&mut self) -> Result<Agent> {
        Agent::open(self.agent.take().context("the agent is spoken to already")?)
    }

    /// Saves the memory to a file of its own and freezes the disk, and stands still no longer than
    /// that takes.
    pub(crate) fn snapshot(&mut self) -> Result<()> {
        self.snapshots += 1;
        let file = |kind| self.folder.path().join(format!("{kind}-{}.qcow2", self.snapshots));
        let (memory, layer) = (file("memory"), file("disk"));
        create_layer(&memory, None, "1M")?;
        create_layer(&layer, Some((&self.overlay, "qcow2")), "10G")?;
        let next = format!("raw{}", self.snapshots);
        let monitor = &mut self.monitor;
        let add = json!({"driver": "qcow2", "node-name": "saved", "file": written(&memory)});
        monitor.execute("blockdev-add", &add)?;
        let add = json!({
            "driver": "qcow2",
            "node-name": next,
            "discard": "unmap",
            "file": written(&layer),
            "backing": null,
        });
        monitor.execute("blockdev-add", &add)?;
        let save = json!({"job-id": "save", "tag": TAG, "vmstate": "saved", "devices": ["saved"]});

        monitor.execute("stop", &json!({}))?;
        monitor.run_job("save", "snapshot-save", &save)?;
        monitor.execute("blockdev-snapshot", &json!({"node": self.top, "overlay": next}))?;
        monitor.execute("cont", &json!({}))?;

        monitor.dismiss("save")?;
        monitor.execute("blockdev-del", &json!({"node-name": "saved"}))?;
        fs::remove_file(memory)?;
        (self.top, self.overlay) = (next, layer);
        Ok(())
    }
}

impl Drop for RawMachine {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself; there is nobody to tell if it can't be killed.
    let _ = child.kill();
    let _ = child.wait();
}

/// A file as the back end opens one that is written to.
fn written(path: &Path) -> Value {
    json!({
        "driver": "file",
        "filename": path,
        "discard": "unmap",
        "cache": {"no-flush": true},
    })
}

fn accept(listener: &UnixListener) -> Result<UnixStream> {
    let mut waiting = [PollFd::new(listener, PollFlags::IN)];
    ensure!(poll(&mut waiting, Some(&START))? > 0, "nobody came");
    Ok(listener.accept()?.0)
}

fn create_layer(path: &Path, below: Option<(&Path, &str)>, size: &str) -> Result<()> {
    let mut command = Command::new("qemu-img");
    command.args(["create", "-q", "-f", "qcow2"]);
    if let Some((below, format)) = below {
        // What lies below is not looked at: a machine may be writing to it.
        command.arg("-b").arg(below).args(["-F", format, "-u"]);
    }
    let status = command.arg(path).arg(size).status().context("cannot start qemu-img")?;
    ensure!(status.success(), "qemu-img create: {status}");
    Ok(())
}
