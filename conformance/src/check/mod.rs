//! A check, and what it is given to judge with.

mod apart;
mod claim;
mod definition;
mod fixtures;
mod meanwhile;
mod own_world;
mod trial;

pub(crate) use claim::{Claim, Kind};
pub(crate) use definition::{Check, Needs, Outcome, Stop, check};
pub(crate) use fixtures::{Inside, Sandbox};
pub(crate) use meanwhile::meanwhile;
pub(crate) use own_world::{CLOCK, FAULTS, OwnWorld, own_key};
pub(crate) use trial::Trial;
