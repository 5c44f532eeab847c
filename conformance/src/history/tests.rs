use proptest::prelude::*;

use super::call::{Call, History, Operation, Told};
use super::dice::Dice;
use super::file::{read, write};
use super::judge::{Verdict, judge};
use super::oracle;
use super::problem::{Part, whole};
use super::search::Budget;
use super::simulate::{Wish, simulate};
use super::task::{Found, Kind, Reply, Seen};

/// Gives an answer that another call got, or could have got.
fn corrupt(history: &mut History, dice: &mut Dice) {
    let place = dice.below(history.calls.len());
    let values: Vec<Option<String>> =
        history.calls.iter().filter_map(|call| Some(call.answer.as_ref()?.value.clone())).collect();
    let value = dice.pick(&values).cloned().flatten();
    let call = &mut history.calls[place];
    let Some(told) = &mut call.answer else { return };
    match (&call.operation, told.status) {
        (Operation::Read { .. }, _) if value.is_some() => (told.status, told.value) = (200, value),
        (Operation::Get { .. }, _) => {
            let state = ["running", "paused", "stopped", "snapshotting"][dice.below(4)];
            (told.status, told.state) = (200, Some(state.to_owned()));
        }
        (Operation::Create | Operation::Restore { .. } | Operation::Find { .. }, _) => {}
        (Operation::Capture { .. }, 201) => (told.status, told.made) = (409, None),
        (Operation::Capture { .. }, _) => {}
        (Operation::Read { .. }, _) => {}
        (_, 200..300) => told.status = [404, 409][dice.below(2)],
        (_, _) => told.status = 204,
    }
}

fn small(seed: u64, corrupted: bool) -> History {
    let mut dice = Dice::new(seed);
    let (clients, calls) = [(2, 4), (3, 3), (4, 2), (2, 5), (3, 4)][dice.below(5)];
    let open = [0, 0, 20][dice.below(3)];
    let live = 1 + dice.below(2);
    let mut history =
        simulate(Wish { seed, clients, calls, live, open, uses: 35, things: 1 + dice.number(2) });
    if corrupted {
        corrupt(&mut history, &mut dice);
    }
    history
}

fn verdict(history: &History) -> Option<bool> {
    match judge(history, Budget::default()).verdict {
        Verdict::Ok => Some(true),
        Verdict::Violation(_) => Some(false),
        Verdict::Unknown => None,
    }
}

/// The tasks of a history, of which only some calls are to be explained; all others may have
/// changed what they could until they were answered, or not.
fn weakened(history: &History, kept: &[usize]) -> Part {
    let (mut part, _) = whole(history);
    for task in &mut part.tasks {
        if kept.contains(&task.origin) {
            continue;
        }
        if let Some(sandbox) = task.kind.sandbox().filter(|_| task.is_look()) {
            task.kind = match task.kind {
                kind if kind.is_use() => Kind::Touch { sandbox },
                _ => Kind::Get { sandbox, seen: Seen::Running },
            };
        } else if task.is_look() {
            task.kind = Kind::Find { name: u32::MAX, found: Found::Nothing };
        }
        if task.early {
            task.end = u64::MAX;
        }
        (task.reply, task.early) = (Reply::Open, false);
    }
    part
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_calls_that_are_named_contradict_each_other_whatever_the_others_did(seed in any::<u64>()) {
        let history = small(seed, true);
        if let Verdict::Violation(found) = judge(&history, Budget::default()).verdict {
            let fits = oracle::fits_part(weakened(&history, &found.calls), 100_000);
            prop_assert_ne!(fits, Some(true), "{} {:#?}", found.words, history);
        }
    }

    #[test]
    fn the_judge_says_what_trying_every_order_says(seed in any::<u64>(), corrupted in any::<bool>()) {
        let history = small(seed, corrupted);
        if let Some(fits) = oracle::fits(&history, 200_000) {
            prop_assert_eq!(verdict(&history), Some(fits), "{:#?}", history);
        }
    }
}

