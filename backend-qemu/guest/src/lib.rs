//! What runs inside a sandbox's virtual machine, and how the emulator speaks to it.

pub mod frame;
pub mod protocol;
mod stuffing;
