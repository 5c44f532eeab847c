//! `--data-dir`: what an emulator that ends, or is ended, leaves to the next; and what it tells nobody.

mod client;
#[path = "../support/emulator.rs"]
mod emulator;
mod folders;
mod kills;
mod lives;
mod memory;
mod restarts;
mod secrets;
mod sweep;
