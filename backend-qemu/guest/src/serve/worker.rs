//! The process that performs file operations for the user, from outside.
//!
//! It is started when it is needed and used by many calls at once. Should it die, the calls under
//! way fail, and the next one starts another.

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use leap0_files::FileOp;
use leap0_guest::frame::{Decoder, encode};
use leap0_guest::protocol::{Message, Reply};

use crate::account::Account;
use crate::console::say;
use crate::port::Port;

/// Most bytes taken at once.
const ROOM: usize = 256 << 10;

/// The worker of the user, if there is one.
#[derive(Default)]
pub(super) struct Workers(Mutex<Option<Arc<Worker>>>);

impl Workers {
    /// Performs an operation as `account`.
    pub(super) fn perform(&self, account: Account, op: &FileOp) -> Reply {
        // The second time for a worker that was found dead before it got the request.
        for _ in 0..2 {
            let worker = match self.worker(account) {
                Ok(worker) => worker,
                Err(error) => return Reply::Failed(format!("no worker for files: {error}")),
            };
            if let Some(reply) = worker.ask(op) {
                return reply;
            }
        }
        Reply::Failed("workers for files die as soon as they are started".to_owned())
    }

    /// The present worker, if it lives and is still the user, or another.
    fn worker(&self, account: Account) -> io::Result<Arc<Worker>> {
        let mut present = lock(&self.0);
        if let Some(worker) = present.as_ref()
            && worker.account == account
            && !lock(&worker.calls).over
        {
            return Ok(Arc::clone(worker));
        }
        let worker = Arc::new(Worker::start(account)?);
        *present = Some(Arc::clone(&worker));
        Ok(worker)
    }
}

struct Worker {
    account: Account,
    /// The worker ends when this is closed, which is when its last call has ended.
    input: Mutex<ChildStdin>,
    calls: Arc<Mutex<Underway>>,
    next: AtomicU32,
}

/// The calls that a worker has not answered.
#[derive(Default)]
struct Underway {
    callers: HashMap<u32, Sender<Reply>>,
    /// Whether it is dead, so that it will answer none.
    over: bool,
}

impl Worker {
    fn start(account: Account) -> io::Result<Self> {
        let mut child = Command::new("/proc/self/exe")
            .arg("files")
            .args([account.uid, account.gid].map(|number| number.to_string()))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let calls = Arc::new(Mutex::new(Underway::default()));
        let (input, output) = child.stdin.take().zip(child.stdout.take()).expect("both are piped");
        let answered = Arc::clone(&calls);
        thread::Builder::new().spawn(move || hand_out(child, &output, &answered))?;
        Ok(Self { account, input: Mutex::new(input), calls, next: AtomicU32::new(0) })
    }

    /// `None` where the worker is dead and has not seen all of the request.
    fn ask(&self, op: &FileOp) -> Option<Reply> {
        let call = self.next.fetch_add(1, Ordering::Relaxed);
        let frame = encode(&Message { session: 0, call, body: op });
        let (sender, answer) = channel();
        {
            let mut calls = lock(&self.calls);
            if calls.over {
                return None;
            }
            calls.callers.insert(call, sender);
        }
        if lock(&self.input).write_all(&frame).is_err() {
            // Known before its output tells of it.
            let mut calls = lock(&self.calls);
            calls.over = true;
            calls.callers.remove(&call);
            return None;
        }
        let died = || Reply::Failed("the worker for files died during the operation".to_owned());
        Some(answer.recv().unwrap_or_else(|_| died()))
    }
}

/// Gives answers to whom they belong, until the worker ends.
fn hand_out(mut child: Child, output: &ChildStdout, calls: &Mutex<Underway>) {
    if let Err(error) = read(output, calls) {
        say(&format!("serve: reading from the worker for files: {error}"));
    }
    let mut calls = lock(calls);
    calls.over = true;
    // Whoever still waits finds that nobody will answer.
    calls.callers.clear();
    drop(calls);
    // It has closed its output, so it has ended or is about to; nothing else could be told by it.
    let _ = child.kill();
    let _ = child.wait();
}

fn read(output: &ChildStdout, calls: &Mutex<Underway>) -> io::Result<()> {
    let mut output = Port::over(output)?;
    let (mut decoder, mut room) = (Decoder::new(), vec![0; ROOM]);
    loop {
        let read = output.read(&mut room)?;
        if read == 0 {
            return Ok(());
        }
        for answer in decoder.feed::<Message<Reply>>(&room[..read]) {
            if let Some(caller) = lock(calls).callers.remove(&answer.call) {
                let _ = caller.send(answer.body);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
