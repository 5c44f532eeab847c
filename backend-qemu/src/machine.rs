//! The handle on a live machine: the verbs of the port.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use leap0_emulator_core::backend::{
    BackendError, Boot, Checkpoint, Command, Disk, Ending, Guest, GuestError, Identity, Machine,
    Output,
};
use leap0_emulator_core::spec::EnvVars;
use leap0_files::{FileOp, FileReply};
use leap0_guest::protocol::{Reply, Request};
use qapi::qmp;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::{sleep, timeout};

use crate::argv;
use crate::chain;
use crate::channel::{Channel, ChannelError};
use crate::exec;
use crate::hypervisor::{Hypervisor, LOAD, TAG};
use crate::kept::Held;
use crate::qmp::BlockdevAdd;
use crate::saved::{Memory, QemuCheckpoint, QemuDisk};
use crate::store::{self, Layer, Stored, Top};
use crate::vm::{Vm, VmError};

/// The node of the file that a memory is saved to.
const SAVED: &str = "saved";
/// How long flushing the disk may take before a machine is stopped or paused without.
const FLUSH: Duration = Duration::from_secs(5);
/// How often it is looked whether a full disk has room again.
const FULL: Duration = Duration::from_secs(1);
/// How long a machine may take to answer a call that takes no time of its own, beyond what the call
/// may take: others may be using it, and its processor may be emulated.
const SILENCE: Duration = Duration::from_mins(1);

/// A running virtual machine.
#[derive(Debug)]
pub(crate) struct QemuMachine {
    hypervisor: Arc<Hypervisor>,
    vm: Arc<Vm>,
    channel: Channel,
    /// What it was made from, as far as a copy of it needs it.
    boot: Boot,
    /// The layer it writes to, until it ends. Whoever holds it performs the only verb.
    disk: Arc<Mutex<Option<Top>>>,
    ending: watch::Sender<Option<Ending>>,
}

impl QemuMachine {
    pub(crate) fn new(
        hypervisor: Arc<Hypervisor>,
        vm: Vm,
        channel: Channel,
        disk: Top,
        boot: Boot,
    ) -> Self {
        let vm = Arc::new(vm);
        let ending = watch::Sender::new(None);
        tokio::spawn(report_loss(Arc::clone(&vm), ending.clone(), boot.identity.clone()));
        tokio::spawn(wait_for_room(Arc::clone(&vm), Arc::clone(&hypervisor)));
        Self { hypervisor, vm, channel, boot, disk: Arc::new(Mutex::new(Some(disk))), ending }
    }

