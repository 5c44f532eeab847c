//! What every back end has to do, as tests that use nothing but the ports.
//!
//! A back end runs each of [`checks`] in its own test binary. A check panics when the contract is
//! broken. Scripts keep to what `/bin/sh` and a handful of basic commands do everywhere; whatever a
//! back end may or may not be able to do is asked of its [`BackendInfo`](super::BackendInfo) first.
//!
//! It does not test the meaning of the filesystem API, which is written once for all back ends.

mod objects;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use leap0_files::{FileOp, FileReply, FsPath, ReadFile, ReadWindow, WriteFile};

use super::{
    Backend, BackendError, Boot, Command, Ending, GuestError, Identity, Image, ImageKind, Machine,
    Output,
};
use crate::clock::SystemClock;
use crate::id::{IdSource, RandomIds, SandboxId};
use crate::spec::{EnvVars, NetworkPolicy, Resources};
use crate::storage::ObjectId;
use crate::template::Template;
use objects::Shelf;

/// One check of the contract.
pub type Check = for<'b> fn(&'b dyn Backend) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>;

/// Long enough for anything that ends by itself, also in an emulated virtual machine.
const PATIENCE: Duration = Duration::from_mins(1);

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        /// Every check, with the sentence that it stands for.
        pub fn checks() -> Vec<(&'static str, Check)> {
            vec![$((stringify!($name), |backend| Box::pin($name(backend)))),*]
        }
    };
}

checks![
    a_command_and_the_filesystem_operations_see_the_same_files,
    bytes_that_are_no_text_pass_unchanged,
    standard_output_and_standard_error_are_apart,
    exit_codes_are_those_of_a_shell,
    standard_input_is_empty,
    a_command_starts_in_the_workdir_or_where_it_is_told,
    the_commands_environment_goes_over_the_sandboxs_over_the_templates,
    a_commands_environment_and_directory_are_its_own,
    a_command_runs_as_the_user_in_a_writable_home,
    the_host_is_called_like_the_sandbox,
    a_timeout_ends_a_command_with_124_and_keeps_its_output,
    commands_run_side_by_side,
    dropping_the_call_leaves_the_command_running,
    a_snapshot_does_not_change_with_its_source,
    two_machines_from_one_checkpoint_are_independent,
    a_checkpoint_outlives_its_source,
    the_environment_carries_over_to_a_copy,
    a_copy_is_called_by_its_own_name,
    memory_files_survive_pause_snapshot_and_resume,
    memory_files_are_gone_after_stop_and_start,
    a_disk_can_be_started_more_than_once,
    a_command_that_runs_through_a_snapshot_ends_as_it_would,
    pausing_interrupts_running_commands,
    stopping_interrupts_running_commands,
    destroying_interrupts_running_commands,
    an_ended_machine_answers_ended_and_changes_nothing,
    a_machine_can_be_destroyed_twice_and_after_it_has_ended,
    checkpoints_and_disks_can_be_discarded,
    what_was_saved_can_be_recalled,
    images_that_were_saved_share_what_they_have_in_common,
];

async fn a_command_and_the_filesystem_operations_see_the_same_files(backend: &dyn Backend) {
    let machine = create(backend).await;
    write(&machine, "/workspace/by-api", b"from the api").await;
    assert_eq!(said(&machine, "cat /workspace/by-api").await, "from the api");
    said(&machine, "mkdir dir && printf shell > dir/by-shell").await;
    assert_eq!(read(&machine, "/workspace/dir/by-shell").await, b"shell");
    said(&machine, "rm -r dir").await;
    assert!(!exists(&machine, "/workspace/dir").await);
}

async fn bytes_that_are_no_text_pass_unchanged(backend: &dyn Backend) {
    let machine = create(backend).await;
    let every: Vec<u8> = (0..=255).collect();
    write(&machine, "/workspace/every", &every).await;
    assert_eq!(run(&machine, "cat every").await.stdout, every);
    said(&machine, "cat every > copy").await;
    assert_eq!(read(&machine, "/workspace/copy").await, every);
}

async fn standard_output_and_standard_error_are_apart(backend: &dyn Backend) {
    let machine = create(backend).await;
    let output = run(&machine, "echo out; echo err >&2").await;
    assert_eq!(output, Output { exit_code: 0, stdout: b"out\n".into(), stderr: b"err\n".into() });
}

