//! `find`, with real owners and rights, and as much output as there is. What runs other commands,
//! and the tests that this one does not know, are left to the interpreter's own.

mod command;
mod expression;
mod parse;
mod pattern;
mod print;

pub(super) use command::Find;
