//! How long transitions take.

use std::str::FromStr;
use std::time::Duration;

use crate::lifecycle::Effect;

/// How long each transition takes at least, on the world's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transitions {
    /// As long as the back end takes.
    #[default]
    Instant,
    /// Every one the same.
    Fixed(Duration),
    /// As published for microVM services: 180 ms until a new machine runs, from a template, snapshot
    /// or disk (27 to 180 ms end to end are published); 4 s for each GiB of memory saved by a
    /// snapshot or pause and 1 s for a resume (as documented for E2B's sandboxes); 1 s for a stop
    /// and 200 ms for a deletion (no figures are published: assumed).
    Realistic,
}

/// A transition with a profile of its own: making a machine for a new sandbox, or an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transition {
    Launch,
    Effect(Effect),
}

impl Transitions {
    /// The least time of a transition of a machine with so much memory.
    pub(super) fn of(self, transition: Transition, memory_mib: u32) -> Duration {
        match self {
            Self::Instant => Duration::ZERO,
            Self::Fixed(time) => time,
            Self::Realistic => match transition {
                Transition::Launch | Transition::Effect(Effect::Start) => {
                    Duration::from_millis(180)
                }
                Transition::Effect(Effect::Snapshot | Effect::Pause) => {
                    Duration::from_secs(4) * memory_mib / 1024
                }
                Transition::Effect(Effect::Resume | Effect::Stop) => Duration::from_secs(1),
                Transition::Effect(Effect::Destroy) => Duration::from_millis(200),
            },
        }
    }
}

impl FromStr for Transitions {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "instant" => Ok(Self::Instant),
            "realistic" => Ok(Self::Realistic),
            number => match number.parse() {
                Ok(0) => Ok(Self::Instant),
                Ok(ms) => Ok(Self::Fixed(Duration::from_millis(ms))),
                Err(_) => Err("must be instant, realistic or a number of milliseconds"),
            },
        }
    }
}
