//! One command that runs: what it has said so far, and whether it may still do anything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use leap0_emulator_core::backend::Ending;

use super::bounds::OUTPUT_BYTES;
use crate::live::Live;
use crate::tree::Tree;

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
