//! The API a second time, written from the rules and from nothing else: what every request changes
//! and answers. It does no IO and asks for no time; the reference server gives it both, and the
//! generated sequences are predicted with it.
//!
//! A [`Fault`] makes it break a rule on purpose, an [`Oddity`] makes it awkward but legal, so that
//! the suite can be judged by what it says of either.

mod catalogue;
mod clock;
mod control;
mod create;
mod disk;
mod edit;
mod fault;
mod fields;
mod files;
mod files_many;
mod glob;
mod inside;
mod lists;
mod mishaps;
mod oddity;
mod policy;
mod power;
mod processes;
mod races;
mod reply;
mod route;
mod shell;
mod snapshots;
mod views;
mod world;

pub(crate) use catalogue::{FaultEntry, catalogue};
pub(crate) use fault::Fault;
pub(crate) use oddity::{ODDITIES, Oddity};
pub(crate) use reply::{Body, Call, Reply};
pub(crate) use world::{Step, Traits, World};
