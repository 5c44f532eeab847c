//! A check, and what it is given to judge with.

mod apart;
mod claim;
mod clocked;
mod definition;
mod fixtures;
mod trial;

pub(crate) use claim::{Claim, Kind};
pub(crate) use clocked::{CLOCK, Clocked, FAULTS, clock_key};
pub(crate) use definition::{Check, Needs, Outcome, Stop, check};
pub(crate) use fixtures::{Inside, Sandbox};
pub(crate) use trial::Trial;
