//! The suite judged: by servers that are broken, which it must catch, and by servers that are odd,
//! of which it must say nothing bad.

mod bench;
mod matrix;
mod outcome;
mod shrinking;
#[cfg(test)]
mod tests;

pub(crate) use bench::{Bench, clean, fault, oddity};
pub(crate) use matrix::Matrix;
pub(crate) use outcome::{Caught, Clean, Odd};
pub use shrinking::{ShrinkBar, shrink_bars};
