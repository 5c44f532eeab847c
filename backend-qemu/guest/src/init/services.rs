//! Keeping services running, and waiting for every process that nobody else waits for.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, wait};

use super::needed;
use crate::console::say;
use crate::port;

/// QEMU's own agent, for whoever manages the machine without the emulator.
const AGENT: &str = "/usr/sbin/qemu-ga";
/// The port it speaks over.
const AGENT_PORT: &str = "org.qemu.guest_agent.0";
/// How long that port may take to appear.
const PATIENCE: Duration = Duration::from_secs(2);

/// A service that ran so long was fine.
const FINE: Duration = Duration::from_secs(5);
/// How long the first try after a failure waits; each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How process 1 spends its life.
pub(super) fn keep_running() -> ! {
    let (sender, ended) = channel();
    needed("a thread", thread::Builder::new().spawn(move || supervise(&ended)));
    reap(&sender)
}

/// Waits for everything that ends. Nothing else in this process may wait from here on.
fn reap(ended: &Sender<Pid>) -> ! {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, _))) => {
                let _ = ended.send(pid);
            }
            Ok(None) | Err(Errno::INTR) => {}
            // There are no children: a service is about to be started again.
            Err(_) => thread::park_timeout(FIRST_PAUSE),
        }
    }
}

/// Starts the services, and each again when it ends. What `reap` tells is heard only after a start
/// has told the process id, so none is missed.
fn supervise(ended: &Receiver<Pid>) {
    let mut services = vec![Service::new("serve", serve)];
    services[0].start();
    if Path::new(AGENT).exists()
        && let Some(device) = port::find(AGENT_PORT, PATIENCE)
    {
        services.push(Service::new(AGENT, move || agent(&device)));
    }
    loop {
        let now = Instant::now();
        for service in &mut services {
            if service.due.is_some_and(|due| due <= now) {
                service.start();
            }
        }
        let next = services.iter().filter_map(|service| service.due).min();
        let pid = match next {
            Some(due) => ended.recv_timeout(due.saturating_duration_since(now)),
            None => ended.recv().map_err(RecvTimeoutError::from),
        };
        if let Ok(pid) = pid {
            for service in services.iter_mut().filter(|service| service.pid == Some(pid)) {
                service.ended();
            }
        }
    }
}

struct Service {
    name: &'static str,
    command: Box<dyn Fn() -> Command>,
    pid: Option<Pid>,
    started: Instant,
    /// When it is to be started; `None` while it runs.
    due: Option<Instant>,
    pause: Duration,
}

impl Service {
    fn new(name: &'static str, command: impl Fn() -> Command + 'static) -> Self {
        let (now, command) = (Instant::now(), Box::new(command));
        Self { name, command, pid: None, started: now, due: Some(now), pause: FIRST_PAUSE }
    }

    fn start(&mut self) {
        self.started = Instant::now();
        self.due = None;
        match start((self.command)()) {
            Ok(pid) => self.pid = Some(pid),
            Err(error) => {
                say(&format!("{}: {error}", self.name));
                self.ended();
            }
        }
    }

    fn ended(&mut self) {
        self.pid = None;
        if self.started.elapsed() >= FINE {
            self.pause = FIRST_PAUSE;
        }
        say(&format!("{} ended, to be started again in {:?}", self.name, self.pause));
        self.due = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// Not waited for here but by `reap`.
fn start(mut command: Command) -> io::Result<Pid> {
    Ok(Pid::from_child(&command.stdin(Stdio::null()).spawn()?))
}

fn serve() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("leap0-guest").arg("serve");
    command
}

fn agent(device: &Path) -> Command {
    let mut command = Command::new(AGENT);
    command.args(["-m", "virtio-serial", "-p"]).arg(device).args(["-l", "/dev/null"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}
