//! One command that runs: what it has said so far, and whether it may still do anything.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bashkit::Error;
use leap0_emulator_core::backend::Ending;

use super::bounds::OUTPUT_BYTES;
use crate::live::Live;
use crate::tree::{Device, Tree};

/// The umask that a script starts with.
const UMASK: u32 = 0o022;

/// Commands of the interpreter that stop at bounds of their own.
const CUTTING: [&str; 10] =
    ["awk", "dd", "expand", "find", "gawk", "numfmt", "parallel", "sed", "tree", "unexpand"];

/// A command that runs. Its thread does the work; its task decides when it is over.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) live: Arc<Live>,
    pub(super) stdout: Sink,
    pub(super) stderr: Sink,
    /// Set once nothing that the thread still does may count.
    over: AtomicBool,
    /// How the machine ended, if that kept the script from changing something.
    refused: OnceLock<Ending>,
    /// The interpreter's own switch, once there is an interpreter.
    cancel: OnceLock<Arc<AtomicBool>>,
    /// The bound that ended it.
    met: OnceLock<Bound>,
    /// It has read an endless device as if that had an end.
    device: AtomicBool,
    /// Permission bits that what it makes does not get.
    umask: AtomicU32,
}

/// A bound that the interpreter does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// A file was too large for a command that reads it as a whole.
    FileTooLarge,
    /// What a command took for all there is was the part of an endless device that was read.
    DeviceCut,
}

/// Bytes that a script has written to one of its two outputs.
#[derive(Debug, Default)]
pub(super) struct Sink {
    bytes: Mutex<Vec<u8>>,
    full: AtomicBool,
}

impl Script {
    pub(super) fn new(live: Arc<Live>) -> Self {
        Self {
            live,
            stdout: Sink::default(),
            stderr: Sink::default(),
            over: AtomicBool::new(false),
            refused: OnceLock::new(),
            cancel: OnceLock::new(),
            met: OnceLock::new(),
            device: AtomicBool::new(false),
            umask: AtomicU32::new(UMASK),
        }
    }

    /// Ends the script: it changes nothing from here on, and its thread ends when it can.
    pub(super) fn stop(&self) {
        // Under the lock, so that a change in progress is either whole or not begun.
        self.live.files.look(|_| self.over.store(true, Ordering::SeqCst));
        if let Some(cancel) = self.cancel.get() {
            cancel.store(true, Ordering::SeqCst);
        }
    }

    /// Takes the interpreter's switch.
    pub(super) fn cancel_with(&self, cancel: Arc<AtomicBool>) {
        if self.is_over() {
            cancel.store(true, Ordering::SeqCst);
        }
        let cancel = self.cancel.get_or_init(|| cancel);
        if self.is_over() {
            cancel.store(true, Ordering::SeqCst);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Changes the tree, unless the script or its machine has ended.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Tree) -> T) -> Option<T> {
        let changed = self.live.files.change(|tree| (!self.is_over()).then(|| change(tree)));
        match changed {
            Ok(changed) => changed,
            Err(ending) => {
                self.refused.get_or_init(|| ending);
                self.stop();
                None
            }
        }
    }

    /// Ends the script at a bound that the interpreter does not know.
    pub(super) fn meet(&self, bound: Bound) -> Error {
        self.met.get_or_init(|| bound);
        // A command may take the error for one of its own, so that is not enough.
        self.stop();
        Error::Cancelled
    }

    /// The bound that ended it, if one did.
    pub(super) fn met(&self) -> Option<Bound> {
        self.met.get().copied()
    }

    /// Remembers that a device was read as a whole.
    pub(super) fn note_device(&self, device: Device) {
        if device != Device::Null {
            self.device.store(true, Ordering::SeqCst);
        }
    }

    /// Whether an endless device was read as a whole.
    pub(super) fn read_a_device(&self) -> bool {
        self.device.load(Ordering::SeqCst)
    }

    pub(super) fn set_umask(&self, umask: u32) {
        self.umask.store(umask & 0o777, Ordering::SeqCst);
    }

    /// Permission bits less the umask.
    pub(super) fn masked(&self, mode: u32) -> u32 {
        mode & !self.umask.load(Ordering::SeqCst)
    }

    /// How the machine ended, if the script has noticed.
    pub(super) fn refused(&self) -> Option<Ending> {
        self.refused.get().copied()
    }
}

impl Sink {
    /// Takes bytes; false once there are more than fit.
    pub(super) fn take(&self, bytes: &[u8]) -> bool {
        let mut taken = self.lock();
        let room = OUTPUT_BYTES - taken.len();
        taken.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.full.store(true, Ordering::SeqCst);
        }
        bytes.len() <= room
    }

    /// Whether one of the interpreter's commands has said that it stopped at a bound of its own. The
    /// next command in a pipe would take what it got for all there is.
    pub(super) fn tells_of_a_cut(&self) -> bool {
        let bytes = self.lock();
        let text = String::from_utf8_lossy(&bytes);
        text.lines().filter_map(|line| line.split_once(": ")).any(|(name, words)| {
            let cut = words.contains("limit") && words.contains("exceeded");
            CUTTING.contains(&name) && (cut || words.contains("output may be truncated"))
        })
    }

    /// Whether bytes did not fit.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::SeqCst)
    }

    /// What was written so far.
    pub(super) fn bytes(&self) -> Vec<u8> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
