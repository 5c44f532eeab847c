//! The role that performs file operations for the user, with his rights.
//!
//! Requests come as frames on standard input, each under a number that its answer on standard
//! output carries too. They are performed side by side. It ends when its input does.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use leap0_files::{DiskStore, FileOp, perform};
use leap0_guest::frame::Decoder;
use leap0_guest::protocol::{Message, Reply};
use rustix::fs::Mode;
use rustix::process::umask;

use crate::answer::{answer, frame};
use crate::port::Port;
use crate::{account, limits, refuse};

/// Better than a user's commands, which are what fills the memory.
const OOM_SCORE: i32 = -500;

/// Most bytes taken at once.
const ROOM: usize = 256 << 10;

pub(crate) fn main(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(account) = account(&mut args) else {
        return refuse("files: the arguments are a user and a group, by number");
    };
    limits::oom_score(OOM_SCORE);
    limits::of_a_server();
    // The operations give modes, and mean them.
    umask(Mode::empty());
    if let Err(error) = account.act_for().and_then(|()| env::set_current_dir("/")) {
        return refuse(&format!("files: can't act for the user: {error}"));
    }
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("files: {error}")),
    }
}

fn work() -> io::Result<()> {
    let mut input = Port::over(io::stdin())?;
    let output = Arc::new(Output(Mutex::new(Port::over(io::stdout())?.writer()?)));
    let (mut decoder, mut room) = (Decoder::new(), vec![0; ROOM]);
    loop {
        let read = input.read(&mut room)?;
        if read == 0 {
            return Ok(());
        }
        for request in decoder.feed(&room[..read]) {
            output.start(request);
        }
    }
}

/// Where answers go, a whole one at a time.
struct Output(Mutex<File>);

impl Output {
    /// Performs a request in a thread of its own.
    fn start(self: &Arc<Self>, request: Message<FileOp>) {
        let Message { session, call, body } = request;
        let output = Arc::clone(self);
        let started = thread::Builder::new().spawn(move || {
            let body = answer(|| Reply::Files(perform(&mut DiskStore::new(), body)));
            output.write(&Message { session, call, body });
        });
        if let Err(error) = started {
            let body = Reply::Failed(format!("no thread for a file operation: {error}"));
            self.write(&Message { session, call, body });
        }
    }

    fn write(&self, answer: &Message<Reply>) {
        let frame = frame(answer);
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever reads it is gone otherwise, and so is the input in a moment.
        let _ = file.write_all(&frame);
    }
}
