//! A back end that fails, holds and panics where the test says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use leap0_files::{FileOp, FileReply};
use tokio::sync::{Semaphore, watch};

use crate::backend::{
    Backend, BackendError, BackendInfo, Boot, Checkpoint, Command, Disk, Guest, GuestError,
    Identity, Image, Machine, Output,
};

/// What the verbs do, by name, and what was called.
#[derive(Debug)]
pub(super) struct Script {
    acts: Mutex<HashMap<&'static str, Act>>,
    calls: watch::Sender<Vec<&'static str>>,
}

#[derive(Clone, Debug)]
enum Act {
    Fail,
    Panic,
    Hold(Arc<Semaphore>),
}

/// Lets a held verb go on.
pub(super) struct Hold(Arc<Semaphore>);

impl Hold {
    pub(super) fn release(self) {
        self.0.close();
    }
}

impl Default for Script {
    fn default() -> Self {
        Self { acts: Mutex::default(), calls: watch::Sender::new(Vec::new()) }
    }
}

impl Script {
    /// From now on the verb fails.
    pub(super) fn fail(&self, verb: &'static str) {
        self.acts.lock().unwrap().insert(verb, Act::Fail);
    }

    /// From now on the verb panics.
    pub(super) fn panic(&self, verb: &'static str) {
        self.acts.lock().unwrap().insert(verb, Act::Panic);
    }

    /// From now on the verb works.
    pub(super) fn mend(&self, verb: &'static str) {
        self.acts.lock().unwrap().remove(verb);
    }

    /// From now on the verb waits for its release.
    pub(super) fn hold(&self, verb: &'static str) -> Hold {
        let gate = Arc::new(Semaphore::new(0));
        self.acts.lock().unwrap().insert(verb, Act::Hold(Arc::clone(&gate)));
        Hold(gate)
    }

    /// How often a verb was called.
    pub(super) fn calls(&self, verb: &'static str) -> usize {
        self.calls.borrow().iter().filter(|call| **call == verb).count()
    }

    /// Waits until a verb has been called.
    pub(super) async fn called(&self, verb: &'static str) {
        let mut calls = self.calls.subscribe();
        calls.wait_for(|calls| calls.contains(&verb)).await.expect("the script is alive");
    }

    async fn act(&self, verb: &'static str) -> Result<(), BackendError> {
        self.calls.send_modify(|calls| calls.push(verb));
        let act = self.acts.lock().unwrap().get(verb).cloned();
        match act {
            None => Ok(()),
            Some(Act::Fail) => Err(BackendError::Failed(format!("{verb} fails"))),
            Some(Act::Panic) => panic!("{verb} panics on purpose"),
            Some(Act::Hold(gate)) => {
                // Released by closing.
                let _ = gate.acquire().await;
                Ok(())
            }
        }
    }

    fn machine(self: &Arc<Self>) -> Arc<dyn Machine> {
        Arc::new(Thing(Arc::clone(self)))
    }
}

#[derive(Debug)]
pub(super) struct ScriptedBackend(pub(super) Arc<Script>);

#[async_trait]
impl Backend for ScriptedBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo {
            name: "scripted",
            process_survival: false,
            memory_survival: false,
            fork: false,
            export: false,
            persistence: false,
            network: false,
            shell: "none",
            accelerator: None,
            notes: Vec::new(),
            limits: Vec::new(),
        }
    }

    async fn create(&self, _: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        self.0.act("create").await.map(|()| self.0.machine())
    }

    fn export(&self, _: &[Image]) -> Option<serde_json::Value> {
        None
    }

    fn import(&self, _: &serde_json::Value, _: Vec<Boot>) -> Result<Vec<Image>, BackendError> {
        Err(BackendError::Failed("nothing is exported here".to_owned()))
    }
}

/// A machine, checkpoint or disk.
#[derive(Debug)]
struct Thing(Arc<Script>);

#[async_trait]
impl Guest for Thing {
    async fn exec(&self, _: Command) -> Result<Output, GuestError> {
        Err(GuestError::Failed("nothing runs here".to_owned()))
    }

    async fn files(&self, _: FileOp) -> Result<FileReply, GuestError> {
        Ok(FileReply::Done)
    }
}

#[async_trait]
impl Machine for Thing {
    async fn snapshot(&self) -> Result<Arc<dyn Checkpoint>, BackendError> {
        self.0.act("snapshot").await?;
        Ok(Arc::new(Self(Arc::clone(&self.0))))
    }

    async fn pause(&self) -> Result<Arc<dyn Checkpoint>, BackendError> {
        self.0.act("pause").await?;
        Ok(Arc::new(Self(Arc::clone(&self.0))))
    }

    async fn stop(&self) -> Result<Arc<dyn Disk>, BackendError> {
        self.0.act("stop").await?;
        Ok(Arc::new(Self(Arc::clone(&self.0))))
    }

    fn fork(&self, _: Identity) -> Option<Arc<dyn Machine>> {
        None
    }

    async fn destroy(&self) -> Result<(), BackendError> {
        self.0.act("destroy").await
    }
}

#[async_trait]
impl Checkpoint for Thing {
    async fn resume(&self, _: Identity) -> Result<Arc<dyn Machine>, BackendError> {
        self.0.act("resume").await.map(|()| self.0.machine())
    }

    async fn discard(&self) -> Result<(), BackendError> {
        self.0.act("discard").await
    }
}

#[async_trait]
impl Disk for Thing {
    async fn start(&self, _: Boot) -> Result<Arc<dyn Machine>, BackendError> {
        self.0.act("start").await.map(|()| self.0.machine())
    }

    async fn discard(&self) -> Result<(), BackendError> {
        self.0.act("discard").await
    }
}
