//! One command that runs: what it has said so far, and whether it may still do anything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bashkit::Error;
use leap0_emulator_core::backend::Ending;

use super::bounds::OUTPUT_BYTES;
use super::dash::Known;
use super::kept::Kept;
use crate::live::Live;
use crate::tree::{Device, Links, Tree};

/// The umask that a script starts with.
const UMASK: u32 = 0o022;
/// The variable in which the interpreter keeps it, so that a subshell has its own.
pub(super) const UMASK_VARIABLE: &str = "_UMASK";

/// Commands of the interpreter that stop at bounds of their own.
const CUTTING: [&str; 8] = ["awk", "dd", "expand", "find", "gawk", "numfmt", "sed", "unexpand"];

/// Commands that may be content with a part of their input.
const PARTIAL: [&str; 14] = [
    "awk", "cmp", "dd", "gawk", "grep", "head", "hexdump", "mapfile", "od", "read", "sed", "split",
    "timeout", "xxd",
];

/// A command that runs. Its thread does the work; its task decides when it is over.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) live: Arc<Live>,
    pub(super) stdout: Sink,
    pub(super) stderr: Sink,
    /// What the scripts that it has read so far tell of the next.
    known: Mutex<Known>,
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
    /// It has run a command that takes what it needs of its input, and leaves the rest.
    takes_part: AtomicBool,
    /// Permission bits that what it makes does not get.
    umask: AtomicU32,
    /// Directories that it has been in, as it named them.
    visited: Mutex<Vec<String>>,
    /// Files whose contents are written when the command ends that has opened them.
    held: Mutex<Vec<String>>,
    /// What it reads and writes that is in no tree.
    pub(super) kept: Kept,
}

/// A bound that the interpreter does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// A file was too large for a command that reads it as a whole.
    FileTooLarge,
    /// What a command took for all there is was the part of an endless device that was read.
    DeviceCut,
    /// A command stopped at a bound of its own.
    CommandCut,
    /// `..` after a symbolic link.
    Climbs,
    /// Something that the interpreter would silently get wrong.
    Refused,
    /// A command was killed before what it has written was in the file that it is redirected to.
    OutputLost,
    /// Commands that run each other have used up the stack.
    TooDeep,
    /// A file was read before the command had ended whose output is to be in it.
    OwnOutput,
}

/// Bytes that a script has written to one of its two outputs.
#[derive(Debug, Default)]
pub(super) struct Sink {
    bytes: Mutex<Vec<u8>>,
    full: AtomicBool,
}

impl Script {
    pub(super) fn new(live: Arc<Live>, known: Known) -> Self {
        Self {
            live,
            known: Mutex::new(known),
            stdout: Sink::default(),
            stderr: Sink::default(),
            over: AtomicBool::new(false),
            refused: OnceLock::new(),
            cancel: OnceLock::new(),
            met: OnceLock::new(),
            device: AtomicBool::new(false),
            takes_part: AtomicBool::new(false),
            umask: AtomicU32::new(UMASK),
            visited: Mutex::default(),
            held: Mutex::default(),
            kept: Kept::default(),
        }
    }

    /// What is known of all that it has read.
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Looks at a command before it runs.
    pub(super) fn note_command(&self, name: &str) {
        if PARTIAL.contains(&name) {
            self.takes_part.store(true, Ordering::SeqCst);
        }
    }

    /// Whether an endless device was read as a whole where nothing was content with a part, so that
    /// the end would never have come.
    pub(super) fn would_read_for_ever(&self) -> bool {
        self.read_a_device() && !self.takes_part.load(Ordering::SeqCst)
    }

    /// Whether an endless device was read as a whole.
    pub(super) fn read_a_device(&self) -> bool {
        self.device.load(Ordering::SeqCst)
    }

    /// Takes the umask from the variables of the shell that now runs. One that has none is a child
    /// process, which has its parent's.
    pub(super) fn follow_umask(&self, variables: &HashMap<String, String>) {
        let umask = variables.get(UMASK_VARIABLE).map(|text| u32::from_str_radix(text, 8));
        if let Some(Ok(umask)) = umask {
            self.umask.store(umask & 0o777, Ordering::SeqCst);
        }
    }

    pub(super) fn umask(&self) -> u32 {
        self.umask.load(Ordering::SeqCst)
    }

    /// Permission bits less the umask.
    pub(super) fn masked(&self, mode: u32) -> u32 {
        mode & !self.umask()
    }

    /// Notes that a command has opened a file which is written when it ends.
    pub(super) fn hold(&self, path: &str) {
        if let Some(path) = self.real(path) {
            self.lock_held().push(path);
        }
    }

    /// Notes that a file has been written.
    pub(super) fn release(&self, path: &str) {
        if self.lock_held().is_empty() {
            return;
        }
        if let Some(path) = self.real(path) {
            let mut held = self.lock_held();
            if let Some(index) = held.iter().position(|held| *held == path) {
                held.swap_remove(index);
            }
        }
    }

    /// Whether what is in a file is still to be written.
    pub(super) fn holds(&self, path: &str) -> bool {
        if self.lock_held().is_empty() {
            return false;
        }
        self.real(path).is_some_and(|path| self.lock_held().contains(&path))
    }

    /// Whether there is a file in which what was written to it will never be.
    pub(super) fn has_lost(&self) -> bool {
        !self.lock_held().is_empty()
    }

    fn real(&self, path: &str) -> Option<String> {
        let caller = self.live.caller();
        self.live.files.look(|tree| tree.real_path(path, Links::Follow, caller).ok())
    }

    fn lock_held(&self) -> MutexGuard<'_, Vec<String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a directory that the script is now in.
    pub(super) fn visit(&self, directory: &str) {
        let mut visited = self.visited.lock().unwrap_or_else(PoisonError::into_inner);
        if !visited.iter().any(|known| known == directory) {
            visited.push(directory.to_owned());
        }
    }

    /// Directories that the script has been in. Which of them it is in the interpreter does not say
    /// when it tells of a command.
    pub(super) fn visited(&self) -> Vec<String> {
        self.visited.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// Whether one of the interpreter's commands has said that it stopped at a bound of its own.
    pub(super) fn tells_of_a_cut(&self) -> bool {
        tells_of_a_cut(&self.lock())
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

/// Whether one of the interpreter's commands says that it stopped at a bound of its own. The next
/// command in a pipe would take what it got for all there is.
pub(super) fn tells_of_a_cut(complaints: &[u8]) -> bool {
    let text = String::from_utf8_lossy(complaints);
    text.lines().filter_map(|line| line.split_once(": ")).any(|(name, words)| {
        // Its words and not those of a script that says something like it.
        let cut = words.contains(" exceeded")
            && (words.contains(" limit (") || words == "output size limit exceeded");
        let cut = cut || words.starts_with("resource limit exceeded:");
        let cut =
            cut || words.contains("output limit") || words.contains("output may be truncated");
        let cut = cut || words.contains("byte limit (") || words.contains("(bashkit dd limit)");
        CUTTING.contains(&name) && cut
    })
}
