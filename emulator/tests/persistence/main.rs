//! `--data-dir`: what an emulator that ends, or is ended, leaves to the next.

mod client;
#[path = "../support/emulator.rs"]
mod emulator;
mod folders;
mod kills;
mod lives;
mod memory;
mod restarts;
mod sweep;
