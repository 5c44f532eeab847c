//! Stories: data files that tell a server what to do and what has to come of it.

mod numbers;
mod play;
mod story;
mod transcript;

pub(crate) use play::play;
pub(crate) use story::Story;
pub use story::check_story;
