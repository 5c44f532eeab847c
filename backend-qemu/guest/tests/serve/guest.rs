//! A guest under test, and the emulator's end of its socket.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use leap0_files::{FileError, FileOp, FileReply};
use leap0_guest::frame::{Decoder, encode};
use leap0_guest::protocol::{Exec, Exited, Message, Reply, Request, Status};
use tempfile::TempDir;

/// After how long a test gives up. Nothing waits so long where all is well.
const PATIENCE: Duration = Duration::from_mins(1);

/// A guest that talks to nobody yet.
pub(crate) struct Started {
    child: Child,
    pub(crate) socket: UnixStream,
}

/// A guest in a session.
pub(crate) struct Guest {
    started: Started,
    pub(crate) session: u64,
    calls: u32,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    answers: Mutex<HashMap<(u64, u32), Reply>>,
    more: Condvar,
}

/// Whom commands run as.
pub(crate) fn account() -> (u32, u32) {
    let me = fs::metadata("/proc/self").expect("/proc is mounted");
    if me.uid() == 0 { (65534, 65534) } else { (me.uid(), me.gid()) }
}

/// A directory that the account may do everything in.
pub(crate) fn a_directory() -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("mine");
    directory
}

/// Waits until it is so.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// Whether a process is there and not dead; who is dead may still be listed.
pub(crate) fn is_alive(pid: &str) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}

/// The letter for what a process does.
pub(crate) fn state(pid: &str) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

impl Started {
    pub(crate) fn new() -> Self {
        let (socket, guests) = UnixStream::pair().expect("a pair of sockets");
        let (uid, gid) = account();
        let child = Command::new(env!("CARGO_BIN_EXE_leap0-guest"))
            .args(["serve", "-", &uid.to_string(), &gid.to_string()])
            .stdin(Stdio::from(OwnedFd::from(guests)))
            .spawn()
            .expect("the guest starts");
        Self { child, socket }
    }

    pub(crate) fn send(&mut self, session: u64, call: u32, body: Request) {
        self.send_bytes(&encode(&Message { session, call, body }));
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the guest reads");
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A guest that has answered to hello.
pub(crate) fn a_guest() -> Guest {
    Guest::over(Started::new(), 1)
}

impl Guest {
    /// Starts to read what a guest says, and opens a session.
    pub(crate) fn over(started: Started, session: u64) -> Self {
        let heard = Arc::<Heard>::default();
        let mut socket = started.socket.try_clone().expect("another handle");
        let hearing = Arc::clone(&heard);
        thread::spawn(move || {
            let (mut decoder, mut room) = (Decoder::new(), vec![0; 64 << 10]);
            while let Ok(read @ 1..) = socket.read(&mut room) {
                for answer in decoder.feed::<Message<Reply>>(&room[..read]) {
                    let mut answers = hearing.answers.lock().expect("no panic");
                    let twice = answers.insert((answer.session, answer.call), answer.body);
                    assert!(twice.is_none(), "two answers to one call");
                    hearing.more.notify_all();
                }
            }
        });
        let mut guest = Self { started, session, calls: 0, heard };
        guest.hello(session);
        guest
    }

    /// Opens a session.
    pub(crate) fn hello(&mut self, session: u64) {
        self.session = session;
        let version = leap0_guest::protocol::VERSION;
        assert_eq!(self.ask(Request::Hello), Reply::Hello { version });
    }

    /// Sends a request of the present session.
    pub(crate) fn send(&mut self, body: Request) -> u32 {
        self.calls += 1;
        self.started.send(self.session, self.calls, body);
        self.calls
    }

    /// The answer to a call of the present session.
    pub(crate) fn answer(&self, call: u32) -> Reply {
        let answers = self.heard.answers.lock().expect("no panic");
        let key = (self.session, call);
        let (mut answers, timeout) = self
            .heard
            .more
            .wait_timeout_while(answers, PATIENCE, |answers| !answers.contains_key(&key))
            .expect("no panic");
        assert!(!timeout.timed_out(), "no answer to call {call}");
        answers.remove(&key).expect("it was waited for")
    }

    /// Sessions of which answers were heard that nobody took.
    pub(crate) fn unexpected(&self) -> Vec<(u64, u32)> {
        self.heard.answers.lock().expect("no panic").keys().copied().collect()
    }

    pub(crate) fn ask(&mut self, body: Request) -> Reply {
        let call = self.send(body);
        self.answer(call)
    }

    pub(crate) fn exec(&mut self, request: Exec) -> Exited {
        match self.ask(Request::Exec(request)) {
            Reply::Exited(exited) => exited,
            other => panic!("{other:?}"),
        }
    }

    /// What a script says that has to succeed and say nothing on standard error.
    pub(crate) fn says(&mut self, text: &str) -> String {
        let exited = self.exec(script(text));
        let said = String::from_utf8_lossy(&exited.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&exited.stderr);
        assert_eq!((exited.status, &*complaint), (Status::Code(0), ""), "{said}");
        said
    }

    pub(crate) fn files(&mut self, op: FileOp) -> Result<FileReply, FileError> {
        match self.ask(Request::Files(op)) {
            Reply::Files(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.started.send_bytes(bytes);
    }

    /// The process id of its worker for files.
    pub(crate) fn worker(&self) -> Option<String> {
        let parent = self.started.pid().to_string();
        let children = fs::read_dir("/proc").expect("/proc").flatten().filter(|entry| {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            let behind_name = stat.rsplit(") ").next().unwrap_or_default();
            behind_name.split(' ').nth(1) == Some(&parent) && line.contains("\0files\0")
        });
        let pids = children.map(|entry| entry.file_name().to_string_lossy().into_owned());
        pids.into_iter().find(|pid| is_alive(pid))
    }
}

/// A script in the root directory, with time and room enough.
pub(crate) fn script(text: &str) -> Exec {
    let path = ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned());
    Exec {
        script: text.to_owned(),
        cwd: "/".to_owned(),
        env: BTreeMap::from([path]),
        timeout_ms: 60_000,
        output_limit: 16 << 20,
    }
}

/// The same in a directory.
pub(crate) fn script_in(directory: &Path, text: &str) -> Exec {
    Exec { cwd: directory.display().to_string(), ..script(text) }
}

/// A script that waits for a file.
pub(crate) fn waits_for(file: &Path) -> String {
    format!("while [ ! -e '{}' ]; do sleep 0.01; done", file.display())
}

pub(crate) fn touch(file: PathBuf) {
    fs::write(file, "").expect("written");
}
