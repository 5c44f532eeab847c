//! Machines in memory.

use crate::kills::{Load, kill_again_and_again};
use crate::lives;

#[test]
fn an_emulator_that_is_asked_to_end_leaves_everything_as_it_was() {
    lives::asked_to_end(&[]);
}

#[test]
fn a_sandbox_that_ran_when_the_emulator_was_killed_has_the_disk_of_its_last_rest() {
    lives::killed_while_running(&[]);
}

#[test]
fn what_was_acknowledged_outlives_every_kill() {
    let load = Load { machines: &[], kills: 20, clients: 4, most: 60 };
    kill_again_and_again(load.or_as_told_by("LEAP0_KILLS"));
}