async fn exit_codes_are_those_of_a_shell(backend: &dyn Backend) {
    let machine = create(backend).await;
    for (script, exit_code) in [
        ("true", 0),
        ("false", 1),
        ("exit 42", 42),
        ("no-such-command-anywhere", 127),
        ("kill -9 $$", 137),
        ("kill $$", 143),
        ("if then", 2),
    ] {
        let output = run(&machine, script).await;
        assert_eq!(output.exit_code, exit_code, "{script}: {output:?}");
    }
    assert!(!run(&machine, "no-such-command-anywhere").await.stderr.is_empty());
    assert!(!run(&machine, "if then").await.stderr.is_empty());
}

async fn standard_input_is_empty(backend: &dyn Backend) {
    let machine = create(backend).await;
    assert_eq!(said(&machine, "cat; echo end").await, "end");
}

async fn a_command_starts_in_the_workdir_or_where_it_is_told(backend: &dyn Backend) {
    let machine = create(backend).await;
    assert_eq!(said(&machine, "pwd").await, template().workdir);
    said(&machine, "mkdir -p sub && touch file && ln -s sub link").await;
    let in_dir = |cwd: &str| Command { cwd: Some(cwd.into()), ..command("pwd") };
    let output = machine.exec(in_dir("/workspace/sub")).await.expect("a directory");
    assert_eq!(text(&output), "/workspace/sub");
    for missing in ["/no/such", "/workspace/file"] {
        let error = machine.exec(in_dir(missing)).await.expect_err("no directory");
        assert!(matches!(error, GuestError::NoSuchDirectory(_)), "{missing}: {error:?}");
    }
}

async fn the_commands_environment_goes_over_the_sandboxs_over_the_templates(backend: &dyn Backend) {
    let sandbox = vars(&[("A", "sandbox"), ("B", "sandbox"), ("HOME", "/tmp")]);
    let machine = backend.create(Boot { env: sandbox, ..boot() }).await.expect("a machine");
    let env = vars(&[("B", "command"), ("C", "two words")]);
    let script = r#"printf '%s|%s|%s|%s' "$A" "$B" "$C" "$HOME"; test -n "$PATH""#;
    let output = machine.exec(Command { env, ..command(script) }).await.expect("it runs");
    assert_eq!((text(&output).as_str(), output.exit_code), ("sandbox|command|two words|/tmp", 0));
}

async fn a_commands_environment_and_directory_are_its_own(backend: &dyn Backend) {
    let machine = create(backend).await;
    let env = vars(&[("MINE", "1")]);
    let first = Command { env, ..command("export OTHER=2; cd /; umask 0") };
    machine.exec(first).await.expect("it runs");
    assert_eq!(said(&machine, "echo \"[$MINE$OTHER]\"; pwd").await, "[]\n/workspace");
}

async fn a_command_runs_as_the_user_in_a_writable_home(backend: &dyn Backend) {
    let machine = create(backend).await;
    let Template { user, home, workdir, .. } = template();
    assert_eq!(said(&machine, "id -un; id -u").await, format!("{user}\n1000"));
    assert_eq!(said(&machine, "echo \"$HOME\"").await, home);
    said(&machine, &format!("touch {home}/a {workdir}/b /tmp/c")).await;
    assert_ne!(run(&machine, "cat /etc/passwd > /etc/new").await.exit_code, 0);
    assert!(!exists(&machine, "/etc/new").await);
}

async fn the_host_is_called_like_the_sandbox(backend: &dyn Backend) {
    let boot = boot();
    let name = boot.identity.sandbox.clone();
    let machine = backend.create(boot).await.expect("a machine");
    assert_eq!(said(&machine, "hostname").await, name.as_str());
}

async fn a_timeout_ends_a_command_with_124_and_keeps_its_output(backend: &dyn Backend) {
    let machine = create(backend).await;
    for script in ["echo begun; sleep 300", "echo begun; while :; do :; done"] {
        let command = Command { timeout: Duration::from_secs(1), ..command(script) };
        let output = machine.exec(command).await.expect("it runs");
        assert_eq!((output.exit_code, text(&output).as_str()), (124, "begun"), "{script}");
        assert!(!output.stderr.is_empty(), "a note says why");
    }
    assert_eq!(said(&machine, "echo still here").await, "still here");
}

