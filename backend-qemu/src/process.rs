//! One child process: started, watched and never left behind.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::sync::{oneshot, watch};

/// A child process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    handle: OwnedFd,
    exit: watch::Receiver<Option<Exit>>,
}

/// How a process ended; the error is that of waiting for it.
pub(crate) type Exit = Result<ExitStatus, Arc<io::Error>>;

impl Process {
    /// Starts it.
    ///
    /// A thread of its own starts it and waits for it. The kernel is told to kill a child whose
    /// parent dies (`setpriv --pdeathsig`), and takes the thread that started it for the parent:
    /// this one lives exactly as long as either.
    pub(crate) async fn spawn(mut command: Command) -> io::Result<Self> {
        let (started, start) = oneshot::channel();
        let (ended, exit) = watch::channel(None);
        std::thread::Builder::new().name("child".into()).spawn(move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => {
                    let _ = started.send(Err(error));
                    return;
                }
            };
            let opened = pidfd_open(Pid::from_child(&child), PidfdFlags::empty());
            let opened = opened.map(|handle| (child.id(), handle)).map_err(io::Error::from);
            if opened.is_err() || started.send(opened).is_err() {
                // Nobody could end it later.
                let _ = child.kill();
            }
            let _ = ended.send(Some(child.wait().map_err(Arc::new)));
        })?;
        let (pid, handle) =
            start.await.map_err(|_| io::Error::other("the starting thread has ended"))??;
        Ok(Self { pid, handle, exit })
    }

    /// Its id, for the log and for the kernel's settings of it.
    pub(crate) fn id(&self) -> u32 {
        self.pid
    }

    /// Kills it; one that has ended is left alone.
    pub(crate) fn kill(&self) {
        let _ = pidfd_send_signal(&self.handle, Signal::KILL);
    }

    /// Waits for its end.
    pub(crate) async fn exited(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await;
        match ended.ok().and_then(|exit| exit.clone()) {
            Some(exit) => exit,
            None => Err(Arc::new(io::Error::other("the waiting thread has ended"))),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
