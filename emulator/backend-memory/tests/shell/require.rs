//! What a test does when this machine lacks something that it needs: it is skipped, visibly and
//! with the reason, or fails where the environment variable `LEAP0_REQUIRE` asks for the thing.

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
