//! One running QEMU and the three lines that lead into it.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use leap0_guest::protocol::{self, Reply, Request};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Mutex;

use crate::argv::{self, Plan};
use crate::capacity::{NoRoom, Share};
use crate::cgroup::Group;
use crate::channel::{Channel, ChannelError};
use crate::isolation::Isolation;
use crate::process::{Exit, Process};
use crate::qmp::{Agent, Monitor, QmpError};

/// How long QEMU may take to connect.
const START: Duration = Duration::from_secs(20);

/// How the kernel and our program begin to say what went wrong.
const REASONS: [&str; 2] = ["Kernel panic", "leap0-guest:"];

/// How long QEMU may take to end once it has cut its lines.
const END: Duration = Duration::from_secs(5);

/// A running QEMU. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub(crate) struct Vm {
    process: Process,
    monitor: Monitor,
    channel: Mutex<Option<UnixStream>>,
    agent: Mutex<Option<UnixStream>>,
    // Last, so that they go when nothing uses them any more.
    folder: TempDir,
    _way_out: Option<Process>,
    _group: Option<Group>,
    _share: Share,
}

/// QEMU could not be started, or ended in the middle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VmError {
    /// The host can't carry it.
    #[error("no room: {0}")]
    NoRoom(#[from] NoRoom),
    /// It can't be run at all.
    #[error("qemu-system-x86_64 cannot be started: {0}")]
    Spawn(#[source] io::Error),
    /// It ended, or never came.
    #[error("QEMU ended: {0}")]
    Ended(String),
    /// It took too long.
    #[error("{what} took more than {limit:?}{said}")]
    TooLong { what: &'static str, limit: Duration, said: String },
    /// A command failed.
    #[error(transparent)]
    Qmp(#[from] QmpError),
    /// The program inside failed.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// A file or socket of ours failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl VmError {
    /// Whether it is the end of a line into the machine.
    fn is_cut(&self) -> bool {
        matches!(self, Self::Qmp(QmpError::Closed { .. }) | Self::Channel(ChannelError::Closed))
    }
}

impl Vm {
    /// Starts QEMU in a folder of its own.
    pub(crate) async fn start(
        folder: TempDir,
        share: Share,
        group: Option<Group>,
        way_out: Option<Process>,
        isolation: Isolation,
        mut command: Command,
        plan: &Plan<'_>,
    ) -> Result<Self, VmError> {
        let path = folder.path();
        let listen = |name| {
            let socket = path.join(name);
            let listener = UnixListener::bind(&socket)?;
            std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
            isolation.give(&socket)?;
            Ok::<_, io::Error>(listener)
        };
        let (monitor, channel, agent) =
            (listen(argv::MONITOR)?, listen(argv::CHANNEL)?, listen(argv::AGENT)?);
        let said = std::fs::File::create(path.join("stderr"))?;
        command.args(argv::arguments(plan)).current_dir("/").stdin(Stdio::null());
        command.stdout(said.try_clone()?).stderr(said);
        let process = Process::spawn(command).await.map_err(VmError::Spawn)?;
        Isolation::expendable(process.id());
        if let Some(group) = &group {
            group.take(process.id())?;
        }
        let lines = async {
            let (monitor, _) = monitor.accept().await?;
            let (channel, _) = channel.accept().await?;
            let (agent, _) = agent.accept().await?;
            Ok::<_, VmError>((Monitor::open(monitor).await?, channel, agent))
        };
        let (monitor, channel, agent) = tokio::select! {
            lines = lines => lines?,
            exit = process.exited() => return Err(VmError::Ended(last_words(path, exit))),
            () = tokio::time::sleep(START) => {
                let said = said_in(path);
                return Err(VmError::TooLong { what: "QEMU's start", limit: START, said });
            }
        };
        Ok(Self {
            process,
            monitor,
            channel: Mutex::new(Some(channel)),
            agent: Mutex::new(Some(agent)),
            folder,
            _way_out: way_out,
            _group: group,
            _share: share,
        })
    }

    /// The machine's monitor.
    pub(crate) fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// The process, for what the host's kernel can be told of it.
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// Begins a session with the program inside, which may have to boot first, and tells it who the
    /// machine is.
    pub(crate) async fn greet(
        &self,
        limit: Duration,
        identity: impl FnOnce() -> protocol::Identity,
    ) -> Result<Channel, VmError> {
        let stream = self.channel.lock().await.take();
        let stream = stream.ok_or_else(|| io::Error::other("the channel is in use already"))?;
        let opened = async {
            let channel = Channel::open(stream, getrandom::u64()?).await?;
            match channel.call(Request::Assume(identity())).await? {
                Reply::Assumed => Ok(channel),
                _ => Err(ChannelError::Mismatch.into()),
            }
        };
        self.or_dead(limit, "the machine's first answer", opened).await
    }

    /// Speaks to `qemu-guest-agent`.
    pub(crate) async fn agent(&self, limit: Duration) -> Result<Agent, VmError> {
        let stream = self.agent.lock().await.take();
        let stream = stream.ok_or_else(|| io::Error::other("the agent is spoken to already"))?;
        let unique = getrandom::u32()? >> 1;
        let opened = async { Ok(Agent::open(stream, unique).await?) };
        self.or_dead(limit, "the agent's first answer", opened).await
    }

    /// Waits for something that a dead or silent machine would never do.
    pub(crate) async fn or_dead<T>(
        &self,
        limit: Duration,
        what: &'static str,
        work: impl Future<Output = Result<T, VmError>>,
    ) -> Result<T, VmError> {
        let path = self.folder.path();
        let done = tokio::select! {
            biased;
            exit = self.process.exited() => Err(VmError::Ended(last_words(path, exit))),
            done = work => done,
            () = tokio::time::sleep(limit) => {
                Err(VmError::TooLong { what, limit, said: said_in(path) })
            }
        };
        match done {
            // The lines into a QEMU that ends are cut before it has ended.
            Err(error) if error.is_cut() => {
                let exit = tokio::time::timeout(END, self.process.exited()).await;
                Err(exit.map_or(error, |exit| VmError::Ended(last_words(path, exit))))
            }
            done => done,
        }
    }

    /// Ends it and waits until it has ended.
    pub(crate) async fn kill(&self) {
        self.process.kill();
        let _ = self.process.exited().await;
    }

    /// Waits for its end and says what it said.
    pub(crate) async fn ended(&self) -> String {
        let exit = self.process.exited().await;
        last_words(self.folder.path(), exit)
    }
}

/// How it ended and what it left in its files.
fn last_words(folder: &Path, exit: Exit) -> String {
    let how = match exit {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    format!("{how}{}", said_in(folder))
}

/// What of it is worth reading: the reasons that the kernel and our program give, or else the end.
fn said_in(folder: &Path) -> String {
    let mut text = String::new();
    for name in ["stderr", argv::CONSOLE] {
        let said = std::fs::read(folder.join(name)).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said
            .lines()
            .map(str::trim)
            // A closed network is meant to be.
            .filter(|line| !line.is_empty() && !line.ends_with("is not connected to host network"))
            .collect();
        let reasons: Vec<&str> =
            lines.iter().copied().filter(|line| REASONS.iter().any(|r| line.contains(r))).collect();
        let told = if reasons.is_empty() { &lines } else { &reasons };
        for line in told.iter().skip(told.len().saturating_sub(4)) {
            text.push_str("; ");
            text.push_str(line);
        }
    }
    text
}
