//! What a test does when this machine lacks something that it needs.
//!
//! It is skipped, visibly and with the reason. Where the environment variable `LEAP0_REQUIRE` asks
//! for the thing it fails instead: `all` asks for everything, `image` for what builds one.

use std::env;

use libtest_mimic::{Completion, Failed};

/// The outcome of a test that needs `thing`, for want of which it can't run.
pub(crate) fn missing(thing: &str, why: &str) -> Result<Completion, Failed> {
    let asked_for = env::var("LEAP0_REQUIRE").unwrap_or_default();
    if asked_for.split(',').map(str::trim).any(|one| one == "all" || one == thing) {
        return Err(format!("{why}, but LEAP0_REQUIRE={asked_for}").into());
    }
    eprintln!("skipped: {why}");
    Ok(Completion::ignored_with(why))
}
