//! Who is answered.

use leap0_guest::frame::{END, encode};
use leap0_guest::protocol::{Message, Reply, Request, Status};
use rustix::io::ioctl_fionread;

use crate::guest::{
    Guest, Started, a_directory, a_guest, script, script_in, touch, wait_until, waits_for,
};

#[test]
fn nobody_is_served_before_hello_or_outside_the_session() {
    let directory = a_directory();
    let mut started = Started::new();
    started.send(7, 1, Request::Exec(script_in(directory.path(), "touch early")));
    let mut guest = Guest::over(started, 8);
    let stranger = Request::Exec(script_in(directory.path(), "touch stranger"));
    guest.bytes(&encode(&Message { session: 7, call: 2, body: stranger }));
    assert_eq!(guest.says("echo mine"), "mine\n");
    assert!(guest.unexpected().is_empty());
    assert_eq!(directory.path().read_dir().expect("there").count(), 0);
}

#[test]
fn half_a_request_is_nothing_and_ends_with_the_next_hello() {
    let mut guest = a_guest();
    let request = Request::Exec(script("echo half"));
    let frame = encode(&Message { session: 1, call: 99, body: request });
    for half in [&frame[..1], &frame[..frame.len() / 2], &frame[..frame.len() - 1]] {
        guest.bytes(half);
        // Whoever comes after a snapshot does not know what its source had sent.
        guest.bytes(&[b'!', END]);
        let session = guest.session + 1;
        guest.hello(session);
    }
    assert_eq!(guest.says("echo whole"), "whole\n");
    assert!(guest.unexpected().is_empty());
}

#[test]
fn answers_to_an_older_session_are_never_heard() {
    let directory = a_directory();
    let mut guest = a_guest();
    let go = directory.path().join("go");
    let old = guest.session;
    guest.send(Request::Exec(script_in(
        directory.path(),
        &format!("{}; echo $$ > pid", waits_for(&go)),
    )));
    guest.hello(old + 1);
    touch(go);
    // The command runs on, unheard.
    wait_until("it has ended", || directory.path().join("pid").exists());
    for _ in 0..20 {
        assert_eq!(guest.says("echo new"), "new\n");
    }
    assert!(guest.unexpected().is_empty());
    // The same number again is another session all the same.
    guest.hello(old);
}

#[test]
fn an_answer_that_nobody_reads_holds_up_no_new_session() {
    let mut started = Started::new();
    started.send(7, 1, Request::Hello);
    // More than a socket holds.
    let much = script("head -c 8000000 /dev/zero | tr '\\0' x");
    for call in 2..6 {
        started.send(7, call, Request::Exec(much.clone()));
    }
    // So much of the hello and of an answer has been written; the rest waits for a reader.
    let waiting = |started: &Started| ioctl_fionread(&started.socket).expect("a socket");
    wait_until("an answer is under way", || waiting(&started) > 1000);
    let mut guest = Guest::over(started, 8);
    assert_eq!(guest.exec(script("echo new")).stdout, b"new\n");
    let unexpected = guest.unexpected();
    // What had been written to its end before may arrive; the emulator drops it.
    assert!(unexpected.iter().all(|(session, _)| *session == 7), "{unexpected:?}");
    assert!(unexpected.len() < 5);
}

#[test]
fn a_hello_is_answered_while_commands_run() {
    let directory = a_directory();
    let mut guest = a_guest();
    let go = directory.path().join("go");
    let call = guest.send(Request::Exec(script(&waits_for(&go))));
    // The same session, opened again, still owes its answers.
    let session = guest.session;
    guest.hello(session);
    touch(go);
    match guest.answer(call) {
        Reply::Exited(exited) => assert_eq!(exited.status, Status::Code(0)),
        other => panic!("{other:?}"),
    }
}