/// A history from the words of its file.
fn history(calls: &[&str]) -> History {
    let calls = calls.join(",\n");
    read(&format!(r#"{{"format": 1, "keeps_used": true, "calls": [{calls}]}}"#)).unwrap()
}

fn found(calls: &[&str]) -> (&'static str, String) {
    match judge(&history(calls), Budget::default()).verdict {
        Verdict::Violation(found) => (found.rule, found.words),
        other => panic!("{other:?}"),
    }
}

const CREATED: &str = r#"{"operation": "sandbox/create", "begin": 0, "end": 1000000, "status": 201, "made": "sbx-1", "state": "running"}"#;

#[test]
fn a_stale_read_is_explained() {
    let (rule, words) = found(&[
        CREATED,
        r#"{"client": 1, "operation": "filesystem/write-file", "sandbox": "sbx-1", "file": "/tmp/one", "value": "a", "begin": 1100000, "end": 1200000, "status": 204}"#,
        r#"{"client": 2, "operation": "filesystem/write-file", "sandbox": "sbx-1", "file": "/tmp/two", "value": "c", "begin": 1100000, "end": 1900000, "status": 204}"#,
        r#"{"client": 1, "operation": "filesystem/write-file", "sandbox": "sbx-1", "file": "/tmp/one", "value": "b", "begin": 1300000, "end": 1400000, "status": 204}"#,
        r#"{"client": 2, "operation": "filesystem/read-file", "sandbox": "sbx-1", "file": "/tmp/one", "begin": 1950000, "end": 2000000, "status": 200, "seen": "a"}"#,
        r#"{"client": 1, "operation": "filesystem/read-file", "sandbox": "sbx-1", "file": "/tmp/one", "begin": 2100000, "end": 2200000, "status": 200, "seen": "b"}"#,
    ]);
    assert_eq!(rule, "FS-OP-READ-FILE");
    insta::assert_snapshot!(words, @r#"
    2 of 6 calls contradict each other, whatever the others did:
      client 1, 1.300 to 1.400 ms: write "b" to /tmp/one in sbx-1 → 204
      client 2, 1.950 to 2.000 ms: read /tmp/one in sbx-1 → 200 "a"
    Nothing explains what client 2 was told when it wanted to read /tmp/one in sbx-1: at every moment at which that can have been done, the file held "b".
    "#);
}

#[test]
fn two_deletes_that_both_succeed_are_explained() {
    let (rule, words) = found(&[
        CREATED,
        r#"{"client": 1, "operation": "sandbox/delete", "sandbox": "sbx-1", "begin": 1100000, "end": 1200000, "status": 204}"#,
        r#"{"client": 2, "operation": "sandbox/delete", "sandbox": "sbx-1", "begin": 1150000, "end": 1250000, "status": 204}"#,
    ]);
    assert_eq!(rule, "SB-DEL-03");
    insta::assert_snapshot!(words, @r"
    2 of 3 calls contradict each other, whatever the others did:
      client 1, 1.100 to 1.200 ms: delete sbx-1 → 204
      client 2, 1.150 to 1.250 ms: delete sbx-1 → 204
    Nothing explains what client 2 was told when it wanted to delete sbx-1: at every moment at which that can have been done, the sandbox was not there.
    ");
}

#[test]
fn two_snapshots_of_one_name_are_explained() {
    let (rule, words) = found(&[
        CREATED,
        r#"{"operation": "sandbox/create", "begin": 0, "end": 1000000, "status": 201, "made": "sbx-2"}"#,
        r#"{"client": 1, "operation": "snapshot/create", "sandbox": "sbx-1", "name": "n", "begin": 1100000, "end": 1200000, "status": 201, "made": "snap-1"}"#,
        r#"{"client": 2, "operation": "snapshot/create", "sandbox": "sbx-2", "name": "n", "begin": 1150000, "end": 1250000, "status": 201, "made": "snap-2"}"#,
        r#"{"client": 2, "operation": "snapshot/list", "name": "n", "begin": 1300000, "end": 1400000, "status": 200, "found": ["snap-1", "snap-2"]}"#,
    ]);
    assert_eq!(rule, "SNAP-CREATE-08");
    insta::assert_snapshot!(words, @r"
    2 of 5 calls contradict each other, whatever the others did:
      client 1, 1.100 to 1.200 ms: take a snapshot of sbx-1 named n → 201 snap-1
      client 2, 1.150 to 1.250 ms: take a snapshot of sbx-2 named n → 201 snap-2
    Nothing explains what client 2 was told when it wanted to take a snapshot of sbx-2 named n: at every moment at which that can have been done, the sandbox was running and the name was that of a stored snapshot.
    ");
}

#[test]
fn a_refusal_while_somebody_else_is_not_done_is_right() {
    let calls = [
        CREATED,
        r#"{"client": 1, "operation": "snapshot/create", "sandbox": "sbx-1", "name": "n", "begin": 1100000, "end": 1900000, "status": 201, "made": "snap-1"}"#,
        r#"{"client": 2, "operation": "sandbox/delete", "sandbox": "sbx-1", "begin": 1200000, "end": 1300000, "status": 409}"#,
        r#"{"client": 2, "operation": "sandbox/get", "sandbox": "sbx-1", "begin": 1350000, "end": 1400000, "status": 200, "state": "snapshotting"}"#,
    ];
    assert_eq!(verdict(&history(&calls)), Some(true));
    // Without an overlap there is nothing to refuse it for.
    let late = calls[2].replace("1200000", "2200000").replace("1300000", "2300000");
    assert_eq!(found(&[calls[0], calls[1], &late]).0, "STATE-DELETE-RUNNING");
}

#[test]
fn a_snapshot_may_be_older_than_what_was_written_while_it_was_taken() {
    let restored = r#"{"client": 2, "operation": "snapshot/restore", "name": "n", "begin": 2000000, "end": 2100000, "status": 201, "made": "sbx-2"}"#;
    let read = r#"{"client": 2, "operation": "filesystem/read-file", "sandbox": "sbx-2", "file": "/tmp/one", "begin": 2200000, "end": 2300000, "status": 404}"#;
    let capture = r#"{"client": 1, "operation": "snapshot/create", "sandbox": "sbx-1", "name": "n", "begin": 1100000, "end": 1900000, "status": 201, "made": "snap-1"}"#;
    let refused = r#"{"client": 3, "operation": "sandbox/pause", "sandbox": "sbx-1", "begin": 1400000, "end": 1500000, "status": 409}"#;
    let write = r#"{"client": 2, "operation": "filesystem/write-file", "sandbox": "sbx-1", "file": "/tmp/one", "value": "a", "begin": 1150000, "end": 1300000, "status": 204}"#;
    let calls = [CREATED, capture, write, refused, restored, read];
    assert_eq!(verdict(&history(&calls)), Some(true));
    // What was written before it was asked for has to be there.
    let early = write.replace("1150000", "1010000").replace("1300000", "1050000");
    assert_eq!(found(&[CREATED, &early, capture, refused, restored, read]).0, "SNAP-REST-01");
}

#[test]
fn a_call_without_an_answer_may_be_done_later_or_never() {
    let write = r#"{"client": 1, "operation": "filesystem/write-file", "sandbox": "sbx-1", "file": "/tmp/one", "value": "a", "begin": 1100000}"#;
    let read = |begin: u64, answer: &str| {
        let end = begin + 10;
        format!(
            r#"{{"client": 2, "operation": "filesystem/read-file", "sandbox": "sbx-1", "file": "/tmp/one", "begin": {begin}, "end": {end}, {answer}}}"#
        )
    };
    let (missing, there) = (r#""status": 404"#, r#""status": 200, "seen": "a""#);
    assert_eq!(verdict(&history(&[CREATED, write, &read(2_000_000, missing)])), Some(true));
    let later = [CREATED, write, &read(2_000_000, missing), &read(3_000_000, there)];
    assert_eq!(verdict(&history(&later)), Some(true));
    let back = [CREATED, write, &read(2_000_000, there), &read(3_000_000, missing)];
    assert_eq!(verdict(&history(&back)), Some(false));
}

#[test]
fn a_read_may_have_to_wake_its_sandbox_after_it_could_have_been_answered() {
    // The read overlaps both pauses: it fits before the first, and without it there is no second.
    let calls = [
        CREATED,
        r#"{"client": 1, "operation": "sandbox/pause", "sandbox": "sbx-1", "begin": 1100000, "end": 1500000, "status": 201, "state": "paused"}"#,
        r#"{"client": 2, "operation": "filesystem/read-file", "sandbox": "sbx-1", "file": "/tmp/one", "begin": 1400000, "end": 1900000, "status": 404}"#,
        r#"{"client": 1, "operation": "sandbox/pause", "sandbox": "sbx-1", "begin": 1600000, "end": 1800000, "status": 201, "state": "paused"}"#,
    ];
    assert_eq!(verdict(&history(&calls)), Some(true));
}

#[test]
fn a_file_that_is_being_written_may_be_seen_in_part() {
    let write = r#"{"client": 1, "operation": "filesystem/write-file", "sandbox": "sbx-1", "file": "/tmp/one", "value": "ab", "begin": 1100000, "end": 1500000, "status": 204}"#;
    let read = r#"{"client": 2, "operation": "filesystem/read-file", "sandbox": "sbx-1", "file": "/tmp/one", "begin": 1200000, "end": 1300000, "status": 200, "seen": "a"}"#;
    let late = read.replace("1200000", "1600000").replace("1300000", "1700000");
    assert_eq!(verdict(&history(&[CREATED, write, read])), Some(true));
    assert_eq!(verdict(&history(&[CREATED, write, &late])), Some(false));
}

#[test]
fn a_history_is_read_as_it_was_written() {
    for seed in 0..50 {
        let history = small(seed, false);
        assert_eq!(read(&write(&history)).unwrap(), history);
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_one_line() {
    let why = |calls: &str| {
        let text = format!("{{\"format\": 1, \"calls\": [\n{CREATED},\n{calls}]}}");
        read(&text).unwrap_err().to_string()
    };
    insta::assert_snapshot!(
        [
            read("").unwrap_err().to_string(),
            read(r#"{"format": 2, "calls": []}"#).unwrap_err().to_string(),
            why("{\"begin\": 1}"),
            why(r#"{"operation": "sandbox/get", "sandbox": "sbx-1"}"#),
            why(r#"{"operation": "sandbox/get", "begin": 1}"#),
            why(r#"{"operation": "sandbox/get", "sandbox": "sbx-2", "begin": 1}"#),
            why(r#"{"operation": "sandbox/get", "sandbox": "sbx-1", "begin": 2, "end": 1, "status": 200}"#),
            why(r#"{"operation": "sandbox/get", "sandbox": "sbx-1", "begin": 2, "end": 3, "status": 200}"#),
            why(r#"{"operation": "sandbox/get", "sandbox": "sbx-1", "begin": 2, "end": 3}"#),
            why(r#"{"operation": "sandbox/get", "sandbox": "sbx-1", "name": "n", "begin": 2}"#),
            why(r#"{"operation": "sandbox/fly", "begin": 2}"#),
            why(r#"{"operation": "sandbox/get", "begin": -1}"#),
            why(r#"{"operation": "sandbox/get", "moment": 1}"#),
        ]
        .join("\n"),
        @r"
    EOF while parsing a value at line 1 column 0
    format is 2, and only 1 is known
    calls[1].operation: is missing
    calls[1].begin: is missing
    calls[1].sandbox: is missing
    calls[1].sandbox: no call made or found sbx-2
    calls[1].end: is before begin
    calls[1].state: is missing, and the call was done
    calls[1].status: is missing, and there is an end
    calls[1].name: is no field of sandbox/get
    calls[1].operation: sandbox/fly is none that is judged
    invalid value: integer `-1`, expected u64 at line 3 column 40
    unknown field `moment`, expected one of `client`, `operation`, `sandbox`, `name`, `snapshot`, `file`, `value`, `begin`, `end`, `status`, `made`, `state`, `seen`, `found`, `exit_code` at line 3 column 37
    "
    );
}

#[test]
fn a_write_that_a_pause_has_cut_off_may_go_on_after_it() {
    let told = |status| Told { status, ..Told::default() };
    let call = |client, operation, begin, end, status, value: Option<&str>| Call {
        client,
        operation,
        begin,
        answer: Some(Told { end, value: value.map(str::to_owned), ..told(status) }),
    };
    let (sandbox, file) = ("sbx-a".to_owned(), "/tmp/one".to_owned());
    let write = |value: &str| Operation::Write {
        sandbox: sandbox.clone(),
        file: file.clone(),
        value: value.to_owned(),
    };
    let read = Operation::Read { sandbox: sandbox.clone(), file: file.clone() };
    let created = Told { end: 10, made: Some(sandbox.clone()), ..told(201) };
    let history = |refused: u16| History {
        calls: vec![
            Call {
                client: 0,
                operation: Operation::Create,
                begin: 0,
                answer: Some(created.clone()),
            },
            call(0, write("old"), 20, 30, 204, None),
            call(1, Operation::Pause { sandbox: sandbox.clone() }, 40, 60, 201, None),
            call(0, write("new"), 41, 59, refused, None),
            call(0, read.clone(), 70, 80, 200, Some("new")),
        ],
        ..History::default()
    };
    assert_eq!(verdict(&history(409)), Some(true));
    assert_eq!(verdict(&history(404)), Some(false), "what is not there was not written");
}
