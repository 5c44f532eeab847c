//! How much of a thread's stack is used: what nests without end (`eval` of itself, a file that
//! reads itself) would otherwise overflow it, and take the whole process with it.

use std::cell::Cell;

use super::bounds::STACK_BYTES;

/// Part of the stack that commands may use; the rest is for what a command itself needs.
const USABLE: usize = STACK_BYTES / 2;

thread_local! {
    /// Where the thread's part of the stack begins, roughly.
    static BEGINNING: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Notes where the present thread begins.
pub(super) fn begin() {
    BEGINNING.set(Some(here()));
}

/// Whether a command must not start on this thread any more.
pub(super) fn is_too_deep() -> bool {
    BEGINNING.get().is_some_and(|beginning| beginning.abs_diff(here()) > USABLE)
}

/// An address in the frame of the caller, or near it.
#[inline(never)]
fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}
