//! The rules of the API on virtual machines.
//!
//! The trials are those of the in-memory back end, whose sandboxes are taken away from under them:
//! neither the service nor the wire knows which back end it has. Those in [`ELSEWHERE`] are left
//! out, and what is different on machines is in `on_qemu/`.

include!("families.rs");

#[path = "on_qemu/frozen.rs"]
mod frozen;
#[path = "on_qemu/machines.rs"]
mod machines;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use leap0_emulator_core::backend::Backend;

/// Trials that say nothing about machines, or more than a machine can do.
const ELSEWHERE: &[&str] = &[
    // They look at the wire; what a sandbox is made of plays no part.
    "access::",
    "auth::",
    "bad_input::",
    "clients::",
    "faults::",
    "journal::",
    "order::",
    "requests::",
    "responses::",
    "sandbox_list::",
    "transitions::",
    "tricks::",
    "wire::",
    // The test `qemu` does this with machines.
    "restarts::",
    // Many sandboxes, or large ones: more than a small host carries.
    "limits::",
    "network::a_policy_has_a_mode_and_bounded_lists",
    "sandbox_create::numbers_have_bounds",
    "side_by_side::",
    "states::every_operation_answers_as_its_state_says",
    // A machine keeps its own time from its start on, and can be neither forked nor exported.
    "time::",
    "worlds::",
    // A command is frozen here, there it is ended: see `frozen`.
    "snapshot_restore::files_and_memory_continue_and_the_server_says_what_does_not",
    "process::interruption::a_pause_interrupts_a_command_and_says_so",
    "process::interruption::a_snapshot_lets_a_command_end_that_soon_does",
    "process::interruption::a_snapshot_never_holds_half_a_command",
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    arguments.skip.extend(ELSEWHERE.iter().map(|&name| name.to_owned()));
    let mut all = trials();
    all.extend(frozen::trials());
    match machines::open() {
        Ok(()) => support::run(&arguments, all),
        Err(why) => machines::missing(&why),
    }
}

/// What the trials' servers make sandboxes of: machines of one back end, whatever the server.
fn backend(_grace: Duration) -> Arc<dyn Backend> {
    machines::backend()
}