async fn commands_run_side_by_side(backend: &dyn Backend) {
    let machine = create(backend).await;
    // Each waits for the other, so neither would end if one had to wait for its turn.
    let first = "touch a; while ! test -e b; do sleep 0.01; done; echo a";
    let second = "touch b; while ! test -e a; do sleep 0.01; done; echo b";
    let (first, second) = tokio::join!(said(&machine, first), said(&machine, second));
    assert_eq!((first.as_str(), second.as_str()), ("a", "b"));
}

async fn dropping_the_call_leaves_the_command_running(backend: &dyn Backend) {
    let machine = create(backend).await;
    let script = "touch started; while ! test -e go; do sleep 0.01; done; touch done";
    tokio::select! {
        biased;
        output = run(&machine, script) => panic!("it waits: {output:?}"),
        () = wait_for(&machine, "started") => {}
    }
    said(&machine, "touch go").await;
    wait_for(&machine, "done").await;
}

async fn a_snapshot_does_not_change_with_its_source(backend: &dyn Backend) {
    let machine = create(backend).await;
    said(&machine, "echo before > f").await;
    let checkpoint = machine.snapshot().await.expect("a checkpoint");
    said(&machine, "echo after > f; touch new").await;
    let copy = checkpoint.resume(identity()).await.expect("a machine");
    assert_eq!(said(&copy, "cat f; test -e new || echo no").await, "before\nno");
    said(&copy, "echo copy > f").await;
    assert_eq!(said(&machine, "cat f").await, "after");
}

async fn two_machines_from_one_checkpoint_are_independent(backend: &dyn Backend) {
    let machine = create(backend).await;
    said(&machine, "echo 0 > n").await;
    let checkpoint = machine.snapshot().await.expect("a checkpoint");
    let one = checkpoint.resume(identity()).await.expect("a machine");
    said(&one, "echo 1 > n").await;
    let two = checkpoint.resume(identity()).await.expect("another");
    assert_eq!(said(&two, "cat n").await, "0");
    one.destroy().await.expect("destroyed");
    assert_eq!(said(&two, "cat n").await, "0");
}

async fn a_checkpoint_outlives_its_source(backend: &dyn Backend) {
    let machine = create(backend).await;
    said(&machine, "echo kept > f").await;
    let checkpoint = machine.snapshot().await.expect("a checkpoint");
    machine.destroy().await.expect("destroyed");
    drop(machine);
    let copy = checkpoint.resume(identity()).await.expect("a machine");
    assert_eq!(said(&copy, "cat f").await, "kept");
}

async fn the_environment_carries_over_to_a_copy(backend: &dyn Backend) {
    let env = vars(&[("KEPT", "yes")]);
    let machine = backend.create(Boot { env, ..boot() }).await.expect("a machine");
    let snapshot = machine.snapshot().await.expect("a checkpoint");
    let paused = machine.pause().await.expect("a checkpoint");
    for checkpoint in [snapshot, paused] {
        let copy = checkpoint.resume(identity()).await.expect("a machine");
        assert_eq!(said(&copy, "echo $KEPT").await, "yes");
    }
}

async fn a_copy_is_called_by_its_own_name(backend: &dyn Backend) {
    let machine = create(backend).await;
    let checkpoint = machine.snapshot().await.expect("a checkpoint");
    let identity = identity();
    let name = identity.sandbox.clone();
    let copy = checkpoint.resume(identity).await.expect("a machine");
    assert_eq!(said(&copy, "hostname; cat /etc/hostname").await, format!("{name}\n{name}"));
}

async fn memory_files_survive_pause_snapshot_and_resume(backend: &dyn Backend) {
    let survive = backend.info().memory_survival;
    let machine = create(backend).await;
    said(&machine, "echo memory > /dev/shm/f; echo disk > f").await;
    let snapshot = machine.snapshot().await.expect("a checkpoint");
    let paused = machine.pause().await.expect("a checkpoint");
    for checkpoint in [snapshot, paused] {
        let copy = checkpoint.resume(identity()).await.expect("a machine");
        let expected = if survive { "disk\nmemory" } else { "disk" };
        assert_eq!(said(&copy, "cat f; cat /dev/shm/f 2>/dev/null || true").await, expected);
    }
}

