//! Stories: data files that tell a server what to do and what has to come of it.

mod play;
mod story;

pub(crate) use play::play;
pub(crate) use story::Story;
