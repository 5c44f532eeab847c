//! Generated sequences of small commands, each predicted by the model.
//!
//! Every value that is written is another one, so that what a sandbox holds tells when it was
//! written. A sequence that goes otherwise is made as short as it can be and written down in forms
//! that others can run.

mod contradiction;
mod forms;
mod generate;
mod run;
mod shrink;
mod step;

pub(crate) use contradiction::{Contradiction, END, Expected};
pub(crate) use forms::{curl, python, story, words};
pub(crate) use generate::sequences;
pub(crate) use run::execute;
pub(crate) use shrink::smallest;
pub(crate) use step::{Action, Step};