async fn memory_files_are_gone_after_stop_and_start(backend: &dyn Backend) {
    let machine = create(backend).await;
    said(&machine, "echo memory > /dev/shm/f; echo disk > f").await;
    let disk = machine.stop().await.expect("a disk");
    let env = vars(&[("NEW", "env")]);
    let boot = Boot { env, ..boot() };
    let name = boot.identity.sandbox.clone();
    let machine = disk.start(boot).await.expect("a machine");
    assert_eq!(said(&machine, "cat f; ls -A /dev/shm; echo $NEW").await, "disk\nenv");
    assert_eq!(said(&machine, "hostname").await, name.as_str());
    said(&machine, "touch /dev/shm/again").await;
}

async fn a_disk_can_be_started_more_than_once(backend: &dyn Backend) {
    let machine = create(backend).await;
    said(&machine, "echo 0 > n").await;
    let disk = machine.stop().await.expect("a disk");
    let one = disk.start(boot()).await.expect("a machine");
    said(&one, "echo 1 > n").await;
    one.destroy().await.expect("destroyed");
    let two = disk.start(boot()).await.expect("another");
    assert_eq!(said(&two, "cat n").await, "0");
}

async fn a_command_that_runs_through_a_snapshot_ends_as_it_would(backend: &dyn Backend) {
    let machine = create(backend).await;
    let script = "touch started; while ! test -e go; do sleep 0.01; done; echo done";
    let (said, ()) = tokio::join!(said(&machine, script), async {
        wait_for(&machine, "started").await;
        let checkpoint = machine.snapshot().await.expect("a checkpoint");
        write(&machine, "/workspace/go", b"").await;
        let copy = checkpoint.resume(identity()).await.expect("a machine");
        assert!(exists(&copy, "/workspace/started").await);
        assert!(!exists(&copy, "/workspace/go").await);
    });
    assert_eq!(said, "done");
}

async fn pausing_interrupts_running_commands(backend: &dyn Backend) {
    let machine = create(backend).await;
    let (ending, checkpoint) = tokio::join!(interrupted(&machine), async {
        wait_for(&machine, "started").await;
        machine.pause().await.expect("a checkpoint")
    });
    assert_eq!(ending, Ending::Paused);
    let copy = checkpoint.resume(identity()).await.expect("a machine");
    assert!(exists(&copy, "/workspace/started").await);
}

async fn stopping_interrupts_running_commands(backend: &dyn Backend) {
    let machine = create(backend).await;
    let (ending, disk) = tokio::join!(interrupted(&machine), async {
        wait_for(&machine, "started").await;
        machine.stop().await.expect("a disk")
    });
    assert_eq!(ending, Ending::Stopped);
    let machine = disk.start(boot()).await.expect("a machine");
    assert!(exists(&machine, "/workspace/started").await);
}

async fn destroying_interrupts_running_commands(backend: &dyn Backend) {
    let machine = create(backend).await;
    let (ending, ()) = tokio::join!(interrupted(&machine), async {
        wait_for(&machine, "started").await;
        machine.destroy().await.expect("destroyed");
    });
    assert_eq!(ending, Ending::Destroyed);
}

async fn an_ended_machine_answers_ended_and_changes_nothing(backend: &dyn Backend) {
    let machine = create(backend).await;
    let checkpoint = machine.pause().await.expect("a checkpoint");
    let error = machine.exec(command("touch late")).await.expect_err("it has ended");
    assert!(matches!(error, GuestError::Ended(Ending::Paused)), "{error:?}");
    let error = machine.files(writing("/workspace/late", b"")).await.expect_err("it has ended");
    assert!(matches!(error, GuestError::Ended(Ending::Paused)), "{error:?}");
    let copy = checkpoint.resume(identity()).await.expect("a machine");
    assert!(!exists(&copy, "/workspace/late").await);
    for error in [machine.snapshot().await.err(), machine.pause().await.err()] {
        assert!(matches!(error, Some(BackendError::Lost(_))), "{error:?}");
    }
    assert!(matches!(machine.stop().await, Err(BackendError::Lost(_))));
}

