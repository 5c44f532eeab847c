//! A short sequence as a story, as a shell script, as a Python program, and in words.

mod curl;
mod python;
mod request;
mod story;
mod words;

pub(crate) use curl::curl;
pub(crate) use python::python;
pub(crate) use story::story;
pub(crate) use words::words;
