//! Sandboxes that are QEMU virtual machines.

mod accel;
mod argv;
mod backend;
mod capacity;
mod cgroup;
mod chain;
mod channel;
mod exec;
mod fingerprint;
mod helper;
mod hypervisor;
mod initrd;
mod isolation;
mod kept;
mod machine;
mod network;
mod open;
mod process;
mod qmp;
mod saved;
mod state;
mod store;
mod vm;
mod warm;

pub use accel::Accel;
pub use backend::QemuBackend;
pub use open::{OpenError, Settings, default_folder};
