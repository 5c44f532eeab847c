//! Definitions of checks.

use std::future::Future;
use std::pin::Pin;

use super::Trial;
use crate::target::Capability;

/// What a check rests on. Each rung needs those above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// A server that answers.
    Nothing,
    /// Sandboxes that can be made, read and removed.
    Sandbox,
    /// Files that can be written and read in them.
    Files,
    /// Commands that can be run in them.
    Commands,
    /// Snapshots that can be taken and restored.
    Snapshots,
}

/// Why a check ended early.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// What had to be there first could not be made.
    Unprepared(String),
    /// The server did not answer a request at all.
    Unanswered(String),
    /// The target can't show what is to be judged.
    Unsupported(&'static str),
}

pub(crate) type Outcome<T = ()> = Result<T, Stop>;
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A check: what it proves, what it needs, and how it goes.
#[derive(Debug)]
pub(crate) struct Check {
    /// A sentence, with underscores.
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static str],
    pub(crate) needs: Needs,
    pub(crate) when: &'static [Capability],
    /// How many sandboxes it has at once, in whatever organisation. Copies of a whole organisation
    /// do not count: they are made by servers alone that share what they have in common.
    pub(crate) live: usize,
    /// Whether it works in the sandbox that such checks share.
    pub(crate) shared: bool,
    /// Whether everything above stands on it.
    pub(crate) rung: bool,
    pub(crate) run: for<'a> fn(&'a Trial) -> Running<'a>,
}

impl Check {
    /// The same, for targets that have all of this.
    pub(crate) const fn when(mut self, capabilities: &'static [Capability]) -> Self {
        self.when = capabilities;
        self
    }

    /// The same with so many sandboxes at once.
    pub(crate) const fn live(mut self, count: usize) -> Self {
        self.live = count;
        self
    }

    /// The same, in the sandbox that checks share.
    pub(crate) const fn shared(mut self) -> Self {
        self.shared = true;
        self.live = 0;
        self
    }

    /// The same, as a rung of the ladder.
    pub(crate) const fn rung(mut self) -> Self {
        self.rung = true;
        self
    }

    /// The name with blanks.
    pub(crate) fn sentence(&self) -> String {
        self.name.replace('_', " ")
    }
}

/// A [`Check`] by the name of its function.
macro_rules! check {
    ($run:ident, $needs:ident, [$($rule:literal),+ $(,)?]) => {
        $crate::check::Check {
            name: stringify!($run),
            rules: &[$($rule),+],
            needs: $crate::check::Needs::$needs,
            when: &[],
            live: match $crate::check::Needs::$needs {
                $crate::check::Needs::Nothing => 0,
                _ => 1,
            },
            shared: false,
            rung: false,
            run: |trial| Box::pin($run(trial)),
        }
    };
}
pub(crate) use check;
