//! What a data folder keeps.

mod round_trip;
mod support;
