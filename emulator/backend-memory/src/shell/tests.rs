use std::sync::Arc;
use std::time::Duration;

use leap0_emulator_core::backend::{
    Backend, Boot, Command, Ending, GuestError, Identity, Machine, Output,
};
use leap0_emulator_core::clock::{Clock, SystemClock, Timestamp};
use leap0_emulator_core::id::{IdSource, RandomIds, SandboxId};
use leap0_emulator_core::spec::{EnvVars, NetworkPolicy, Resources};
use leap0_emulator_core::template::Template;
use leap0_files::{FileOp, FsPath, WriteFile};
use tokio::task::JoinHandle;

use super::bounds::{COMMANDS_AT_ONCE, FILE_BYTES, OUTPUT_BYTES};
use crate::{MemoryBackend, Settings};

fn identity() -> Identity {
    let sandbox = SandboxId::from_bits(RandomIds.bits());
    Identity { sandbox, network: NetworkPolicy::default(), clock: Arc::new(SystemClock) }
}

async fn a_machine() -> Arc<dyn Machine> {
    let settings = Settings { grace: Duration::ZERO };
    MemoryBackend::new(settings).create(boot()).await.unwrap()
}

fn boot() -> Boot {
    Boot {
        identity: identity(),
        template: Template::by_name("system/debian:bookworm").unwrap(),
        resources: Resources::default(),
        env: EnvVars::default(),
    }
}

fn command(script: &str) -> Command {
    let timeout = Duration::from_mins(2);
    Command { script: script.into(), cwd: None, env: EnvVars::default(), timeout }
}

/// Runs a script on a machine of its own.
pub(super) async fn run(script: &str) -> Output {
    a_machine().await.exec(command(script)).await.unwrap()
}

async fn write(machine: &Arc<dyn Machine>, path: &str, data: Vec<u8>) {
    let path = FsPath::new(path).unwrap();
    machine.files(FileOp::WriteFile(WriteFile { path, data, mode: None })).await.unwrap();
}

/// Starts a script and does not wait for it.
fn start(machine: &Arc<dyn Machine>, script: &str) -> JoinHandle<Result<Output, GuestError>> {
    let (machine, command) = (Arc::clone(machine), command(script));
    tokio::spawn(async move { machine.exec(command).await })
}

/// What a script says on standard output; it succeeds.
pub(super) async fn said(script: &str) -> String {
    let output = run(script).await;
    assert_eq!(output.exit_code, 0, "{script}: {}", complaint(&output));
    String::from_utf8(output.stdout).unwrap()
}

pub(super) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn what_has_no_end_is_read_as_far_as_it_is_asked_for() {
    assert_eq!(said("head -c 20000000 /dev/zero | wc -c").await.trim(), "20000000");
    assert_eq!(said("yes | head -n 300000 | wc -l").await.trim(), "300000");
    assert_eq!(said("seq 300000 | tail -n 1").await.trim(), "300000");
    assert_eq!(said("tr -dc a-z < /dev/urandom | head -c 16 | wc -c").await.trim(), "16");
}

#[tokio::test]
async fn a_device_that_was_cut_too_short_is_an_error() {
    let output = run("cat /dev/zero | head -c 5000000 | wc -c").await;
    assert_eq!(output.exit_code, 152, "{}", complaint(&output));
    assert!(complaint(&output).contains("endless device"));
}

#[tokio::test]
async fn output_beyond_its_bound_is_cut_and_an_error() {
    let output = run("yes 0123456789").await;
    assert_eq!((output.exit_code, output.stdout.len()), (153, OUTPUT_BYTES));
    assert!(complaint(&output).contains("bytes of output"));
    let output = run("head -c 20000000 /dev/zero >&2").await;
    assert_eq!(output.exit_code, 153);
    assert!(output.stderr.len() > OUTPUT_BYTES, "all that fits, and a note");
}

#[tokio::test]
async fn memory_beyond_its_bound_is_an_error() {
    let machine = a_machine().await;
    write(&machine, "/workspace/f", vec![b'x'; FILE_BYTES + 1]).await;
    let output = machine.exec(command("sort f > /dev/null; echo survived")).await.unwrap();
    assert_eq!(output.exit_code, 137, "{}", complaint(&output));
    assert_eq!(output.stdout, b"");
    let output = run("x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done").await;
    assert_eq!(output.exit_code, 137, "{}", complaint(&output));
}

#[tokio::test]
async fn a_bound_inside_a_pipe_is_an_error_of_the_whole() {
    let script = "awk 'BEGIN { while (i++ < 300000) print \"0123456789abcdef0123456789abcdef\" \
                  \"0123456789abcdef\" }' | wc -l";
    let output = run(script).await;
    assert_eq!(output.exit_code, 152, "{}", complaint(&output));
}

#[tokio::test]
async fn nesting_too_deep_is_an_error_and_overflows_nothing() {
    let output = run("f() { f; }; f").await;
    assert_eq!(output.exit_code, 139, "{}", complaint(&output));
    let deep = |open: &str, close: &str, depth| {
        format!("{}echo deep{}", open.repeat(depth), close.repeat(depth))
    };
    for script in [deep("$(", ")", 30), deep("(", ")", 30), deep("if true; then ", "; fi", 60)] {
        run(&script).await;
    }
    let both = format!("f() {{ {}; }}; f", deep("$(f ", ")", 20));
    run(&both).await;
    for script in [deep("$(", ")", 5_000), deep("(", ")", 5_000), deep("{ ", "; }", 5_000)] {
        assert_ne!(run(&script).await.exit_code, 0);
    }
}

