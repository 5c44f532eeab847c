//! The one program inside a sandbox's virtual machine, in one of several roles.
//!
//! - As process 1 it is [`init`]: it makes the machine usable and keeps its services running.
//! - `serve` answers the emulator over a virtio serial port. `serve - UID GID` does so on its
//!   standard input and for that account, which needs no virtual machine.
//! - `run` becomes a user's command.
//! - `files` performs file operations for the user.

mod account;
mod answer;
mod console;
mod files;
mod init;
mod limits;
mod patience;
mod port;
mod run;
mod serve;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use account::Account;
use console::say;

fn main() -> ExitCode {
    // Whatever the kernel's command line holds, process 1 is init.
    if std::process::id() == 1 {
        init::init();
    }
    let mut args = env::args_os().skip(1);
    let role = args.next().unwrap_or_default();
    match role.to_str() {
        Some("serve") => serve::main(args),
        Some("run") => run::main(args),
        Some("files") => files::main(args),
        _ => refuse("the role is one of serve, run and files"),
    }
}

/// Tells that the program was called in a way that it isn't meant to be.
fn refuse(why: &str) -> ExitCode {
    say(why);
    ExitCode::from(2)
}

/// The next two arguments as an account.
fn account(args: &mut impl Iterator<Item = OsString>) -> Option<Account> {
    let mut number = || args.next()?.to_str()?.parse().ok();
    Some(Account { uid: number()?, gid: number()? })
}
