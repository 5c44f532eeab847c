//! The guest's `serve` role over a socket in place of a virtio port.
//!
//! Run as root it acts for a user without rights, as in a virtual machine; otherwise for whoever
//! runs the tests.

mod exec;
mod files;
mod guest;
mod sessions;
