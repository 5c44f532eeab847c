//! What a run leaves behind, for people and for programs.

mod terminal;

pub(crate) use terminal::{Terminal, summary};