async fn a_machine_can_be_destroyed_twice_and_after_it_has_ended(backend: &dyn Backend) {
    let machine = create(backend).await;
    machine.destroy().await.expect("destroyed");
    machine.destroy().await.expect("destroyed again");
    let error = machine.exec(command("true")).await.expect_err("it has ended");
    assert!(matches!(error, GuestError::Ended(Ending::Destroyed)), "{error:?}");
    let machine = create(backend).await;
    let checkpoint = machine.pause().await.expect("a checkpoint");
    machine.destroy().await.expect("destroyed after its end");
    checkpoint.resume(identity()).await.expect("what it left is not touched");
}

async fn checkpoints_and_disks_can_be_discarded(backend: &dyn Backend) {
    let machine = create(backend).await;
    let checkpoint = machine.snapshot().await.expect("a checkpoint");
    let copy = checkpoint.resume(identity()).await.expect("a machine");
    checkpoint.discard().await.expect("discarded");
    assert!(checkpoint.resume(identity()).await.is_err(), "it is gone for every handle");
    assert_eq!(said(&copy, "echo lives").await, "lives");
    let disk = machine.stop().await.expect("a disk");
    disk.discard().await.expect("discarded");
    assert!(disk.start(boot()).await.is_err(), "it is gone for every handle");
}

async fn what_was_saved_can_be_recalled(backend: &dyn Backend) {
    if !backend.info().persistence {
        return;
    }
    let shelf = Arc::new(Shelf::default());
    let machine = create(backend).await;
    said(&machine, "echo memory > /dev/shm/f; seq 1 50000 > numbers; echo disk > f").await;
    let paused = machine.pause().await.expect("a checkpoint");
    let root = saved(backend, &Image::Checkpoint(Arc::clone(&paused)), &shelf);
    // What the back end itself still has of it is gone.
    paused.discard().await.expect("discarded");
    drop((paused, machine));

    let script = "cat f /dev/shm/f 2>/dev/null; tail -n 1 numbers";
    let survive = backend.info().memory_survival;
    let expected = if survive {
        "disk
memory
50000"
    } else {
        "disk
50000"
    };
    for _ in 0..2 {
        let copy = match recalled(backend, root, ImageKind::Checkpoint, &shelf) {
            Image::Checkpoint(saved) => saved.resume(identity()).await.expect("a machine"),
            Image::Disk(disk) => panic!("a checkpoint was asked for: {disk:?}"),
        };
        assert_eq!(said(&copy, script).await, expected);
        said(&copy, "echo changed > f; echo changed > /dev/shm/f").await;
    }

    // A checkpoint can be recalled as the disk in it, and what that machine leaves be saved again.
    let started = start_recalled(backend, root, &shelf).await;
    assert_eq!(
        said(&started, script).await,
        "disk
50000"
    );
    said(&started, "echo again > f").await;
    let disk = started.stop().await.expect("a disk");
    let second = saved(backend, &Image::Disk(disk), &shelf);
    let started = start_recalled(backend, second, &shelf).await;
    assert_eq!(
        said(&started, script).await,
        "again
50000"
    );
    let started = start_recalled(backend, root, &shelf).await;
    assert_eq!(
        said(&started, script).await,
        "disk
50000",
        "the first is as it was"
    );
}

async fn images_that_were_saved_share_what_they_have_in_common(backend: &dyn Backend) {
    if !backend.info().persistence {
        return;
    }
    let shelf = Arc::new(Shelf::default());
    let machine = create(backend).await;
    said(&machine, "head -c 3000000 /dev/urandom > numbers").await;
    let disk = machine.stop().await.expect("a disk");
    let first = saved(backend, &Image::Disk(Arc::clone(&disk)), &shelf);
    let bytes = shelf.bytes();
    assert!(bytes > 3_000_000, "{bytes}");
    assert_eq!(saved(backend, &Image::Disk(disk), &shelf), first);
    assert_eq!(shelf.bytes(), bytes, "it was there already");
    let machine = start_recalled(backend, first, &shelf).await;
    said(&machine, "echo little > more").await;
    let disk = machine.stop().await.expect("a disk");
    let second = saved(backend, &Image::Disk(disk), &shelf);
    assert_ne!(first, second);
    let more = shelf.bytes() - bytes;
    // A virtual machine writes some when it boots.
    assert!(more < bytes / 2, "{more} bytes more than {bytes}");
}