    /// Takes the turn for a verb, on a machine that has not ended.
    async fn turn(&self) -> Result<MutexGuard<'_, Option<Top>>, BackendError> {
        let disk = self.disk.lock().await;
        let ending = *self.ending.borrow();
        match ending {
            Some(ending) => Err(BackendError::Lost(format!("it has ended: {ending:?}"))),
            None => Ok(disk),
        }
    }

    fn ended(&self) -> Result<(), GuestError> {
        let ending = *self.ending.borrow();
        ending.map_or(Ok(()), |ending| Err(GuestError::Ended(ending)))
    }

    /// Asks the program inside, for something that takes at most `work`.
    async fn ask(&self, request: Request, work: Duration) -> Result<Reply, GuestError> {
        self.ended()?;
        let answer = self.channel.call(request);
        let Ok(answer) = timeout(work.saturating_add(SILENCE), answer).await else {
            return Err(GuestError::Failed("the machine does not answer".into()));
        };
        match answer {
            Ok(reply) => Ok(reply),
            Err(ChannelError::Closed) => {
                let mut ending = self.ending.subscribe();
                let ending = ending.wait_for(Option::is_some).await;
                let ending = ending.ok().and_then(|ending| *ending).unwrap_or(Ending::Lost);
                Err(GuestError::Interrupted(ending))
            }
            Err(error) => Err(GuestError::Failed(error.to_string())),
        }
    }

    /// Opens the file that the memory is to be saved to.
    async fn open(&self, file: &Stored) -> Result<(), VmError> {
        let add = BlockdevAdd(json!({
            "driver": "qcow2",
            "node-name": SAVED,
            "file": argv::file(file.path(), false),
        }));
        self.vm.monitor().execute(add).await?;
        Ok(())
    }

    /// Saves the memory of the stopped machine to the open file.
    async fn save(&self) -> Result<(), VmError> {
        let job = "save";
        let save = qmp::snapshot_save {
            job_id: job.into(),
            tag: TAG.into(),
            vmstate: SAVED.into(),
            devices: vec![SAVED.into()],
        };
        let saved = self.vm.monitor().run_job(job, save).await;
        // QEMU calls every error of writing an input/output error.
        let full = saved.as_ref().err().and_then(|_| self.hypervisor.capacity.disk().err());
        match full {
            Some(full) => Err(full.into()),
            None => Ok(saved?),
        }
    }

    /// Closes that file, which is not whole before.
    async fn close(&self) -> Result<(), VmError> {
        let close = qmp::blockdev_del { node_name: SAVED.into() };
        self.vm.monitor().execute(close).await?;
        Ok(())
    }

    /// Saves the memory and freezes the disk, while the machine stands still.
    async fn capture(&self, disk: &Top) -> Result<(Stored, store::Draft), VmError> {
        let store = &self.hypervisor.store;
        let (memory, draft) = tokio::join!(store.memory(), store.draft(disk.path()));
        let (memory, draft) = (memory?, draft?);
        let monitor = self.vm.monitor();
        let add = BlockdevAdd(json!({
            "driver": "qcow2",
            "node-name": draft.node(),
            "discard": "unmap",
            "file": argv::file(draft.path(), false),
            "backing": null,
        }));
        self.open(&memory).await?;
        monitor.execute(add).await?;
        // From here on the machine stands still: nothing is done that could be done before or after.
        monitor.execute(qmp::stop {}).await?;
        let captured = async {
            self.channel.hear_out().await;
            self.save().await?;
            let swap = qmp::BlockdevSnapshot { node: disk.node(), overlay: draft.node() };
            monitor.execute(qmp::blockdev_snapshot(swap)).await?;
            Ok(())
        };
        let captured: Result<(), VmError> = captured.await;
        monitor.execute(qmp::cont {}).await?;
        let closed = self.close().await;
        if let Err(error) = captured {
            monitor.execute(qmp::blockdev_del { node_name: draft.node() }).await?;
            return Err(error);
        }
        closed?;
        Ok((memory, draft))
    }

    /// Saves the memory and ends, leaving the disk as it stood at that moment.
    pub(crate) async fn fall_asleep(&self) -> Result<Memory, BackendError> {
        let mut turn = self.turn().await?;
        chain::make_room(&self.vm, turn.as_mut().ok_or_else(no_disk)?).await;
        let file = self.hypervisor.store.memory().await.map_err(VmError::from)?;
        let monitor = self.vm.monitor();
        let saved = async {
            self.open(&file).await?;
            monitor.execute(qmp::stop {}).await?;
            self.channel.hear_out().await;
            let saved = self.save().await;
            let closed = self.close().await;
            if let Err(error) = saved.and(closed) {
                monitor.execute(qmp::cont {}).await?;
                return Err(error);
            }
            Ok(())
        };
        self.vm.or_dead(LOAD, "saving the memory", saved).await?;
        self.end(Ending::Paused).await;
        Ok(self.memory(file, turn.take().ok_or_else(no_disk)?.freeze()))
    }

    fn memory(&self, file: Stored, disk: Arc<Layer>) -> Memory {
        Memory { file, disk, layout: self.hypervisor.layout(self.boot.resources) }
    }

    fn checkpoint(&self, memory: Memory) -> QemuCheckpoint {
        let memory = Held::Here(Arc::new(memory));
        QemuCheckpoint::new(&self.hypervisor, memory, self.boot.clone())
    }

    /// Has the guest write what it has written so far to its disk, so that the disk is of use
    /// without the memory too: an emulator that was killed may have nothing else.
    async fn write_back(&self) {
        let (env, cwd) = (EnvVars::default(), Some("/".into()));
        let sync = Command { script: "sync".into(), cwd, env, timeout: FLUSH };
        match timeout(FLUSH, self.exec(sync)).await {
            Ok(Ok(Output { exit_code: 0, .. })) => {}
            other => {
                log::warn!("{}: not all is on its disk: {other:?}", self.boot.identity.sandbox);
            }
        }
    }

    /// Sees to it that the disk is whole without its memory.
    async fn flush(&self) {
        let flushed = async {
            let agent = self.vm.agent(FLUSH).await?;
            self.vm
                .or_dead(FLUSH, "flushing the disk", async {
                    Ok(agent.freeze_filesystems().await?)
                })
                .await
        };
        if let Err(error) = flushed.await {
            log::warn!("{}: stopped without a flush: {error}", self.boot.identity.sandbox);
        }
    }

    async fn end(&self, ending: Ending) {
        self.ending.send_if_modified(|now| {
            let first = now.is_none();
            now.get_or_insert(ending);
            first
        });
        self.vm.kill().await;
    }
}

