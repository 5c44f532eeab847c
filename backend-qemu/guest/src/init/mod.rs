//! The role of process 1: from the initramfs to a machine with its services running.
//!
//! What makes the machine useless ends this process and with it the machine: the kernel panics when
//! process 1 is gone. All else is said on the console, and the machine goes on without it.

mod modules;
mod mounts;
mod network;
mod root;
mod services;

use std::fmt::Display;
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::umask;

use crate::console::say;
use crate::limits;

/// Never to be killed for memory; inherited by the services.
const OOM_SCORE: i32 = -1000;

/// Makes the machine usable, and keeps it so.
pub(crate) fn init() -> ! {
    umask(Mode::from_raw_mode(0o022));
    needed("the kernel's file systems", mounts::kernel(Path::new("/")));
    limits::oom_score(OOM_SCORE);
    limits::of_the_machine();
    modules::load();
    needed("the root file system", root::mount_disk());
    needed("the way into the root file system", root::enter());
    mounts::users();
    network::set_up();
    services::keep_running()
}

fn needed<T, E: Display>(what: &str, done: Result<T, E>) -> T {
    done.unwrap_or_else(|error| panic!("leap0-guest: no machine without {what}: {error}"))
}

/// Says what failed, and goes on.
fn wanted<T, E: Display>(what: &str, done: Result<T, E>) {
    if let Err(error) = done {
        say(&format!("{what}: {error}"));
    }
}