/// Writes an image down; its root.
fn saved(backend: &dyn Backend, image: &Image, shelf: &Arc<Shelf>) -> ObjectId {
    let save = backend.save(image).expect("it says that it can");
    save(&mut &**shelf).expect("saved")
}

fn recalled(backend: &dyn Backend, root: ObjectId, kind: ImageKind, shelf: &Arc<Shelf>) -> Image {
    let objects = Arc::clone(shelf);
    backend.recall(root, kind, objects, boot()).expect("recalled")
}

async fn start_recalled(
    backend: &dyn Backend,
    root: ObjectId,
    shelf: &Arc<Shelf>,
) -> Arc<dyn Machine> {
    match recalled(backend, root, ImageKind::Disk, shelf) {
        Image::Disk(disk) => disk.start(boot()).await.expect("a machine"),
        Image::Checkpoint(saved) => panic!("a disk was asked for: {saved:?}"),
    }
}

/// Runs a command that ends only with its machine, and tells how that ended.
async fn interrupted(machine: &Arc<dyn Machine>) -> Ending {
    match machine.exec(command("touch started; sleep 300; touch survived")).await {
        Err(GuestError::Interrupted(ending)) => ending,
        other => panic!("its machine ended while it ran: {other:?}"),
    }
}

/// Returns once the file `name` is in the workdir, looking from inside.
async fn wait_for(machine: &Arc<dyn Machine>, name: &str) {
    said(machine, &format!("while ! test -e {name}; do sleep 0.01; done")).await;
}

async fn create(backend: &dyn Backend) -> Arc<dyn Machine> {
    backend.create(boot()).await.expect("a machine")
}

async fn run(machine: &Arc<dyn Machine>, script: &str) -> Output {
    machine.exec(command(script)).await.expect("it runs")
}

/// Runs a script that succeeds, and gives what it said.
async fn said(machine: &Arc<dyn Machine>, script: &str) -> String {
    let output = run(machine, script).await;
    assert_eq!(output.exit_code, 0, "{script}: {}", String::from_utf8_lossy(&output.stderr));
    text(&output)
}

async fn write(machine: &Arc<dyn Machine>, path: &str, data: &[u8]) {
    machine.files(writing(path, data)).await.expect("written");
}

async fn read(machine: &Arc<dyn Machine>, path: &str) -> Vec<u8> {
    let window = ReadWindow::Bytes { offset: 0, limit: None };
    match machine.files(FileOp::ReadFile(ReadFile { path: at(path), window })).await {
        Ok(FileReply::Bytes(bytes)) => bytes,
        other => panic!("{path}: {other:?}"),
    }
}

async fn exists(machine: &Arc<dyn Machine>, path: &str) -> bool {
    match machine.files(FileOp::Exists(at(path))).await {
        Ok(FileReply::Exists(exists)) => exists,
        other => panic!("{path}: {other:?}"),
    }
}

fn writing(path: &str, data: &[u8]) -> FileOp {
    FileOp::WriteFile(WriteFile { path: at(path), data: data.to_vec(), mode: None })
}

fn command(script: &str) -> Command {
    Command { script: script.into(), cwd: None, env: EnvVars::default(), timeout: PATIENCE }
}

fn boot() -> Boot {
    Boot {
        identity: identity(),
        template: template(),
        resources: Resources::default(),
        env: EnvVars::default(),
    }
}

fn identity() -> Identity {
    let sandbox = SandboxId::from_bits(RandomIds.bits());
    Identity { sandbox, network: NetworkPolicy::default(), clock: Arc::new(SystemClock) }
}

fn template() -> Template {
    Template::by_name("system/debian:bookworm").expect("a system template")
}

fn vars(pairs: &[(&str, &str)]) -> EnvVars {
    let map: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    EnvVars::new(map).expect("valid names and values")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

fn at(path: &str) -> FsPath {
    FsPath::new(path).expect("an absolute path")
}
