//! What the program can be asked to do.

mod run;

pub use run::{CannotRun, run};
