//! The role that answers the emulator.
//!
//! One thread reads requests, each is performed in a thread of its own, and one writes answers: so
//! a call that takes long holds up no other, and an emulator that doesn't read holds up no request.

mod answers;
mod calls;
mod exec;
mod identity;
mod kill;
mod output;
mod session;
mod worker;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use leap0_guest::frame::Decoder;
use leap0_guest::protocol::PORT_NAME;

use crate::console::say;
use crate::port::{self, Port};
use crate::{account, limits, refuse};

use answers::write_answers;
use calls::{Calls, User};
use session::Session;

/// How long the port may take to appear.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes taken from the port at once.
const ROOM: usize = 256 << 10;

/// The name of the sandbox's user.
const USER: &str = "user";

pub(crate) fn main(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    limits::of_a_server();
    let served = match args.next() {
        None => match port::find(PORT_NAME, PATIENCE) {
            Some(device) => Port::open(&device).and_then(|port| serve(port, User::Named(USER))),
            None => return refuse(&format!("serve: there is no port {PORT_NAME}")),
        },
        Some(dash) if dash == "-" => match account(&mut args) {
            Some(account) => {
                Port::over(io::stdin()).and_then(|port| serve(port, User::Fixed(account)))
            }
            None => return refuse("serve -: the arguments are a user and a group, by number"),
        },
        Some(_) => return refuse("serve: the only argument is -"),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("serve: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves until the port ends, which a virtio port does not.
fn serve(mut port: Port, user: User) -> io::Result<()> {
    let session = Arc::new(Session::default());
    let (sender, answers) = mpsc::channel();
    let writer = port.writer()?;
    let current = Arc::clone(&session);
    thread::Builder::new().spawn(move || write_answers(writer, &current, answers))?;
    let calls = Calls::new(user, session, sender);
    let (mut decoder, mut room) = (Decoder::new(), vec![0; ROOM]);
    loop {
        let read = port.read(&mut room)?;
        if read == 0 {
            return Ok(());
        }
        for request in decoder.feed(&room[..read]) {
            calls.take(request);
        }
    }
}
