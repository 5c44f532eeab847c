//! What a target may lack without being broken.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Something that a check needs and a target need not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Capability {
    /// `snapshot/pause`, of eras A and B.
    SnapshotPause,
    /// `/v1/snapshot/resume`, of eras A and B.
    Resume,
    /// `/v1/snapshot/restore`, of eras C and D.
    Restore,
    /// `kill_sandbox_after`, of eras C and D.
    Kill,
    /// `stop` and `start`, of era D.
    StopStart,
    /// `timeout_min` and `memory_mib`, of era A.
    Minutes,
    /// `timeout` in seconds and `memory`, of eras B to D.
    Seconds,
    /// The states between two others last long enough to be seen.
    Transitions,
    /// Keys that were never given out are refused.
    ClosedKeys,
    /// There is a key of a second organisation.
    SecondKey,
    /// The organisation belongs to the suite alone, so its limits can be reached.
    Exclusive,
    /// A rate limit is switched on.
    RateLimit,
    /// Processes survive a pause and a snapshot.
    Processes,
    /// Every key has a world with a clock that can be moved.
    Clock,
    /// Such a world can be forked, exported and imported.
    Worlds,
    /// Failures can be asked for.
    Faults,
    /// The suite was told how to restart the target.
    Restart,
}

use Capability as C;

/// Every capability by its name on the command line, and what a report says where it lacks.
const NAMES: &[(Capability, &str, &str)] = &[
    (C::SnapshotPause, "snapshot-pause", "the target does not serve snapshot/pause"),
    (C::Resume, "resume", "the target does not serve /v1/snapshot/resume"),
    (C::Restore, "restore", "the target does not serve /v1/snapshot/restore"),
    (C::Kill, "kill", "the target does not know kill_sandbox_after"),
    (C::StopStart, "stop-start", "the target does not serve stop and start"),
    (C::Minutes, "minutes", "the target does not take the field names of era A"),
    (C::Seconds, "seconds", "the target does not take the field names of eras B to D"),
    (C::Transitions, "transitions", "the target changes states faster than can be seen"),
    (C::ClosedKeys, "closed-keys", "the target takes every key"),
    (C::SecondKey, "second-key", "no key of a second organisation was given (--other-api-key)"),
    (C::Exclusive, "exclusive", "the organisation may have other users (--exclusive)"),
    (C::RateLimit, "rate-limit", "a rate limit is tried with --capability rate-limit=on only"),
    (
        C::Processes,
        "processes",
        "the target does not say that processes survive (--capability processes=on)",
    ),
    (C::Clock, "clock", "the target has no clock that can be moved under a key of its own"),
    (C::Worlds, "worlds", "the target can't fork, export and import what is under a key"),
    (C::Faults, "faults", "the target does not fail on demand"),
    (C::Restart, "restart", "the suite was not told how to restart the target (--restart)"),
];

/// Which eras a target is to be held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Those that it answers.
    #[default]
    Auto,
    /// `snapshot/pause` and `resume`.
    Seed,
    /// `restore`, `kill_sandbox_after`, `stop` and `start`.
    Current,
    /// All of them.
    All,
}

/// What is known of a target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capabilities {
    known: BTreeMap<Capability, bool>,
    /// How long it took to make a sandbox.
    pub(crate) launch: Duration,
}

impl Capability {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        self.entry().1
    }

    /// What a report says of a target without it.
    pub(crate) fn lack(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> &'static (Self, &'static str, &'static str) {
        NAMES.iter().find(|(known, ..)| *known == self).expect("every capability is listed")
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(capability, ..)| *capability)
    }
}

impl Capabilities {
    pub(crate) fn has(&self, capability: Capability) -> bool {
        self.known.get(&capability).copied().unwrap_or(false)
    }

    pub(crate) fn set(&mut self, capability: Capability, on: bool) {
        self.known.insert(capability, on);
    }

    /// Those of a target that can do everything.
    pub(crate) fn whole() -> Self {
        let known = Capability::all().map(|capability| (capability, true)).collect();
        Self { known, launch: Duration::ZERO }
    }

    /// Holds the target to what it was said to speak, whatever it answered.
    pub(crate) fn impose(&mut self, dialect: Dialect) {
        let (seed, current) = match dialect {
            Dialect::Auto => return,
            Dialect::Seed => (true, false),
            Dialect::Current => (false, true),
            Dialect::All => (true, true),
        };
        for capability in [C::SnapshotPause, C::Resume] {
            self.set(capability, seed);
        }
        for capability in [C::Restore, C::Kill, C::StopStart] {
            self.set(capability, current);
        }
        // Era B is seed paths with seconds: of the field names only one has to be there.
        if current {
            self.set(C::Seconds, true);
        }
        if dialect == Dialect::All {
            self.set(C::Minutes, true);
        }
    }

    /// The eras that are there whole.
    pub(crate) fn eras(&self) -> Vec<char> {
        let all = |needed: &[Capability]| needed.iter().all(|capability| self.has(*capability));
        let eras: [(char, &[Capability]); 4] = [
            ('A', &[C::SnapshotPause, C::Resume, C::Minutes]),
            ('B', &[C::SnapshotPause, C::Resume, C::Seconds]),
            ('C', &[C::Restore, C::Kill, C::Seconds]),
            ('D', &[C::Restore, C::Kill, C::Seconds, C::StopStart]),
        ];
        eras.into_iter().filter(|(_, needed)| all(needed)).map(|(era, _)| era).collect()
    }
}

/// `NAME=on` or `NAME=off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapabilityFlag(pub(crate) Capability, pub(crate) bool);

impl FromStr for CapabilityFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("it is NAME=on or NAME=off")?;
        let capability = NAMES.iter().find(|(_, known, _)| *known == name).ok_or_else(|| {
            let names: Vec<_> = NAMES.iter().map(|(_, name, _)| *name).collect();
            format!("no capability {name}; there are {}", names.join(", "))
        })?;
        match value {
            "on" => Ok(Self(capability.0, true)),
            "off" => Ok(Self(capability.0, false)),
            other => Err(format!("{other} is neither on nor off")),
        }
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "seed" => Ok(Self::Seed),
            "current" => Ok(Self::Current),
            "all" => Ok(Self::All),
            other => Err(format!("{other} is none of seed, current, all, auto")),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
