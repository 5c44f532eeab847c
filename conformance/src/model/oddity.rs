//! The catalogue of oddities: servers that are awkward and break no rule.

/// A way of being awkward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oddity {
    Slow,
    ExtraFields,
    UuidIds,
    CapitalIds,
    KeysReversed,
    PrettyJson,
    CharsetTold,
    ChunkedAnswers,
    ConnectionCloses,
    Throttles,
    StartingFirst,
    StrangeStates,
    StopAnswersEarly,
    PauseLeavesPaused,
    DeletedIsRead,
    TimeoutStops,
    DeleteInUse,
    OtherUsers,
    ExactQueries,
    OtherNames,
    CoarseTimes,
    TimesWithOffset,
    BareItems,
    PodIds,
    PoliciesHidden,
    ListingsUnsorted,
    NumericOwners,
    LinesFromZero,
    UserIsRoot,
    WorkdirIsHome,
    EraAOnly,
    EraBOnly,
    EraCOnly,
    CurrentErasOnly,
    LargeBodyHangsUp,
    FirstErrorOnly,
    OtherWords,
    SlowTransitions,
    BusyRefuses,
    AnswersLate,
    StoresLate,
}

use Oddity as O;

/// Every oddity, with what a server of that kind does.
pub(crate) const ODDITIES: &[(Oddity, &str)] = &[
    (O::Slow, "takes its time over every answer"),
    (O::ExtraFields, "has fields that nobody knows in every answer"),
    (O::UuidIds, "makes ids that are UUIDs"),
    (O::CapitalIds, "makes ids in capitals"),
    (O::KeysReversed, "writes the fields of an object in another order"),
    (O::PrettyJson, "writes JSON over several lines"),
    (O::CharsetTold, "tells the character set of its JSON"),
    (O::ChunkedAnswers, "sends its answers in chunks"),
    (O::ConnectionCloses, "ends the connection after every answer"),
    (O::Throttles, "answers 429 with Retry-After every now and then"),
    (O::StartingFirst, "answers a create with starting"),
    (O::StrangeStates, "goes through a state that no schema has"),
    (O::StopAnswersEarly, "answers a stop with stopping"),
    (O::PauseLeavesPaused, "leaves the source of snapshot/pause paused"),
    (O::DeletedIsRead, "reads a deleted sandbox as deleted"),
    (O::TimeoutStops, "stops a sandbox at its timeout"),
    (O::DeleteInUse, "deletes snapshots in use"),
    (O::OtherUsers, "has other users in every list"),
    (O::ExactQueries, "finds snapshots by their whole name only"),
    (O::OtherNames, "makes up names in capitals"),
    (O::CoarseTimes, "tells times to the minute"),
    (O::TimesWithOffset, "tells times with an offset"),
    (O::BareItems, "leaves optional fields out of lists"),
    (O::PodIds, "tells the machine of a sandbox"),
    (O::PoliciesHidden, "leaves optional fields out of answers"),
    (O::ListingsUnsorted, "lists files in another order"),
    (O::NumericOwners, "tells owners as numbers"),
    (O::LinesFromZero, "counts lines from zero"),
    (O::UserIsRoot, "denies nothing to its user"),
    (O::WorkdirIsHome, "works in the home directory"),
    (O::EraAOnly, "speaks era A alone"),
    (O::EraBOnly, "speaks era B alone"),
    (O::EraCOnly, "speaks era C alone"),
    (O::CurrentErasOnly, "speaks no old era"),
    (O::LargeBodyHangsUp, "hangs up on a body that is too large"),
    (O::FirstErrorOnly, "tells the first bad field only"),
    (O::OtherWords, "has messages of its own"),
    (O::SlowTransitions, "shows every state in between"),
    (O::BusyRefuses, "refuses every use of a sandbox on its way"),
    (O::AnswersLate, "answers some time after it is done"),
    (O::StoresLate, "lets the source of a capture go on before it is stored"),
];

impl Oddity {
    /// The name in reports: words with hyphens.
    pub(crate) fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(c.to_lowercase());
        }
        name
    }
}
