//! Commands.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use leap0_guest::protocol::{Exec, Reply, Request, Status};

use crate::guest::{
    a_directory, a_guest, account, is_alive, script, script_in, touch, wait_until, waits_for,
};

#[test]
fn a_command_leaves_its_status_and_all_it_said() {
    let mut guest = a_guest();
    let exited = guest.exec(script("printf 'a\\000\\377'; echo problem >&2; exit 7"));
    assert_eq!(exited.status, Status::Code(7));
    assert_eq!((&exited.stdout[..], &exited.stderr[..]), (&b"a\0\xff"[..], &b"problem\n"[..]));
    assert_eq!(guest.exec(script("no-such-program")).status, Status::Code(127));
    assert_eq!(guest.exec(script("if")).status, Status::Code(2));
}

#[test]
fn a_signal_that_ends_the_shell_is_told() {
    let mut guest = a_guest();
    for signal in [9, 15, 13] {
        let exited = guest.exec(script(&format!("echo said; kill -{signal} $$; sleep 1000")));
        assert_eq!((exited.status, &exited.stdout[..]), (Status::Signal(signal), &b"said\n"[..]));
    }
}

#[test]
fn a_command_starts_with_what_it_is_given_and_nothing_else() {
    let mut guest = a_guest();
    let env = [("PATH", "/usr/bin:/bin"), ("ODD", "a=b\nc'\"$x"), ("EMPTY", ""), ("RUST_LOG", "x")];
    let env: BTreeMap<_, _> = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let exited = guest.exec(Exec { env: env.clone(), ..script("env -0") });
    let text = String::from_utf8(exited.stdout).expect("text");
    let found = text.split_terminator('\0').filter_map(|line| line.split_once('='));
    // What shells add by themselves.
    let found = found.filter(|(name, _)| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"));
    let found: BTreeMap<_, _> =
        found.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(found, env);

    let (uid, gid) = account();
    assert_eq!(guest.says("id -u; id -g"), format!("{uid}\n{gid}\n"));
    assert_eq!(guest.says("umask; ulimit -c; ulimit -S -n"), "0022\n0\n1024\n");
    assert_eq!(guest.says("cat; ls -l /proc/self/fd/0 | grep -c /dev/null"), "1\n");
    // Its own session and group, and no signal ignored or blocked but what this test's are, as
    // below `nohup`.
    assert_eq!(guest.says("set -- $(cat /proc/$$/stat); [ $5-$6 = $$-$$ ] && echo own"), "own\n");
    let look = "grep -E 'Sig(Blk|Ign)' /proc/self/status";
    let signals = |said: &str| -> Vec<u64> {
        // The two that the C library has for itself are as it likes.
        let mask =
            |line: &str| u64::from_str_radix(&line[8..], 16).map(|mask| mask & !(0b11 << 31));
        said.lines().map(|line| mask(line).expect("a mask")).collect()
    };
    let inherited = Command::new("/bin/sh").args(["-c", look]).output().expect("a shell");
    assert_eq!(signals(&guest.says(look)), signals(&String::from_utf8_lossy(&inherited.stdout)));
    if account().0 == 65534 {
        assert_eq!(guest.says("id -G"), format!("{gid}\n"));
        assert_eq!(guest.says("cat /proc/self/oom_score_adj"), "0\n");
    }
    // Nothing of the guest's is left open: only what this test has inherited is, too.
    let list = "exec ls /proc/self/fd";
    let inherited = Command::new("/bin/sh").args(["-c", list]).output().expect("a shell");
    assert_eq!(guest.says(list).into_bytes(), inherited.stdout);
}

#[test]
fn the_working_directory_has_to_be_one_the_user_may_enter() {
    let directory = a_directory();
    let mut guest = a_guest();
    let here = directory.path().canonicalize().expect("it is there");
    let exited = guest.exec(script_in(&here, "pwd; echo x > file; mkdir closed; chmod 0 closed"));
    assert_eq!(String::from_utf8_lossy(&exited.stdout), format!("{}\n", here.display()));
    fs::create_dir(here.join("others")).expect("made");
    let nobodys = fs::Permissions::from_mode(0o0);
    fs::set_permissions(here.join("others"), nobodys).expect("mine");
    for missing in ["missing", "file", "closed", "others", "file/below"] {
        let cwd = here.join(missing).display().to_string();
        let request = Exec { cwd: cwd.clone(), ..script("echo ran") };
        assert_eq!(guest.ask(Request::Exec(request)), Reply::NoSuchDirectory(cwd));
    }
}

#[test]
fn a_timeout_kills_everything_the_command_has_started() {
    let mut guest = a_guest();
    for start in ["sleep 1000 &", "(sleep 1000 & sleep 1000) &", "set -m; sleep 1000 &"] {
        let text = format!("{start} echo $!; echo $$; exec sleep 1000");
        let exited = guest.exec(Exec { timeout_ms: 500, ..script(&text) });
        assert_eq!(exited.status, Status::TimedOut);
        let said = String::from_utf8(exited.stdout).expect("digits");
        assert_eq!(said.lines().count(), 2, "it had said {said:?} by then");
        for pid in said.lines() {
            wait_until(&format!("{start} is dead"), || !is_alive(pid));
        }
    }
    // At once, whatever had come to pass by then.
    let exited = guest.exec(Exec { timeout_ms: 0, ..script("sleep 1000") });
    assert_eq!(exited.status, Status::TimedOut);
}

#[test]
fn output_beyond_the_limit_ends_the_command() {
    let mut guest = a_guest();
    for (text, status) in [
        ("head -c 100000 /dev/zero", Status::Code(0)),
        ("head -c 100001 /dev/zero", Status::TooMuchOutput),
        ("head -c 100001 /dev/zero; sleep 1000", Status::TooMuchOutput),
        ("yes", Status::TooMuchOutput),
        ("head -c 100001 /dev/zero & wait; exit 3", Status::TooMuchOutput),
    ] {
        let exited = guest.exec(Exec { output_limit: 100_000, ..script(text) });
        assert_eq!((exited.status, exited.stdout.len()), (status, 100_000), "{text}");
        let text = format!("exec >&2; {text}");
        let exited = guest.exec(Exec { output_limit: 100_000, ..script(&text) });
        assert_eq!((exited.status, exited.stderr.len()), (status, 100_000), "{text}");
    }
    let exited = guest.exec(Exec { output_limit: 0, ..script("true") });
    assert_eq!(exited.status, Status::Code(0));
}

#[test]
fn what_is_left_in_the_background_holds_up_nothing_and_lives_on() {
    let directory = a_directory();
    let mut guest = a_guest();
    let go = directory.path().join("go");
    // It writes to the command's output long after that was answered.
    let text =
        format!("({}; echo late && echo late >&2 && touch written) & echo hi", waits_for(&go));
    let exited = guest.exec(script_in(directory.path(), &text));
    assert_eq!((exited.status, &exited.stdout[..]), (Status::Code(0), &b"hi\n"[..]));
    touch(go);
    wait_until("it has written", || directory.path().join("written").exists());

    let pid = guest.says("sleep 1000 & echo $!");
    assert!(is_alive(&pid));
    assert_eq!(guest.says(&format!("kill {pid}")), "");
    wait_until("it is dead", || !is_alive(&pid));
}

#[test]
fn the_last_words_are_heard_though_another_speaks_on() {
    let mut guest = a_guest();
    let exited = guest.exec(script("yes >&2 & echo $!; head -c 50000 /dev/zero; echo last"));
    assert!(exited.stdout.ends_with(b"last\n"));
    let said = String::from_utf8_lossy(&exited.stdout);
    let pid = said.lines().next().expect("a number").to_owned();
    guest.says(&format!("kill {pid}"));
}

#[test]
fn a_hundred_commands_run_side_by_side() {
    let directory = a_directory();
    let mut guest = a_guest();
    // None ends before all have started.
    let all = "while [ $(ls | wc -l) -lt 100 ]; do sleep 0.05; done";
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let text = format!("touch {number}; {all}; echo {number}");
            (number, guest.send(Request::Exec(script_in(directory.path(), &text))))
        })
        .collect();
    for (number, call) in calls {
        match guest.answer(call) {
            Reply::Exited(exited) => {
                assert_eq!(String::from_utf8_lossy(&exited.stdout), format!("{number}\n"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_script_that_no_process_can_be_given_fails() {
    let mut guest = a_guest();
    let long = format!(": {}", "x".repeat(200_000));
    let reply = guest.ask(Request::Exec(script(&long)));
    assert!(
        matches!(&reply, Reply::Failed(why) if why.contains("rgument list too long")),
        "{reply:?}"
    );
    assert_eq!(guest.says("echo next"), "next\n");
}
