//! What bounds a process, and who is killed first when memory runs out.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that a user's command may have without asking for more: what programs expect, some
/// of which break where it is more.
const USER_FILES: u64 = 1024;
/// Processes and threads that the user may have. A machine of the least memory has room for so many
/// shells, so that a command that does nothing but start others fails at this and not for memory.
const USER_PROCESSES: u64 = 1024;
/// Open files that any process may ask for.
const MOST_FILES: u64 = 512 << 10;

/// How much the kernel wants to kill this process for memory: from -1000, never, to 1000. What it
/// starts inherits this.
pub(crate) fn oom_score(score: i32) {
    // Only root may lower it. It matters less than whatever the process is about to do.
    let _ = fs::write("/proc/self/oom_score_adj", score.to_string());
}

/// Sets what every process of the machine inherits; for init.
pub(crate) fn of_the_machine() {
    set(Resource::Core, Some(0), Some(0));
    set(Resource::Nofile, Some(USER_FILES), Some(MOST_FILES));
    // The system's own processes are root's, for whom it does not hold.
    set(Resource::Nproc, Some(USER_PROCESSES), Some(USER_PROCESSES));
}

/// As many open files as allowed, for a process that serves many calls at once.
pub(crate) fn of_a_server() {
    let most = getrlimit(Resource::Nofile).maximum;
    set(Resource::Nofile, most, most);
}

/// Sets what a user's command starts with.
pub(crate) fn of_a_command() {
    set(Resource::Core, Some(0), Some(0));
    let most = getrlimit(Resource::Nofile).maximum;
    set(Resource::Nofile, Some(most.map_or(USER_FILES, |most| most.min(USER_FILES))), most);
}

fn set(resource: Resource, current: Option<u64>, maximum: Option<u64>) {
    // Lowering is always allowed, and a process without more open files still works.
    let _ = setrlimit(resource, Rlimit { current, maximum });
}
