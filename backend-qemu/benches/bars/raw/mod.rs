//! The work of the back end done by hand: the same QEMU with the same devices, driven over QMP by a
//! client that does one thing after the other, and `qemu-guest-agent` instead of a program of ours.

mod agent;
mod blueprint;
mod machine;
mod qmp;
mod wire;

pub(crate) use blueprint::Blueprint;
pub(crate) use machine::{Prepared, RawMachine};
