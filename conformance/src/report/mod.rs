//! What a run leaves behind, for people and for programs.

mod html;
mod json;
mod junit;
mod redacted;
mod side_by_side;
mod terminal;

pub(crate) use html::html;
pub(crate) use json::{Report, report, word};
pub(crate) use junit::junit;
pub(crate) use side_by_side::side_by_side;
pub(crate) use terminal::{Terminal, summary};