#[tokio::test]
async fn a_million_turns_of_a_loop_are_fine() {
    assert_eq!(said("for i in $(seq 1000000); do :; done; echo $i").await, "1000000\n");
}

#[tokio::test]
async fn nothing_of_the_host_can_be_seen() {
    // Cargo sets it, so it is there to be seen.
    let name = "CARGO_MANIFEST_DIR";
    let value = std::env::var(name).unwrap();
    let seen = said("env; export -p; set; cat /etc/hostname; ls -a / /proc /sys").await;
    assert!(!seen.contains(&value), "{seen}");
    for script in [
        format!("cat {value}/Cargo.toml"),
        format!("ls {value}"),
        "cat /proc/self/environ".to_owned(),
        "cat /proc/1/cmdline".to_owned(),
        "cat < /proc/cpuinfo".to_owned(),
        format!("exec {value}/x"),
        "curl -s http://127.0.0.1:80/".to_owned(),
        "exec 3<>/dev/tcp/127.0.0.1/80".to_owned(),
        ". /etc/profile".to_owned(),
    ] {
        let output = run(&script).await;
        assert_ne!(output.exit_code, 0, "{script}: {output:?}");
    }
}

#[tokio::test]
async fn the_time_is_that_of_the_clock() {
    #[derive(Debug)]
    struct Past;

    #[async_trait::async_trait]
    impl Clock for Past {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_000_000_000_000)
        }

        async fn sleep_until(&self, _: Timestamp) {}
    }

    let identity = Identity { clock: Arc::new(Past), ..identity() };
    let boot = Boot { identity, ..boot() };
    let machine = MemoryBackend::default().create(boot).await.unwrap();
    let script = "date -u +%Y-%m-%d; echo x > f; stat -c %Y f; touch g; find g -printf %TY";
    let output = machine.exec(command(script)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2001-09-09\n1000000000\n2001");
}

#[tokio::test]
async fn owners_and_modes_are_those_of_the_tree() {
    let script = "chown root f 2> e; echo $?; cat e; chgrp user f; echo $?";
    assert_eq!(
        said(&format!("touch f; {script}")).await,
        "1\nchown: changing ownership of 'f': Operation not permitted\n0\n"
    );
    let script = "umask 077; echo x > f; mkdir d; stat -c %a f d";
    assert_eq!(said(script).await, "600\n700\n");
}

#[tokio::test]
async fn rm_removes_what_it_may_and_says_what_it_could_not() {
    let script = "mkdir -p d/ro d/rw; touch d/ro/kept d/rw/gone; chmod 555 d/ro; \
                  rm -rf d 2> e; echo $?; cat e; find d | sort";
    assert_eq!(
        said(script).await,
        "1\nrm: cannot remove 'd/ro/kept': Permission denied\nd\nd/ro\nd/ro/kept\n"
    );
    assert_eq!(said("rm -f none; echo $?; rm none 2>/dev/null; echo $?").await, "0\n1\n");
    assert_eq!(said("mkdir d; rm d 2>/dev/null; echo $?; rm -r d; ls").await, "1\n");
}

#[tokio::test]
async fn a_hard_link_is_refused_instead_of_faked() {
    let output = run("echo x > a; ln a b; echo $?; ls").await;
    assert_eq!(output.stdout, b"1\na\n");
    assert!(complaint(&output).contains("hard links: not supported"));
    assert_eq!(said("echo x > a; ln -s a b; cat b").await, "x\n");
}

#[tokio::test]
async fn more_commands_than_fit_wait_for_their_own_sandbox_only() {
    let busy = a_machine().await;
    let wait = "while ! test -e go; do sleep 0.02; done";
    let mut calls: Vec<_> = (0..COMMANDS_AT_ONCE).map(|_| start(&busy, wait)).collect();
    let waits = start(&busy, "touch late");
    // Another sandbox is not held up.
    assert_eq!(run("true").await.exit_code, 0);
    assert!(!waits.is_finished());
    write(&busy, "/workspace/go", Vec::new()).await;
    calls.push(waits);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().exit_code, 0);
    }
}

#[tokio::test]
async fn a_snapshot_falls_between_two_commands() {
    let machine = a_machine().await;
    let script = "i=0; touch a; while :; do i=$((i+1)); echo $i > a; done";
    let call = start(&machine, script);
    machine.exec(command("while ! test -s a; do :; done")).await.unwrap();
    for _ in 0..20 {
        let copy = machine.snapshot().await.unwrap().resume(identity()).await.unwrap();
        let output = copy.exec(command("test -s a")).await.unwrap();
        assert_eq!(output.exit_code, 0, "the file was caught half written");
    }
    machine.destroy().await.unwrap();
    assert!(matches!(call.await.unwrap(), Err(GuestError::Interrupted(Ending::Destroyed))));
}

#[tokio::test]
async fn a_paused_checkpoint_never_changes_whatever_still_runs() {
    let machine = a_machine().await;
    let script = "i=0; while :; do i=$((i+1)); echo $i > n; done";
    let call = start(&machine, script);
    machine.exec(command("while ! test -s n; do :; done")).await.unwrap();
    let checkpoint = machine.pause().await.unwrap();
    assert!(matches!(call.await.unwrap(), Err(GuestError::Interrupted(Ending::Paused))));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let copy = checkpoint.resume(identity()).await.unwrap();
        seen.push(copy.exec(command("cat n")).await.unwrap().stdout);
    }
    assert!(seen.iter().all(|n| *n == seen[0]), "{seen:?}");
}
