//! Which rule a contradiction breaks.

use super::call::{Call, History, Operation as O};
use super::shrink::Smallest;

/// The calls that contradict the last one.
struct Others<'a>(Vec<&'a O>);

impl Others<'_> {
    fn any(&self, fits: impl Fn(&O) -> bool) -> bool {
        self.0.iter().any(|operation| fits(operation))
    }

    /// Whether one of this kind is sent to a sandbox.
    fn on(&self, sandbox: &str, fits: fn(&O) -> bool) -> bool {
        self.any(|operation| operation.sandbox() == Some(sandbox) && fits(operation))
    }
}

/// The rule that says what the last call should have been told.
pub(super) fn blame(history: &History, smallest: &Smallest) -> &'static str {
    let last = smallest.last.origin;
    let others = smallest.calls.iter().filter(|place| **place != last);
    let others = Others(others.map(|place| &history.calls[*place].operation).collect());
    let last = &history.calls[last];
    let status = last.status().unwrap_or_default();
    match (&last.operation, status) {
        (O::Create, _) => "SB-CREATE-01",
        (O::Get { sandbox }, _) => looked(sandbox, &others),
        (O::Pause { .. }, 200..300) => "SB-PAUSE-02",
        (O::Pause { .. }, 409) => "STATE-PAUSE-RUNNING",
        (O::Pause { .. }, _) => "SB-PAUSE-01",
        (O::Stop { .. }, _) => "SB-STOP-01",
        (O::Start { .. }, _) => "SB-START-01",
        (O::Delete { .. }, 200..300) => "SB-DEL-03",
        (O::Delete { .. }, 409) => "STATE-DELETE-RUNNING",
        (O::Delete { .. }, _) => "SB-DEL-01",
        (O::Capture { name, .. }, 200..300) => {
            let named = |other: &O| matches!(other, O::Capture { name: of, .. } if name == of);
            if others.any(named) { "SNAP-CREATE-08" } else { "SNAP-CREATE-02" }
        }
        (O::Capture { .. }, 409) => {
            let deletes = |other: &O| matches!(other, O::DeleteSnapshot { .. });
            if others.any(deletes) { "SNAP-CREATE-10" } else { "STATE-SNAPSHOT-RUNNING" }
        }
        (O::Capture { .. }, _) => "SNAP-CREATE-01",
        (O::Restore { .. }, 200..300) => {
            let deletes = |other: &O| matches!(other, O::DeleteSnapshot { .. });
            if others.any(deletes) { "SNAP-DEL-02" } else { "SNAP-REST-02" }
        }
        (O::Restore { .. }, _) => "SNAP-REST-02",
        (O::DeleteSnapshot { .. }, 200..300) => {
            let again = |other: &O| *other == last.operation;
            let restores = |other: &O| matches!(other, O::Restore { .. });
            let used = others.any(restores) && !others.any(again);
            if used { "SNAP-DEL-03" } else { "SNAP-DEL-04" }
        }
        (O::DeleteSnapshot { .. }, 409) => "SNAP-DEL-03",
        (O::DeleteSnapshot { .. }, _) => "SNAP-DEL-01",
        (O::Find { .. }, _) => {
            let several = last.answer.as_ref().is_some_and(|told| told.found.len() > 1);
            if several { "SNAP-CREATE-08" } else { "SNAP-LIST-01" }
        }
        (O::Read { sandbox, .. }, 200 | 404) => held(history, sandbox, smallest),
        (O::Write { sandbox, .. } | O::Read { sandbox, .. } | O::Execute { sandbox, .. }, _) => {
            let pauses = others.on(sandbox, |other| matches!(other, O::Pause { .. }));
            if pauses { "SB-PAUSE-05" } else { "STATE-USE-RUNNING" }
        }
    }
}

/// What a look at a sandbox did not show.
fn looked(sandbox: &str, others: &Others<'_>) -> &'static str {
    let did = |fits: fn(&O) -> bool| others.on(sandbox, fits);
    if did(|other| matches!(other, O::Delete { .. })) {
        "SB-DEL-01"
    } else if did(|other| matches!(other, O::Pause { .. })) {
        "SB-PAUSE-01"
    } else if did(|other| matches!(other, O::Stop { .. })) {
        "SB-STOP-01"
    } else if did(|other| matches!(other, O::Start { .. })) {
        "SB-START-02"
    } else if did(|other| matches!(other, O::Capture { .. })) {
        "SNAP-CREATE-04"
    } else {
        "STATE-GET-RUNNING"
    }
}

/// Where a value went: the last thing that happened to the sandbox before it was read otherwise.
fn held(history: &History, sandbox: &str, smallest: &Smallest) -> &'static str {
    let read = &history.calls[smallest.last.origin];
    let made = |call: &Call| {
        call.answer.as_ref().is_some_and(|told| told.made.as_deref() == Some(sandbox))
    };
    let before = history.calls.iter().filter(|call| call.begin < read.begin);
    let did = |fits: fn(&O) -> bool| {
        let mut calls = before.clone();
        calls.any(|call| call.operation.sandbox() == Some(sandbox) && fits(&call.operation))
    };
    // The writes that the read should have shown.
    let values: Vec<&str> =
        smallest.calls.iter().filter_map(|place| history.calls[*place].operation.value()).collect();
    let seen = |call: &Call| call.answer.as_ref().and_then(|told| told.value.clone());
    let newer = |call: &Call| {
        let value = seen(call);
        value != seen(read) && value.is_some_and(|value| values.contains(&&*value))
    };
    let maker = history.calls.iter().find(|call| made(call)).map(|call| &call.operation);
    let wrote = smallest.calls.iter().map(|place| &history.calls[*place]).any(|call| {
        call.operation.sandbox() == Some(sandbox)
            && matches!(call.operation, O::Write { .. } | O::Execute { .. })
    });
    if matches!(maker, Some(O::Restore { .. })) && !wrote {
        "SNAP-REST-01"
    } else if did(|operation| matches!(operation, O::Stop { .. })) {
        "SB-STOP-01"
    } else if did(|operation| matches!(operation, O::Pause { .. })) {
        "SB-PAUSE-09"
    } else if history.calls.iter().any(|call| call.operation == read.operation && newer(call)) {
        // It was there, and so what was lost is this read.
        "FS-OP-READ-FILE"
    } else {
        "FS-OP-WRITE-FILE"
    }
}
