//! What runs inside a sandbox: commands and files, with the resume that a use brings about.

use std::sync::Arc;

use leap0_files::{FileOp, FileReply};

use super::world::World;
use super::{FaultPoint, Sandbox, ServiceError};
use crate::backend::{Command, Ending, GuestError, Output};
use crate::id::SandboxId;
use crate::lifecycle::{Effect, Event, Verdict};

use super::sandbox::Body;
use super::share::Call;

impl World {
    /// Runs a command (PROC-01 to PROC-11), resuming the sandbox first if it is paused, or failing
    /// to where that is asked for.
    pub async fn exec(
        self: &Arc<Self>,
        id: &SandboxId,
        command: Command,
        fault: Option<FaultPoint>,
    ) -> Result<Output, ServiceError> {
        loop {
            let (_, call) = self.call(id, fault).await?;
            let command = command.clone();
            // The call lasts as long as the command, whoever has hung up.
            let run = tokio::spawn(async move { call.machine.exec(command).await });
            match run.await.map_err(|_| ServiceError::MachineFailed)? {
                Ok(output) => return Ok(output),
                Err(error) => self.after_failed_call(id, error)?,
            }
        }
    }

    /// Performs a filesystem operation, the same.
    pub async fn files(
        self: &Arc<Self>,
        id: &SandboxId,
        op: FileOp,
        fault: Option<FaultPoint>,
    ) -> Result<FileReply, ServiceError> {
        loop {
            let (_, call) = self.call(id, fault).await?;
            let op = op.clone();
            let run = tokio::spawn(async move { call.machine.files(op).await });
            match run.await.map_err(|_| ServiceError::MachineFailed)? {
                Ok(reply) => return Ok(reply),
                Err(error) => self.after_failed_call(id, error)?,
            }
        }
    }

    /// Looks at a sandbox that runs, the same.
    pub async fn use_sandbox(
        self: &Arc<Self>,
        id: &SandboxId,
        fault: Option<FaultPoint>,
    ) -> Result<Sandbox, ServiceError> {
        self.call(id, fault).await.map(|(sandbox, _)| sandbox)
    }

    /// Admits a use: waits out a transition, resumes a paused sandbox, refuses a stopped one.
    async fn call(
        self: &Arc<Self>,
        id: &SandboxId,
        fault: Option<FaultPoint>,
    ) -> Result<(Sandbox, Call), ServiceError> {
        let mut failures = None;
        loop {
            let mut changed = {
                let now = self.now();
                let mut state = self.lock();
                state.own(id, &self.clock_inside());
                let sandbox = state.sandbox(id)?.clone();
                // A resume that this use began or waited for has failed.
                if *failures.get_or_insert(sandbox.failed_resumes) < sandbox.failed_resumes {
                    let why = sandbox.resume_failure;
                    return Err(why.unwrap_or(ServiceError::MachineFailed));
                }
                match state.ask(id, Event::Use, self.settings(), now)? {
                    Verdict::Stay => match &sandbox.body {
                        Body::Machine(machine) => {
                            let machine = Arc::clone(machine);
                            let call = Call::begin(self, &mut state, id, machine);
                            return Ok((sandbox, call));
                        }
                        Body::None | Body::Checkpoint(_) | Body::Disk(_) => {
                            unreachable!("a running sandbox has a machine")
                        }
                    },
                    Verdict::Wait => sandbox.changed.subscribe(),
                    Verdict::Move { to, effect } => {
                        let changed = sandbox.changed.subscribe();
                        state.enter(id, to, now);
                        drop(state);
                        debug_assert_eq!(effect, Some(Effect::Resume));
                        self.begin(id.clone(), Effect::Resume.into(), fault);
                        changed
                    }
                }
            };
            // A closed channel means the sandbox is gone, which the next look finds.
            let _ = changed.changed().await;
        }
    }

    /// Whether a failed call is to be tried again on the machine that follows.
    fn after_failed_call(&self, id: &SandboxId, error: GuestError) -> Result<(), ServiceError> {
        match error {
            // Nothing has happened, and what ended the machine has a phase of its own to wait for.
            GuestError::Ended(Ending::Paused | Ending::Stopped | Ending::Destroyed) => Ok(()),
            GuestError::Interrupted(ending) => {
                // PROC-11: 404 once the sandbox is gone, else 409.
                self.lock().sandbox(id)?;
                Err(match ending {
                    Ending::Destroyed => ServiceError::SandboxNotFound,
                    Ending::Paused | Ending::Stopped | Ending::Lost => {
                        ServiceError::Interrupted(ending)
                    }
                })
            }
            GuestError::Ended(Ending::Lost)
            | GuestError::NoSuchDirectory(_)
            | GuestError::File(_)
            | GuestError::Failed(_) => {
                if let GuestError::Failed(text) = &error {
                    log::error!("{id}: {text}");
                }
                Err(ServiceError::of_guest(error))
            }
        }
    }
}
