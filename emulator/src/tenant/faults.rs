//! Failures on demand: which calls of an operation go wrong, and how.

use std::time::Duration;

use hyper::StatusCode;
use leap0_emulator_core::service::FaultPoint;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::operation;

/// A failure to come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// The operation's name.
    pub(crate) operation: String,
    /// Which of its calls go wrong.
    pub(crate) calls: Calls,
    /// How they go wrong.
    pub(crate) mishap: Mishap,
    /// How many calls it has seen.
    pub(crate) seen: u64,
    /// How many of them went wrong.
    pub(crate) struck: u64,
}

/// Which calls of an operation go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Calls {
    /// The first so many; later ones go well.
    First(u64),
    /// Every n-th.
    Every(u64),
    /// All of them.
    All,
}

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mishap {
    /// It is answered with an error, and nothing is done.
    Answer {
        /// An error status.
        #[serde(with = "status_code")]
        status: StatusCode,
        /// The error's message.
        message: String,
        /// Seconds for `retry-after`.
        retry_after: Option<u64>,
    },
    /// It takes longer, on the world's clock.
    Delay(Duration),
    /// The connection is dropped instead of an answer.
    Drop(Dropped),
    /// The connection is dropped after so many bytes of the answer's body.
    CutBody(usize),
    /// The work fails in the middle.
    Fail(FaultPoint),
}

/// When a connection is dropped; the difference is whether the work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Dropped {
    /// Before the work.
    Before,
    /// After it.
    After,
}

/// The failures to come of one organisation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// As they are kept, with how often each has struck.
    pub(crate) fn to_keep(&self) -> Value {
        serde_json::to_value(&self.0).expect("names and numbers are JSON")
    }

    /// Those that were kept. What this version does not know is left out.
    pub(crate) fn recalled(kept: &Value) -> Self {
        let kept = kept.as_array().into_iter().flatten();
        let known = |fault: &Fault| operation::TABLE.iter().any(|row| row.name == fault.operation);
        Self(kept.filter_map(|fault| Fault::deserialize(fault).ok()).filter(known).collect())
    }

    /// Replaces all of them.
    pub(crate) fn replace(&mut self, faults: Vec<Fault>) {
        self.0 = faults;
    }

    /// All of them, in the order they were given.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// Counts a call and tells everything that goes wrong with it, in the order given.
    pub(crate) fn strike(&mut self, operation: &str) -> Vec<Mishap> {
        let mut mishaps = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| fault.operation == operation) {
            fault.seen += 1;
            let strikes = match fault.calls {
                Calls::First(calls) => fault.seen <= calls,
                Calls::Every(nth) => fault.seen.is_multiple_of(nth),
                Calls::All => true,
            };
            if strikes {
                fault.struck += 1;
                mishaps.push(fault.mishap.clone());
            }
        }
        mishaps
    }
}

mod status_code {
    use hyper::StatusCode;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(status.as_u16())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<StatusCode, D::Error> {
        let number = u16::deserialize(from)?;
        StatusCode::from_u16(number).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(calls: Calls) -> Vec<bool> {
        let fault = Fault {
            operation: "sandbox/get".to_owned(),
            calls,
            mishap: Mishap::CutBody(0),
            seen: 0,
            struck: 0,
        };
        let mut faults = Faults(vec![fault]);
        assert!(faults.strike("sandbox/list").is_empty());
        (0..6).map(|_| !faults.strike("sandbox/get").is_empty()).collect()
    }

    #[test]
    fn calls_are_counted_per_operation() {
        assert_eq!(strikes(Calls::First(2)), [true, true, false, false, false, false]);
        assert_eq!(strikes(Calls::Every(3)), [false, false, true, false, false, true]);
        assert_eq!(strikes(Calls::All), [true; 6]);
    }

    #[test]
    fn what_was_kept_strikes_on_where_it_was() {
        let mut faults = Faults::default();
        let mishap = Mishap::Answer {
            status: StatusCode::BAD_GATEWAY,
            message: "down".to_owned(),
            retry_after: Some(3),
        };
        let calls = Calls::First(2);
        let operation = "sandbox/get";
        let fault = Fault { operation: operation.to_owned(), calls, mishap, seen: 0, struck: 0 };
        let unknown = Fault { operation: "sandbox/none".to_owned(), ..fault.clone() };
        faults.replace(vec![unknown, fault]);
        let first = faults.strike(operation);
        let mut recalled = Faults::recalled(&faults.to_keep());
        assert_eq!(recalled.iter().count(), 1, "what no version knows is left out");
        assert_eq!(recalled.strike(operation), first);
        assert!(recalled.strike(operation).is_empty());
        assert!(Faults::recalled(&Value::Null).iter().next().is_none());
    }
}
