//! The catalogue of faults: what each is, and the rules that are to catch it.

use super::Fault;

/// A fault as the catalogue has it.
#[derive(Debug)]
pub(crate) struct FaultEntry {
    pub(crate) fault: Fault,
    /// What a server with the fault does.
    pub(crate) what: &'static str,
    /// The rules that it breaks, named in advance.
    pub(crate) rules: &'static [&'static str],
    /// Whether it shows only while states change.
    pub(crate) slow: bool,
    /// Whether what it breaks is this project's decision, so that it is judged as that binds.
    pub(crate) ours: bool,
    /// Whether it shows only while several clients act at once, and then if they meet.
    pub(crate) race: bool,
}

const fn entry(fault: Fault, what: &'static str, rules: &'static [&'static str]) -> FaultEntry {
    FaultEntry { fault, what, rules, slow: false, ours: false, race: false }
}

const fn slow(fault: Fault, what: &'static str, rules: &'static [&'static str]) -> FaultEntry {
    FaultEntry { slow: true, ..entry(fault, what, rules) }
}

const fn ours(fault: Fault, what: &'static str, rules: &'static [&'static str]) -> FaultEntry {
    FaultEntry { ours: true, ..entry(fault, what, rules) }
}

const fn race(fault: Fault, what: &'static str, rules: &'static [&'static str]) -> FaultEntry {
    FaultEntry { race: true, ..entry(fault, what, rules) }
}

const fn ours_slow(fault: Fault, what: &'static str, rules: &'static [&'static str]) -> FaultEntry {
    FaultEntry { slow: true, ..ours(fault, what, rules) }
}

use Fault as F;

/// Every fault.
pub(crate) const CATALOGUE: &[FaultEntry] = &[
    // Keys
    entry(F::KeysIgnored, "serves requests without a key", &["AUTH-01", "AUTH-04"]),
    entry(F::UnknownKeysTaken, "takes any key for an organisation", &["AUTH-04"]),
    entry(F::OnlyOneHeader, "does not know leap0-authorization", &["AUTH-01"]),
    entry(F::BearerNeeded, "refuses a key without the word Bearer", &["AUTH-02"]),
    entry(F::BearerInOneCase, "knows the word Bearer in one case only", &["AUTH-03"]),
    entry(F::OrganisationsShared, "shows every organisation the same sandboxes", &["AUTH-05"]),
    entry(F::AuthorizationWins, "reads the key from authorization first", &["AUTH-06"]),
    ours(F::BasicIsAKey, "takes a Basic value for a key", &["AUTH-10"]),
    // HTTP and JSON
    entry(F::NeedsContentType, "refuses JSON under another content type", &["WIRE-01"]),
    entry(F::EmptyBodyIs400, "asks for a body where no field is required", &["WIRE-02"]),
    entry(
        F::EmptyStopIs400,
        "refuses to stop for an empty body that is said to be JSON",
        &["WIRE-02"],
    ),
    entry(F::UnknownFieldsRefused, "refuses fields that it does not know", &["WIRE-03"]),
    entry(F::NullsRefused, "refuses null for nullable fields", &["WIRE-04"]),
    entry(F::SlashRedirects, "redirects a path with a slash at its end", &["WIRE-06"]),
    entry(F::SlashIs404, "does not know paths with a slash at their end", &["WIRE-06"]),
    ours(F::UnknownMethodIs404, "does not tell a wrong method from a wrong path", &["WIRE-05"]),
    ours(F::BrokenJsonIs422, "answers 422 to a body that is no object", &["WIRE-07"]),
    ours(F::BodyBeforePath, "looks at the body before the sandbox", &["WIRE-10"]),
    ours(F::MountsLeftOut, "makes a sandbox without the mounts that were asked for", &["WIRE-11"]),
    entry(F::NoContentHasBody, "answers a 204 with a content type and a length", &["WIRE-08"]),
    entry(F::ErrorsAreText, "answers errors as plain text", &["WIRE-08"]),
    entry(F::JsonUnderAnotherType, "answers JSON as text/plain", &["WIRE-08"]),
    entry(F::ErrorsWithoutMessage, "calls the message of an error something else", &["WIRE-09"]),
    entry(F::ErrorsWithoutFields, "leaves errors out of a 400", &["WIRE-09"]),
    entry(F::ListErrorsHaveFields, "has errors in the 400 of a list", &["WIRE-09"]),
    // Dialects
    entry(F::MemoryMibIgnored, "does not read memory_mib", &["REQ-01"]),
    entry(F::MinutesAreSeconds, "takes timeout_min for seconds", &["REQ-02"]),
    entry(F::CreateInWholeMinutes, "makes sandboxes for whole minutes", &["REQ-02"]),
    entry(F::RestoreInWholeMinutes, "restores for whole minutes", &["REQ-02"]),
    ours(F::NewerNameWins, "reads the newer of two names that contradict", &["REQ-03"]),
    ours(F::NoRestoreById, "restores by name alone", &["REQ-08"]),
    entry(
        F::ResumeIsAnotherOperation,
        "turns auto_pause on when it resumes a snapshot",
        &["REQ-04"],
    ),
    entry(F::EnvsIgnored, "does not read envs", &["REQ-05"]),
    entry(F::VcpuIsText, "answers vcpu as a text", &["RESP-01"]),
    entry(F::TimeoutIsNull, "answers null for the timeout", &["RESP-01"]),
    entry(F::MountsAreNull, "answers null for mounts", &["RESP-01"]),
    entry(F::NoCreatedAt, "leaves created_at out", &["RESP-01"]),
    entry(F::SnapshotWithoutId, "calls the id of a snapshot something else", &["RESP-02"]),
    entry(F::NoSnapshotId, "answers a snapshot without snapshot_id", &["RESP-02"]),
    entry(F::NoPodId, "leaves pod_id out of the list", &["RESP-03"]),
    entry(F::NoStderr, "answers a command without stderr", &["RESP-04"]),
    entry(F::HomeUnderAnotherName, "calls the home directory something else", &["RESP-05"]),
    entry(F::TimesWithoutZone, "writes timestamps without a zone", &["RESP-06"]),
    entry(F::IdsWithUnderscores, "makes ids that are no label of a host name", &["RESP-07"]),
    entry(F::IdsWithColons, "makes ids that can't stand in a path", &["SB-02"]),
    // Creating
    entry(F::CreateIs200, "answers 200 to a create", &["SB-CREATE-01"]),
    entry(F::NeverRunning, "leaves a new sandbox starting", &["SB-CREATE-08"]),
    entry(F::TemplateIsOptional, "creates without a template", &["SB-CREATE-02"]),
    entry(F::HalfAGibByDefault, "gives 512 MiB by default", &["SB-CREATE-03"]),
    entry(F::TenMinutesByDefault, "gives ten minutes by default", &["SB-CREATE-03"]),
    entry(F::OddMemory, "takes an odd number of MiB", &["SB-CREATE-03"]),
    entry(F::NineVcpus, "takes nine processors", &["SB-CREATE-03"]),
    entry(F::FourVcpusAtMost, "refuses eight processors", &["SB-CREATE-03"]),
    entry(F::DayLongTimeouts, "takes a timeout of more than eight hours", &["SB-CREATE-03"]),
    entry(F::NoTimeoutAtAll, "takes a timeout of nothing", &["SB-CREATE-03"]),
    ours(F::OneSecondIsTooShort, "refuses a timeout of a second", &["SB-CREATE-04"]),
    ours(F::UnknownTemplateIs404, "answers 404 to an unknown template", &["SB-CREATE-07"]),
    entry(F::DiskAsAsked, "gives the disk that a request asks for", &["SB-01"]),
    entry(F::DeniedByDefault, "allows no traffic by default", &["SB-CREATE-10"]),
    entry(F::EnvForgotten, "does not set env_vars", &["SB-CREATE-11"]),
    entry(F::QuotaOfTwo, "lets an organisation have two sandboxes", &["SB-CREATE-05"]),
    entry(F::StoppedTakesAPlace, "counts stopped sandboxes", &["SB-CREATE-06"]),
    entry(F::RestoreLimitIs409, "answers 409 to a restore at the limit", &["SNAP-REST-09"]),
    entry(F::NoRateLimit, "answers any number of requests", &["LIM-04"]),
    entry(F::StartPastTheLimit, "starts past the limit", &["SB-START-03"]),
    // Pausing
    entry(F::PauseIs200, "answers 200 to a pause", &["SB-PAUSE-01", "STATE-PAUSE-RUNNING"]),
    entry(F::PauseSaysRunning, "says running in the answer to a pause", &["SB-PAUSE-01"]),
    entry(F::PauseLosesDisk, "loses the disk at a pause", &["SB-PAUSE-09"]),
    entry(F::PauseLosesMemory, "loses memory at a pause", &["SB-PAUSE-01"]),
    entry(F::PauseTwice, "pauses what is paused", &["SB-PAUSE-02", "STATE-PAUSE-PAUSED"]),
    entry(F::PauseMakesSnapshot, "leaves a named snapshot behind a pause", &["SB-PAUSE-03"]),
    entry(
        F::CaptureForbidsPause,
        "does not pause what a named snapshot was taken of",
        &["STATE-PAUSE-RUNNING"],
    ),
    ours(F::ResumePath, "has a path that resumes", &["SB-PAUSE-04"]),
    entry(F::ReadResumes, "resumes what is read", &["SB-GET-01"]),
    entry(F::ThirdReadResumes, "resumes what is read for the third time", &["SB-GET-01"]),
    ours(F::RefusedCaptureResumes, "resumes for a capture that it then refuses", &["SB-PAUSE-05"]),
    ours(
        F::SecondPauseResumesUnused,
        "resumes what was never used when it is to be paused twice",
        &["SB-PAUSE-05"],
    ),
    ours(F::RefusedUseResumes, "resumes for a use that it then refuses", &["SB-PAUSE-06"]),
    ours_slow(F::UseWhileUnpausingIs409, "refuses uses during a resume", &["SB-PAUSE-07"]),
    entry(F::UseOfPausedIs409, "answers 409 to a use of a paused sandbox", &["SB-PAUSE-05"]),
    entry(F::UseOfPausedIs404, "answers 404 after a pause", &["STATE-USE-PAUSED"]),
    entry(
        F::ServedWhilePaused,
        "serves a paused sandbox and leaves it paused",
        &["STATE-USE-PAUSED"],
    ),
    entry(
        F::SecondResumeLosesWrites,
        "goes back to the first pause at every resume",
        &["SB-PAUSE-09"],
    ),
    entry(F::PausedCopyGoesBack, "resumes a paused copy as its snapshot was", &["SB-PAUSE-09"]),
    entry(F::StopAfterPauseLosesDisk, "loses the disk of what was once paused", &["SB-STOP-01"]),
    entry(
        F::SnapshotAfterPauseIsOld,
        "captures what was there at the first pause",
        &["SNAP-REST-01"],
    ),
    entry(F::ResumeLosesEnv, "loses the environment at a resume", &["SB-PAUSE-09"]),
    ours(
        F::ResumeKeepsDeadline,
        "counts the timeout from the launch after a resume too",
        &["SB-PAUSE-08"],
    ),
    // Stopping and starting
    entry(F::StopIs201, "answers 201 to a stop", &["SB-STOP-01", "STATE-STOP-RUNNING"]),
    entry(F::StopLosesDisk, "loses the disk at a stop", &["SB-STOP-01"]),
    entry(F::StopKeepsMemory, "keeps memory at a stop", &["SB-STOP-01"]),
    entry(F::StopOfPaused, "stops what is paused", &["STATE-STOP-PAUSED"]),
    entry(F::StopTwice, "stops what is stopped", &["STATE-STOP-STOPPED"]),
    entry(
        F::StopNeverEnds,
        "answers stopping and never comes to be stopped",
        &["STATE-STOP-RUNNING"],
    ),
    entry(F::PauseOfStopped, "pauses what is stopped", &["STATE-PAUSE-STOPPED"]),
    entry(F::UseStartsStopped, "starts a stopped sandbox when it is used", &["SB-STOP-03"]),
    entry(F::StoppedSaysWorkdir, "tells the workdir of what is stopped", &["SB-STOP-03"]),
    entry(F::StartIs201, "answers 201 to a start", &["SB-START-02"]),
    entry(F::StartSaysStarting, "answers a start before it runs", &["SB-START-02"]),
    entry(F::StartIsANewCreation, "changes created_at at a start", &["SB-START-02"]),
    entry(F::StartFromTemplate, "starts without the saved disk", &["SB-START-02"]),
    ours(F::StartForgetsEnv, "starts without the environment", &["SB-START-04"]),
    ours(
        F::StartKeepsLaunchTime,
        "tells the launch time of before the stop after a start",
        &["SB-START-04"],
    ),
    entry(F::StartOfRunning, "starts what is running", &["SB-START-01", "STATE-START-RUNNING"]),
    entry(F::StartOfUnused, "starts what runs and was never used", &["STATE-START-RUNNING"]),
    entry(F::StartOfPaused, "starts what is paused", &["STATE-START-PAUSED"]),
    // Timeouts
    entry(
        F::AutoPauseDeletes,
        "deletes a sandbox with auto_pause and less than an hour at its timeout",
        &["SB-TMO-02"],
    ),
    slow(
        F::LaunchedAfterTheJump,
        "ends a launch only where its clock has been moved to meanwhile",
        &["SB-TMO-01"],
    ),
    entry(F::AutoPauseLosesMemory, "loses memory at an automatic pause", &["SB-CREATE-09"]),
    entry(F::TimeoutIgnored, "lets a sandbox run on after its timeout", &["SB-TMO-03"]),
    entry(F::TimeoutSlides, "puts the timeout off at every use", &["SB-TMO-01"]),
    entry(F::TimeoutEarly, "ends a sandbox after a tenth of its time", &["SB-TMO-01"]),
    entry(F::EndsAfterAnHour, "ends after an hour what was to live for longer", &["SB-TMO-01"]),
    entry(F::FiveMinutesNeverEnd, "never ends what lives for five minutes", &["SB-TMO-03"]),
    ours_slow(F::TimeoutCutsCapture, "ends a sandbox during a capture", &["SB-TMO-04"]),
    entry(F::RestoredNeverTimesOut, "has no timeout for restored sandboxes", &["SB-TMO-02"]),
    // Deleting
    entry(F::DeleteIs200, "answers 200 to a delete", &["SB-DEL-01"]),
    entry(F::DeleteKeeps, "answers 204 and deletes nothing", &["SB-DEL-01"]),
    entry(F::DeletePausedIs409, "does not delete what is paused", &["STATE-DELETE-PAUSED"]),
    entry(
        F::DeletePausedTwice,
        "deletes again what was deleted while it was paused",
        &["SB-DEL-03"],
    ),
    entry(F::DeleteStoppedIs409, "does not delete what is stopped", &["STATE-DELETE-STOPPED"]),
    entry(F::DeleteTakesSnapshots, "deletes the snapshots of a sandbox with it", &["SB-DEL-04"]),
    entry(F::LoneSnapshotsHidden, "lists no snapshots whose source is gone", &["SB-DEL-04"]),
    entry(F::DeletedIsListed, "lists deleted sandboxes", &["SB-LIST-02"]),
    entry(F::DeletedIsOnLongPages, "lists what is deleted on pages of 100", &["SB-LIST-02"]),
    // Sandboxes that are not there
    entry(F::ReadIs201, "answers 201 to a read", &["STATE-GET-RUNNING"]),
    entry(F::AbsentReadIs200, "makes up a sandbox for any id", &["STATE-GET-ABSENT"]),
    entry(F::AbsentDeleteIs204, "deletes what is not there", &["SB-DEL-03", "STATE-DELETE-ABSENT"]),
    entry(F::AbsentPauseIs409, "answers 409 to a pause of nothing", &["STATE-PAUSE-ABSENT"]),
    entry(F::AbsentStopIs409, "answers 409 to a stop of nothing", &["STATE-STOP-ABSENT"]),
    entry(F::AbsentStartIs409, "answers 409 to a start of nothing", &["STATE-START-ABSENT"]),
    entry(
        F::AbsentSnapshotIs409,
        "answers 409 to a capture of nothing",
        &["STATE-SNAPSHOT-ABSENT"],
    ),
    entry(F::AbsentUseIs403, "answers 403 to a use of nothing", &["STATE-USE-ABSENT"]),
    entry(F::AbsentMountIs400, "answers 400 to a mount on nothing", &["STATE-MOUNTS-ABSENT"]),
    // Taking snapshots
    entry(F::SnapshotIs200, "answers 200 to a capture", &["SNAP-CREATE-01"]),
    entry(F::SnapshotFollowsSource, "restores what the source holds now", &["SNAP-REST-01"]),
    entry(F::SnapshotLosesMemory, "captures no memory", &["SNAP-CREATE-01"]),
    entry(F::SnapshotLosesDisk, "captures no disk", &["SNAP-CREATE-01"]),
    entry(F::SnapshotForgetsResources, "restores with default resources", &["SNAP-REST-03"]),
    entry(
        F::SnapshotSaysDefaults,
        "answers default resources for any snapshot",
        &["SNAP-CREATE-14"],
    ),
    entry(F::SnapshotOfPaused, "captures what is paused", &["SNAP-CREATE-02"]),
    ours(
        F::SecondPauseHides,
        "answers 404 to a capture of what was to be paused twice",
        &["STATE-SNAPSHOT-PAUSED"],
    ),
    entry(F::SnapshotOfStopped, "captures what is stopped", &["SNAP-CREATE-02"]),
    entry(F::SnapshotPausesSource, "leaves the source of a capture paused", &["SNAP-CREATE-04"]),
    entry(F::SnapshotEndsSource, "ends the source of a capture", &["SNAP-CREATE-04"]),
    entry(
        F::CaptureEmptiesTmp,
        "empties the source's /tmp at a capture if anything is in its memory",
        &["SNAP-CREATE-04"],
    ),
    entry(
        F::CaptureLosesSourceMemory,
        "loses the memory of the source at a capture",
        &["SNAP-CREATE-04"],
    ),
    ours(
        F::SevenSnapshotsAtMost,
        "takes seven snapshots of a sandbox and no more",
        &["SNAP-CREATE-13"],
    ),
    ours(
        F::OlderSnapshotNeeded,
        "restores a snapshot of a copy only while the older one is there",
        &["SNAP-CREATE-15"],
    ),
    entry(F::NameIsRequired, "refuses a capture without a name", &["SNAP-CREATE-05"]),
    entry(F::OneNameForAll, "gives every nameless snapshot one name", &["SNAP-CREATE-05"]),
    entry(F::NameOfNothing, "makes up names that say nothing of the template", &["SNAP-CREATE-05"]),
    ours(
        F::NameCutShort,
        "cuts the template's name short in names of its own",
        &["SNAP-CREATE-05"],
    ),
    entry(F::NameOf100, "takes names of 100 characters", &["SNAP-CREATE-06"]),
    entry(F::NameOf32, "refuses names of 64 characters", &["SNAP-CREATE-06"]),
    entry(F::LongNameCut, "cuts long names", &["SNAP-CREATE-06"]),
    ours(F::NamesAreSlugs, "takes names of letters, digits and hyphens alone", &["SNAP-CREATE-07"]),
    entry(F::TakenNameIsFine, "gives one name to two snapshots", &["SNAP-CREATE-08"]),
    entry(F::TakenNameReplaces, "replaces a snapshot of the same name", &["SNAP-CREATE-08"]),
    entry(F::NameRace, "looks for the name first and takes it later", &["SNAP-CREATE-08"]),
    entry(F::NameTakenForever, "never gives a name again", &["SNAP-CREATE-10"]),
    entry(F::KillIgnored, "does not read kill_sandbox_after", &["SNAP-KILL-01"]),
    entry(F::KillTakesAnyName, "takes a taken name if the source is to end", &["SNAP-CREATE-08"]),
    entry(F::KillLosesSnapshot, "ends the source and stores nothing", &["SNAP-KILL-01"]),
    entry(F::SnapshotPauseGoesOn, "lets the source of snapshot/pause run on", &["SNAP-PAUSE-01"]),
    entry(
        F::SnapshotPauseWithoutState,
        "leaves the state out of snapshot/pause",
        &["SNAP-PAUSE-02"],
    ),
    entry(F::SnapshotPauseSaysStopped, "says stopped in snapshot/pause", &["SNAP-PAUSE-02"]),
    entry(F::SnapshotPauseTakesAnyName, "takes a taken name in snapshot/pause", &["SNAP-PAUSE-04"]),
    entry(F::SnapshotPauseOfPaused, "takes a paused source in snapshot/pause", &["SNAP-PAUSE-04"]),
    entry(
        F::SnapshotPauseOfIdleIs409,
        "refuses snapshot/pause of what was never used",
        &["STATE-SNAPSHOT-RUNNING"],
    ),
    // Restoring snapshots
    entry(F::RestoreIs200, "answers 200 to a restore", &["SNAP-REST-01"]),
    entry(F::RestoreGivesSource, "restores into the source", &["SNAP-REST-01"]),
    entry(F::RestoreOfAnything, "restores something for any name", &["SNAP-REST-02"]),
    entry(F::RestoreByBeginning, "restores by the beginning of a name", &["SNAP-REST-02"]),
    entry(F::RestoreTakesVcpu, "lets a restore choose its processors", &["SNAP-REST-03"]),
    entry(F::RestoreInheritsTimeout, "restores with the timeout of the source", &["SNAP-REST-04"]),
    entry(
        F::RestoreInheritsAutoPause,
        "restores with the auto_pause of the source",
        &["SNAP-REST-05"],
    ),
    entry(F::RestoreForgetsPolicy, "restores without the network policy", &["SNAP-REST-06"]),
    entry(F::RestoreIgnoresPolicy, "does not read the policy of a restore", &["SNAP-REST-06"]),
    entry(F::CopiesShareTheirDisk, "writes to every copy of a snapshot at once", &["SNAP-REST-07"]),
    entry(F::RestoreUsesUp, "restores a snapshot once", &["SNAP-REST-01"]),
    entry(F::RestoreNeedsSource, "restores only while the source is there", &["SNAP-REST-08"]),
    entry(F::RestoreForgetsMemory, "restores no memory", &["SNAP-REST-10"]),
    entry(F::RestoreForgetsEmptyDirectories, "restores no empty directory", &["SNAP-REST-10"]),
    entry(F::RestoreIsEmpty, "restores an empty disk", &["SNAP-REST-01"]),
    entry(F::RestoreForgetsEnv, "restores without the environment", &["SNAP-REST-11"]),
    // Lists of snapshots, and deleting them
    entry(F::DeleteSnapshotIs200, "answers 200 to the delete of a snapshot", &["SNAP-DEL-01"]),
    entry(F::DeleteSnapshotKeeps, "answers 204 and keeps the snapshot", &["SNAP-DEL-02"]),
    entry(F::DeleteSnapshotAgainIs204, "deletes a snapshot again", &["SNAP-DEL-04"]),
    entry(F::DeleteBreaksCopies, "takes the copies of a snapshot with it", &["SNAP-DEL-03"]),
    entry(
        F::DeleteTakesUnusedSource,
        "deletes a source that was never used with its snapshot",
        &["SNAP-DEL-03"],
    ),
    entry(
        F::RestoredOutlivesDelete,
        "restores what was restored before it was deleted",
        &["SNAP-DEL-02"],
    ),
    entry(F::DeleteUnusedIs409, "says that an unused snapshot is in use", &["SNAP-DEL-03"]),
    ours(F::DeleteOfNothingIs405, "answers 405 to the delete of no id", &["SNAP-DEL-06"]),
    ours(F::SnapshotsAreRead, "reads single snapshots", &["SNAP-LIST-04"]),
    entry(F::QueryIgnored, "does not filter by name", &["SNAP-LIST-01"]),
    entry(F::QueryFindsNothing, "finds no name", &["SNAP-LIST-01", "SNAP-LIST-04"]),
    ours(F::QueryInOneCase, "finds names in the same case only", &["SNAP-LIST-01"]),
    entry(F::LongQueriesAreFine, "takes a query of any length", &["SNAP-LIST-02"]),
    // Lists
    entry(F::ListUnsorted, "lists in order of the ids", &["SB-LIST-01"]),
    entry(F::ListUpsideDown, "sorts the other way round", &["SB-LIST-01"]),
    ours(F::TiesUpsideDown, "sorts equal keys the other way round", &["SB-LIST-04"]),
    entry(F::TotalOfThePage, "counts one page only", &["SB-LIST-01"]),
    entry(F::PageIgnored, "answers the first page for any page", &["SB-LIST-01"]),
    entry(F::PageSizeIgnored, "answers pages of any size", &["SB-LIST-01", "REQ-06"]),
    entry(F::StateFilterIgnored, "does not filter by state", &["SB-LIST-01"]),
    entry(F::BadQueriesAreFine, "takes any value in a query", &["SB-LIST-03"]),
    entry(
        F::StateChangeTimeStays,
        "tells the launch for the last change of the state",
        &["SB-LIST-05"],
    ),
    entry(F::TimeoutAtInMilliseconds, "tells timeout_at in milliseconds", &["SB-LIST-05"]),
    // Network policies
    entry(F::AnyMode, "takes any mode", &["NET-01"]),
    entry(F::ListsWithoutBound, "takes lists of any length", &["NET-01"]),
    entry(F::NoWildcards, "refuses a wildcard", &["NET-02"]),
    entry(F::HostBitsNeeded, "refuses ranges", &["NET-03"]),
    entry(F::ModeIsForced, "turns a policy with lists into custom", &["NET-05"]),
    ours(F::HeadersMasked, "masks the headers of a policy", &["NET-06"]),
    // Files
    entry(F::FilesAreText, "stores text only", &["FS-OP-WRITE-FILE"]),
    entry(F::WriteIs200, "answers 200 to a write", &["FS-OP-WRITE-FILE"]),
    entry(F::WritesAreRefused, "refuses every write", &["STATE-USE-RUNNING"]),
    entry(F::WriteIsLost, "answers 204 to a write and forgets it", &["FS-OP-WRITE-FILE"]),
    entry(F::FilesAreJson, "answers the contents of a file as JSON", &["FS-OP-READ-FILE"]),
    entry(F::OffsetIgnored, "reads from the beginning whatever is asked", &["FS-OP-READ-FILE"]),
    entry(F::TailIgnored, "reads the whole file for its tail", &["FS-OP-READ-FILE"]),
    entry(F::HeadAndTail, "takes head and tail together", &["FS-11"]),
    entry(
        F::NoPathIsTheRoot,
        "takes a missing path for the root",
        &["FS-OP-LS", "FS-OP-STAT", "FS-OP-EXISTS", "FS-OP-TREE", "FS-OP-MKDIR"],
    ),
    entry(F::SizeIsZero, "tells no sizes", &["FS-OP-STAT"]),
    entry(F::ModeIsDecimal, "tells modes in decimal", &["FS-OP-STAT"]),
    entry(F::MtimeInMilliseconds, "tells mtime in milliseconds", &["FS-OP-STAT"]),
    entry(F::NoOwner, "tells no owner", &["FS-OP-STAT"]),
    entry(F::LsIsFlat, "does not list what is below", &["FS-OP-LS"]),
    entry(F::MkdirIs201, "answers 201 to mkdir", &["FS-OP-MKDIR"]),
    entry(F::MkdirIgnoresMode, "makes directories of another mode", &["FS-OP-MKDIR"]),
    entry(F::MkdirMakesParents, "makes parents without being asked", &["FS-OP-MKDIR"]),
    entry(F::MkdirAgainIsFine, "makes a directory twice", &["FS-02"]),
    entry(F::DeniedIs404, "hides what permissions deny", &["FS-03"]),
    entry(F::MissingIs400, "answers 400 for what is missing", &["FS-04"]),
    entry(F::DirectoryIsNotSaid, "does not say that a path is a directory", &["FS-05"]),
    entry(F::NoParentIs404, "writes only into directories that are there", &["FS-06"]),
    entry(F::RelativePaths, "takes relative paths", &["FS-01"]),
    entry(F::DeleteFileKeeps, "answers 204 and deletes no file", &["FS-OP-DELETE"]),
    entry(F::DeleteIsRecursive, "deletes full directories without being asked", &["FS-08"]),
    entry(F::PermissionsIgnored, "sets no permissions", &["FS-OP-SET-PERMISSIONS"]),
    entry(F::OwnersAreRefused, "refuses to set an owner", &["FS-19"]),
    entry(F::MoveCopies, "leaves the source of a move", &["FS-OP-MOVE"]),
    entry(F::MoveOverwrites, "moves onto what is there", &["FS-09"]),
    entry(F::CopyMoves, "removes the source of a copy", &["FS-OP-COPY"]),
    entry(F::CopyOverwrites, "copies onto what is there", &["FS-OP-COPY"]),
    entry(F::CopyIsRecursive, "copies directories without being asked", &["FS-10"]),
    entry(F::EverythingExists, "says that everything exists", &["FS-OP-EXISTS"]),
    entry(F::NotExistingIs404, "answers 404 for what does not exist", &["FS-OP-EXISTS"]),
    entry(F::LinksFollowed, "shows what a link leads to", &["FS-26"]),
    entry(F::AnyFormIsFine, "takes any body for a form", &["FS-OP-WRITE-FILES"]),
    ours(F::GoodFilesWritten, "writes the good files of a form with a bad one", &["FS-20"]),
    entry(F::ReadFilesIsJson, "answers several files as JSON", &["FS-OP-READ-FILES"]),
    entry(
        F::EditFilesIsDry,
        "tells of edits of several files and makes none",
        &["FS-OP-EDIT-FILES"],
    ),
    entry(F::FirstFileOnly, "writes the first file of a form", &["FS-22"]),
    entry(F::NamesNotUnescaped, "keeps escapes in the names of parts", &["FS-22"]),
    entry(F::PartsWithoutFileName, "answers parts without file names", &["FS-22"]),
    entry(F::PartsWithoutType, "answers parts without a type", &["FS-22"]),
    entry(F::GlobFindsAll, "matches every name", &["FS-13"]),
    entry(F::GlobIsRelative, "answers names for paths", &["FS-OP-GLOB"]),
    entry(F::IncludeIgnored, "searches every file", &["FS-OP-GREP"]),
    entry(F::GrepInverted, "finds the lines without the text", &["FS-14"]),
    entry(F::GrepShowsThePattern, "shows the pattern for the line", &["FS-14"]),
    entry(F::ExcludeIgnored, "excludes nothing", &["FS-16"]),
    entry(F::ExcludeOnlyTheName, "excludes a directory and not what is in it", &["FS-16"]),
    entry(F::EditsTheFirstOnly, "edits the first place only", &["FS-17"]),
    entry(F::EditsAgainstTheOriginal, "makes the first edit only", &["FS-17"]),
    entry(F::EditIsDry, "tells of edits and makes none", &["FS-OP-EDIT-FILE"]),
    entry(F::DiffIsMissing, "answers no diff", &["FS-17"]),
    entry(F::CountsEdits, "counts edits for replacements", &["FS-17"]),
    entry(F::OneFailureFailsAll, "fails all edits for one missing file", &["FS-18"]),
    entry(F::FailuresAreSuccesses, "says success for a missing file", &["FS-18"]),
    entry(F::TreeSaysDir, "calls a directory dir", &["FS-OP-TREE"]),
    entry(F::FilesHaveChildren, "gives files children", &["FS-25"]),
    entry(F::DepthIgnored, "shows a tree to its end", &["FS-25"]),
    entry(F::BodyWithoutBound, "takes bodies of any size", &["FS-24"]),
    entry(F::BodyOfOneMib, "refuses more than one MiB", &["FS-24"]),
    // Commands
    entry(F::NoCommandIsFine, "runs no command at all", &["PROC-OP-EXECUTE"]),
    entry(F::NoShell, "splits words and knows no shell", &["PROC-01"]),
    entry(F::QuotesExpand, "expands variables in single quotes", &["PROC-01"]),
    entry(F::FailureIs500, "answers 500 for a command that fails", &["PROC-02"]),
    entry(F::ExitCodeIsOne, "tells one exit code for all failures", &["PROC-02"]),
    entry(F::EnvsStick, "keeps the variables of a command", &["PROC-03"]),
    entry(F::CwdIgnored, "does not read cwd", &["PROC-04"]),
    entry(F::StartsAtTheRoot, "starts commands at the root", &["PROC-04"]),
    entry(F::OutputMixed, "mixes errors into the output", &["PROC-09"]),
    entry(F::AnsweredTooEarly, "answers before a command has ended", &["PROC-10"]),
    ours(F::CommandTimeoutIs408, "answers 408 for a command that took too long", &["PROC-05"]),
    ours(F::BrokenTextDropped, "drops output that is no text", &["PROC-07"]),
    ours(F::CommandOutlivesPause, "lets a command end that was paused", &["PROC-11"]),
    ours(F::CommandOutlivesStop, "lets a command end that was stopped", &["PROC-11"]),
    ours(F::CommandEndsAtCapture, "cuts off commands at a capture", &["PROC-11"]),
    ours(F::FrozenCommandIsLost, "ends commands at a pause for good", &["PROC-11"]),
    ours(F::OneCommandAtATime, "runs one command after another", &["PROC-08"]),
    entry(F::CommandsRunElsewhere, "runs commands beside the sandbox", &["PROC-10"]),
    entry(F::WorkdirIsRelative, "answers a relative working directory", &["SYS-OP-WORKDIR"]),
    // On the wire
    entry(F::HangsUpOnPause, "ends the connection instead of answering a pause", &["SB-PAUSE-01"]),
    entry(
        F::HangsUpOnCapture,
        "ends the connection instead of answering a capture",
        &["SNAP-CREATE-01"],
    ),
    entry(F::CutsAnswers, "sends half of an answer", &["FS-OP-LS"]),
    entry(F::NeverAnswersStop, "does not answer a stop", &["SB-STOP-01"]),
    // While states change
    slow(
        F::DeleteInTransition,
        "deletes a sandbox on its way",
        &[
            "SB-DEL-02",
            "STATE-DELETE-STARTING",
            "STATE-DELETE-SNAPSHOTTING",
            "STATE-DELETE-UNPAUSING",
            "STATE-DELETE-STOPPING",
            "STATE-DELETE-DELETING",
        ],
    ),
    slow(
        F::PauseInTransition,
        "pauses a sandbox on its way",
        &[
            "STATE-PAUSE-STARTING",
            "STATE-PAUSE-SNAPSHOTTING",
            "STATE-PAUSE-UNPAUSING",
            "STATE-PAUSE-STOPPING",
            "STATE-PAUSE-DELETING",
        ],
    ),
    slow(
        F::StopInTransition,
        "stops a sandbox on its way",
        &[
            "STATE-STOP-STARTING",
            "STATE-STOP-SNAPSHOTTING",
            "STATE-STOP-UNPAUSING",
            "STATE-STOP-STOPPING",
            "STATE-STOP-DELETING",
        ],
    ),
    slow(F::StopOfStarting, "stops what is starting", &["STATE-STOP-STARTING"]),
    slow(F::StopOfUnpausing, "stops what is resuming", &["STATE-STOP-UNPAUSING"]),
    slow(F::StopOfDeleting, "stops what is being deleted", &["STATE-STOP-DELETING"]),
    slow(
        F::StartInTransition,
        "starts a sandbox on its way",
        &[
            "STATE-START-STARTING",
            "STATE-START-SNAPSHOTTING",
            "STATE-START-UNPAUSING",
            "STATE-START-STOPPING",
            "STATE-START-DELETING",
        ],
    ),
    slow(F::RunsWhileSnapshotting, "shows running during a capture", &["SNAP-CREATE-03"]),
    slow(F::NameFreeWhileMaking, "gives a name that is being taken", &["SNAP-CREATE-09"]),
    slow(F::StoppingUnseen, "shows stopped while it stops", &["SB-STOP-02"]),
    slow(F::ResumeGoesBackwards, "shows stopping while it resumes", &["SB-03"]),
    // While several clients act at once
    race(F::DeleteLooksFirst, "deletes twice what is deleted twice at once", &["SB-DEL-03"]),
    race(F::PauseLooksFirst, "pauses twice what is paused twice at once", &["SB-PAUSE-02"]),
    race(F::StopLooksFirst, "stops twice what is stopped twice at once", &["SB-STOP-01"]),
    race(F::StartLooksFirst, "starts twice what is started twice at once", &["SB-START-01"]),
    race(F::PauseSavesFirst, "loses what is written while it pauses", &["SB-PAUSE-09"]),
    race(
        F::EveryUseResumes,
        "resumes for each of several uses, and loses what the first wrote",
        &["SB-PAUSE-09"],
    ),
    race(
        F::WritesPutBackAll,
        "loses one of two files that are written at once",
        &["FS-OP-WRITE-FILE"],
    ),
    race(
        F::ReadsAreKept,
        "keeps what was read while it was written, for those that read it next",
        &["FS-OP-READ-FILE", "FS-OP-WRITE-FILE"],
    ),
    race(
        F::NamesAreKept,
        "restores a snapshot that was deleted while it was restored",
        &["SNAP-DEL-02", "SNAP-REST-01"],
    ),
    race(
        F::RestoreLooksFirst,
        "restores a snapshot that is deleted meanwhile as unused",
        &["SNAP-DEL-02", "SNAP-DEL-03"],
    ),
    race(
        F::DeleteSnapshotLooksFirst,
        "deletes twice a snapshot that is deleted twice at once",
        &["SNAP-DEL-04"],
    ),
    race(
        F::DeleteTakesNamesakes,
        "deletes with a snapshot what takes its name meanwhile",
        &["SNAP-LIST-01", "SNAP-REST-02", "SNAP-DEL-01", "SNAP-CREATE-08"],
    ),
    race(
        F::LostCaptureKeepsName,
        "keeps the name of a snapshot whose source was deleted meanwhile",
        &["STATE-SNAPSHOT-RUNNING"],
    ),
    // Control of a local server
    entry(F::RateNeverRecovers, "refuses requests for ever after too many", &["LIM-04"]),
    entry(F::ClockDoesNotStand, "lets a frozen clock go on", &["CTL-01"]),
    entry(F::ClockJumps, "lets what fell due happen when the clock has arrived", &["CTL-02"]),
    slow(
        F::TimeoutsWaitForChanges,
        "lets nothing time out while anything changes its state, where a clock stands",
        &["CTL-02"],
    ),
    entry(F::ResetKeepsSnapshots, "keeps the snapshots in a reset", &["CTL-03"]),
    entry(
        F::ResetForgetsAll,
        "forgets every organisation in a reset while a command runs",
        &["CTL-03"],
    ),
    entry(F::ForkLosesMemory, "copies disks in a fork, and not memory", &["CTL-04"]),
    entry(F::ForksAreOne, "shows in a fork what is done in the original", &["CTL-04"]),
    entry(F::ForkReplaces, "forks to where something is", &["CTL-05"]),
    entry(F::ImportReplaces, "imports to where something is", &["CTL-05"]),
    slow(F::ForksInTransition, "forks what is in transition", &["CTL-05"]),
    entry(F::ImportBeginsAnew, "gives imported sandboxes their whole time again", &["CTL-06"]),
    entry(F::ImportForgetsStopped, "imports no stopped sandboxes", &["CTL-06"]),
    entry(F::ImportsAnything, "imports what was tampered with", &["CTL-07"]),
    entry(F::FaultsAreForgotten, "does not fail when it was told to", &["CTL-08"]),
    entry(F::FailedCaptureIsStored, "stores a snapshot that it says has failed", &["CTL-08"]),
    entry(F::FailedLaunchStays, "keeps a sandbox whose launch has failed", &["CTL-08"]),
    entry(F::RestartLosesMemory, "loses memory in a restart", &["CTL-09"]),
    entry(F::RestartForgetsStopped, "forgets stopped sandboxes in a restart", &["CTL-09"]),
    entry(F::RestartForgetsSnapshots, "forgets snapshots in a restart", &["CTL-09"]),
    entry(F::RestartSetsTheClock, "forgets in a restart what the clock was set to", &["CTL-09"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_rules_of_the_register() {
        let mut seen = std::collections::BTreeSet::new();
        for entry in CATALOGUE {
            assert!(seen.insert(entry.fault), "{:?} is there twice", entry.fault);
            assert!(!entry.rules.is_empty());
            for rule in entry.rules {
                assert!(crate::register().get(rule).is_some(), "{:?}: {rule}", entry.fault);
            }
        }
        assert_eq!(Fault::UseOfPausedIs409.name(), "use-of-paused-is409");
    }
}
