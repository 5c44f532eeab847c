//! `/_emulator/clock`: the time of the caller's world (CTL-01, CTL-02).

use std::sync::Arc;
use std::time::Duration;

use leap0_emulator_core::clock::{ClockMode, Timestamp};
use leap0_emulator_core::service::World;
use serde::Serialize;

use crate::http::{Failure, Reply};
use crate::wire::{Fields, rfc3339};

/// Longest advance, in milliseconds: a hundred years.
const MAX_ADVANCE_MS: u64 = 100 * 365 * 24 * 3_600_000;

#[derive(Serialize)]
struct ClockBody {
    #[serde(serialize_with = "rfc3339")]
    now: Timestamp,
    mode: &'static str,
}

/// What the clock shows.
pub(super) fn show(world: &World) -> Reply {
    let mode = match world.clock_mode() {
        ClockMode::System => "system",
        ClockMode::Frozen => "frozen",
    };
    Reply::ok(&ClockBody { now: world.now(), mode })
}

/// What to do with it.
enum Action {
    Freeze,
    Resume,
    Advance(Duration),
    Set(Timestamp),
}

/// Moves the clock and answers when everything that fell due on the way has happened.
pub(super) async fn handle(world: &Arc<World>, fields: Fields) -> Result<Reply, Failure> {
    match read(fields)? {
        Action::Freeze => world.freeze_clock(),
        Action::Resume => world.resume_clock(),
        // Once begun it is carried through, whether or not the client waits.
        Action::Advance(span) => {
            let world = Arc::clone(world);
            let _ = tokio::spawn(async move { world.advance_clock(span).await }).await;
        }
        Action::Set(moment) => {
            let world = Arc::clone(world);
            let _ = tokio::spawn(async move { world.set_clock(moment).await }).await;
        }
    }
    Ok(show(world))
}

fn read(mut fields: Fields) -> Result<Action, Failure> {
    let action = fields.required_text("action");
    let ms = fields.int("ms", 0..=MAX_ADVANCE_MS);
    let to = fields.text("to").and_then(|text| {
        let moment = Timestamp::parse(&text);
        if moment.is_none() {
            fields.refuse("to", "must be a moment such as 2026-04-22T10:00:00Z");
        }
        moment
    });
    let chosen = match action.as_deref() {
        Some("freeze") => Some(Action::Freeze),
        Some("resume") => Some(Action::Resume),
        Some("advance") if fields.value("ms").is_none() => {
            fields.refuse("ms", "is required: milliseconds to advance by");
            None
        }
        Some("advance") => ms.map(|ms| Action::Advance(Duration::from_millis(ms))),
        Some("set") if fields.value("to").is_none() => {
            fields.refuse("to", "is required: the moment to set the clock to");
            None
        }
        Some("set") => to.map(Action::Set),
        Some(_) => {
            fields.refuse("action", "must be freeze, resume, advance or set");
            None
        }
        None => None,
    };
    fields.finish(|| chosen.expect("what is missing was refused")).map_err(Failure::invalid)
}