#[async_trait]
impl Guest for QemuMachine {
    async fn exec(&self, command: Command) -> Result<Output, GuestError> {
        let limit = command.timeout;
        let request = exec::request(&self.boot, command);
        match self.ask(Request::Exec(request), limit).await? {
            Reply::Exited(exited) => Ok(exec::output(exited, limit)),
            Reply::NoSuchDirectory(path) => Err(GuestError::NoSuchDirectory(path)),
            other => Err(mismatch(&other)),
        }
    }

    async fn files(&self, op: FileOp) -> Result<FileReply, GuestError> {
        match self.ask(Request::Files(op), Duration::ZERO).await? {
            Reply::Files(result) => Ok(result?),
            other => Err(mismatch(&other)),
        }
    }
}

fn mismatch(reply: &Reply) -> GuestError {
    GuestError::Failed(format!("an answer of another kind: {reply:?}"))
}

#[async_trait]
impl Machine for QemuMachine {
    async fn snapshot(&self) -> Result<Arc<dyn Checkpoint>, BackendError> {
        let mut turn = self.turn().await?;
        let disk = turn.as_mut().ok_or_else(no_disk)?;
        chain::make_room(&self.vm, disk).await;
        let captured = self.vm.or_dead(LOAD, "saving the memory", self.capture(disk)).await;
        let (memory, draft) = captured?;
        let frozen = turn.take().ok_or_else(no_disk)?.freeze();
        *turn = Some(draft.over(Arc::clone(&frozen)));
        tokio::spawn(chain::shorten(Arc::clone(&self.vm), Arc::clone(&self.disk)));
        let memory = self.memory(memory, frozen);
        Ok(Arc::new(self.checkpoint(memory)))
    }

    async fn pause(&self) -> Result<Arc<dyn Checkpoint>, BackendError> {
        self.write_back().await;
        let memory = self.fall_asleep().await?;
        Ok(Arc::new(self.checkpoint(memory)))
    }

    async fn stop(&self) -> Result<Arc<dyn Disk>, BackendError> {
        let mut turn = self.turn().await?;
        chain::make_room(&self.vm, turn.as_mut().ok_or_else(no_disk)?).await;
        self.flush().await;
        self.end(Ending::Stopped).await;
        let disk = turn.take().ok_or_else(no_disk)?.freeze();
        Ok(Arc::new(QemuDisk::new(&self.hypervisor, Held::Here(disk))))
    }

    fn fork(&self, _identity: Identity) -> Option<Arc<dyn Machine>> {
        None
    }

    async fn destroy(&self) -> Result<(), BackendError> {
        self.end(Ending::Destroyed).await;
        // The files of its disk go now, and not when the last handle is dropped.
        self.disk.lock().await.take();
        Ok(())
    }
}

/// A handle that nobody has any more leaves no machine behind.
impl Drop for QemuMachine {
    fn drop(&mut self) {
        self.ending.send_if_modified(|ending| ending.replace(Ending::Destroyed).is_none());
        self.vm.process().kill();
    }
}

fn no_disk() -> BackendError {
    BackendError::Lost("it has no disk any more".into())
}

/// Lets a machine go on that could not write to its disk, once there is room again. Nothing is lost
/// meanwhile: the guest waits for its write.
async fn wait_for_room(vm: Arc<Vm>, hypervisor: Arc<Hypervisor>) {
    let goes_on = async {
        loop {
            vm.monitor().stalled().await;
            while let Err(full) = hypervisor.capacity.disk() {
                log::error!("a machine waits to write: {full}");
                sleep(FULL).await;
            }
            if let Err(error) = vm.monitor().execute(qmp::cont {}).await {
                log::warn!("a machine that waited for room does not go on: {error}");
            }
        }
    };
    tokio::select! {
        () = goes_on => {}
        _ = vm.process().exited() => {}
    }
}

/// Notes the end of a machine that nobody asked for.
async fn report_loss(vm: Arc<Vm>, ending: watch::Sender<Option<Ending>>, identity: Identity) {
    let words = vm.ended().await;
    let lost = ending.send_if_modified(|ending| {
        let lost = ending.is_none();
        ending.get_or_insert(Ending::Lost);
        lost
    });
    if lost {
        log::error!("{}: its virtual machine is gone: {words}", identity.sandbox);
    }
}
