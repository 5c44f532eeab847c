//! What a data folder keeps, whatever happens to it.

mod damage;
mod faults;
mod groups;
mod large_files;
mod model;
mod refusals;
mod round_trip;
mod support;
