//! `ls`, with the columns of GNU's.

mod command;
mod format;
mod plan;

pub(super) use command::Ls;
pub(super) use format::kind_letter;
