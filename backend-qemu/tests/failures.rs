//! What becomes of a sandbox, and of all others, when something under it breaks.

mod support;

use std::fs;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use leap0_backend_qemu::{QemuBackend, Settings};
use leap0_emulator_core::backend::{
    Backend, BackendError, Boot, Command, Ending, GuestError, Identity, Machine,
};
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::{IdSource, RandomIds, SandboxId};
use leap0_emulator_core::spec::{EnvVars, NetworkMode, NetworkPolicy, NetworkRules, Resources};
use leap0_emulator_core::template::Template;
use leap0_files::{FileOp, FileReply, FsPath};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

type Outcome = Result<Completion, Failed>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    let mut trials = Vec::new();
    macro_rules! trials {
        ($($name:ident),* $(,)?) => {
            $(trials.push(Trial::ignorable_test(stringify!($name), || match support::settings() {
                Ok(settings) => Runtime::new()?.block_on($name(settings)),
                Err(why) => support::missing("qemu", &why),
            }));)*
        };
    }
    trials![
        a_machine_killed_while_it_runs_is_lost_and_nothing_else_is,
        a_machine_killed_while_it_is_saved_leaves_no_half_snapshot,
        a_machine_killed_while_it_is_loaded_leaves_its_snapshot_whole,
        a_snapshot_that_finds_the_disk_full_leaves_the_machine_running,
        a_machine_that_finds_the_disk_full_waits_for_room,
        a_machine_that_answers_nobody_can_still_be_stopped,
        a_fork_bomb_ends_with_its_timeout,
        processes_that_hide_from_their_timeout_are_bounded,
        a_kernel_that_panics_is_told_as_such,
        a_host_without_room_says_what_is_missing,
        a_closed_network_lets_nothing_out,
        an_open_network_leads_out_but_not_to_the_host_s_loopback,
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

async fn a_machine_killed_while_it_runs_is_lost_and_nothing_else_is(settings: Settings) -> Outcome {
    let backend = support::backend(settings).await;
    let (hit, other) = tokio::join!(create(&backend), create(&backend));
    let ((hit, id), (other, _)) = (hit, other);
    said(&hit, "echo kept > f").await;
    let checkpoint = hit.snapshot().await?;
    let (outcome, ()) = tokio::join!(hit.exec(command("touch started; sleep 300")), async {
        said(&hit, "while ! test -e started; do sleep 0.01; done").await;
        kill_process(process_of(&id), Signal::KILL).expect("killed");
    });
    assert!(matches!(outcome, Err(GuestError::Interrupted(Ending::Lost))), "{outcome:?}");
    let later = hit.exec(command("true")).await;
    assert!(matches!(later, Err(GuestError::Ended(Ending::Lost))), "{later:?}");
    assert!(matches!(hit.snapshot().await, Err(BackendError::Lost(_))));
    hit.destroy().await?;
    assert_eq!(said(&other, "echo lives").await, "lives");
    let copy = checkpoint.resume(identity()).await?;
    assert_eq!(said(&copy, "cat f").await, "kept");
    Ok(Completion::Completed)
}

async fn a_machine_killed_while_it_is_saved_leaves_no_half_snapshot(
    mut settings: Settings,
) -> Outcome {
    let private = Private::folder(&mut settings);
    let backend = support::backend(settings).await;
    let (machine, id) = create(&backend).await;
    said(&machine, "echo kept > f").await;
    let checkpoint = machine.snapshot().await?;
    let files = private.files();
    let before = count(&files);
    let process = process_of(&id);
    let (outcome, ()) = tokio::join!(machine.snapshot(), async {
        // The file that the memory goes to has come, and something of the memory with it.
        until(|| newest(&files, "memory").is_some_and(|bytes| bytes > 1 << 20)).await;
        kill_process(process, Signal::KILL).expect("killed");
    });
    let error = outcome.err().ok_or("killed too late: nothing was tested")?;
    assert!(error.to_string().contains("SIGKILL"), "{error}");
    assert_eq!(count(&files), before, "what was half made is gone");
    let copy = checkpoint.resume(identity()).await?;
    assert_eq!(said(&copy, "cat f").await, "kept");
    Ok(Completion::Completed)
}

async fn a_machine_killed_while_it_is_loaded_leaves_its_snapshot_whole(
    mut settings: Settings,
) -> Outcome {
    let private = Private::folder(&mut settings);
    let backend = support::backend(settings).await;
    let (machine, _) = create(&backend).await;
    said(&machine, "echo kept > f").await;
    let checkpoint = machine.pause().await?;
    let files = private.files();
    let before = count(&files);
    let identity = identity();
    let id = identity.sandbox.clone();
    let (outcome, ()) = tokio::join!(checkpoint.resume(identity), async {
        until(|| find_process(&id).is_some()).await;
        kill_process(process_of(&id), Signal::KILL).expect("killed");
    });
    let error = outcome.err().ok_or("killed too late: nothing was tested")?;
    assert!(error.to_string().contains("SIGKILL"), "{error}");
    assert_eq!(count(&files), before, "what was half made is gone");
    let copy = checkpoint.resume(self::identity()).await?;
    assert_eq!(said(&copy, "cat f").await, "kept");
    Ok(Completion::Completed)
}

async fn a_snapshot_that_finds_the_disk_full_leaves_the_machine_running(
    settings: Settings,
) -> Outcome {
    let small = match SmallDisk::mount(1600) {
        Ok(small) => small,
        Err(why) => return support::missing("mount", &why),
    };
    let backend =
        support::backend(Settings { folder: small.0.path().join("qemu"), ..settings }).await;
    let (machine, _) = create(&backend).await;
    said(&machine, "echo before > f").await;
    let checkpoint = machine.snapshot().await?;
    let filler = small.fill(32 << 20);
    match machine.snapshot().await {
        Err(BackendError::Capacity(what)) => assert!(what.starts_with("disk: "), "{what}"),
        other => panic!("the disk is full: {other:?}"),
    }
    assert_eq!(said(&machine, "cat f").await, "before", "it runs on");
    fs::remove_file(filler)?;
    said(&machine, "echo after > f").await;
    let second = machine.snapshot().await?;
    for (checkpoint, expected) in [(checkpoint, "before"), (second, "after")] {
        let copy = checkpoint.resume(identity()).await?;
        assert_eq!(said(&copy, "cat f").await, expected);
    }
    Ok(Completion::Completed)
}

async fn a_machine_that_finds_the_disk_full_waits_for_room(settings: Settings) -> Outcome {
    let small = match SmallDisk::mount(1600) {
        Ok(small) => small,
        Err(why) => return support::missing("mount", &why),
    };
    let folder = small.0.path().join("qemu");
    let backend = support::backend(Settings { folder, ..settings }).await;
    let (machine, _) = create(&backend).await;
    let filler = small.fill(8 << 20);
    let script = "dd if=/dev/urandom of=f bs=1M count=64 conv=fsync 2>/dev/null && sha256sum < f";
    let (sum, ()) = tokio::join!(said(&machine, script), async {
        until(|| small.free() < 1 << 20).await;
        fs::remove_file(filler).expect("removed");
    });
    assert_eq!(said(&machine, "sync; sha256sum < f").await, sum);
    Ok(Completion::Completed)
}

async fn a_machine_that_answers_nobody_can_still_be_stopped(settings: Settings) -> Outcome {
    let backend = support::backend(settings).await;
    let (machine, id) = create(&backend).await;
    said(&machine, "echo kept > f; sync").await;
    kill_process(process_of(&id), Signal::STOP).expect("stopped");
    let disk = machine.stop().await?;
    assert!(find_process(&id).is_none(), "its process is gone");
    let boot = boot();
    let machine = disk.start(boot).await?;
    assert_eq!(said(&machine, "cat f").await, "kept");
    Ok(Completion::Completed)
}

async fn a_fork_bomb_ends_with_its_timeout(settings: Settings) -> Outcome {
    let backend = support::backend(settings).await;
    let (machine, _) = create(&backend).await;
    said(&machine, "echo kept > f").await;
    let bomb = command("bomb() { bomb | bomb & }; bomb; exec sleep 300");
    let bomb = Command { timeout: Duration::from_secs(5), ..bomb };
    assert_eq!(machine.exec(bomb).await?.exit_code, 124);
    assert_eq!(said(&machine, "cat f; pgrep -c -f '[b]omb' || true").await, "kept\n0");
    let checkpoint = machine.snapshot().await?;
    let copy = checkpoint.resume(identity()).await?;
    assert_eq!(said(&copy, "cat f").await, "kept");
    Ok(Completion::Completed)
}

async fn processes_that_hide_from_their_timeout_are_bounded(settings: Settings) -> Outcome {
    let backend = support::backend(settings).await;
    let (machine, _) = create(&backend).await;
    said(&machine, "echo kept > f").await;
    let path = FsPath::new("/workspace/f").expect("a path");
    let read = || FileOp::Exists(path.clone());
    assert!(matches!(machine.files(read()).await?, FileReply::Exists(true)));
    // In a session that no command leads, and again whenever one of them ends.
    said(
        &machine,
        "setsid perl -e 'for (;;) { my $new = fork; if (!defined $new) { select undef, undef, \
         undef, .01 } elsif (!$new) { sleep 300; exit } }' >/dev/null 2>&1 &",
    )
    .await;
    // Until they are at the bound, and a command can't start others any more.
    let full = async {
        let start = || machine.exec(command("/bin/true; true"));
        while start().await.is_ok_and(|output| output.exit_code == 0) {}
    };
    tokio::time::timeout(Duration::from_mins(2), full).await?;
    // What needs no process of the user's goes on, and so does everything outside.
    assert!(matches!(machine.files(read()).await?, FileReply::Exists(true)));
    let (other, _) = create(&backend).await;
    assert_eq!(said(&other, "echo lives").await, "lives");
    let machine = machine.stop().await?.start(boot()).await?;
    assert_eq!(said(&machine, "cat f").await, "kept");
    Ok(Completion::Completed)
}

async fn a_kernel_that_panics_is_told_as_such(settings: Settings) -> Outcome {
    // Without the driver of its disk the machine can't find its root.
    let folder = tempfile::tempdir()?;
    let modules = folder.path().join("modules.cpio");
    fs::write(&modules, [0; 512])?;
    let mut broken = settings.clone();
    broken.image.modules = modules;
    let backend = support::backend(broken).await;
    let error = backend.create(boot()).await.err().ok_or("it booted all the same")?;
    assert!(error.to_string().contains("Kernel panic"), "{error}");
    Ok(Completion::Completed)
}

async fn a_host_without_room_says_what_is_missing(settings: Settings) -> Outcome {
    let backend = support::backend(settings).await;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
    let machines = kib.ok_or("no MemTotal")? / 1024 / 8192 + 1;
    let large = Resources { memory_mib: 8192, ..Resources::default() };
    let mut held = Vec::new();
    for _ in 0..machines {
        match backend.create(Boot { resources: large, ..boot() }).await {
            Ok(machine) => held.push(machine),
            Err(BackendError::Capacity(what)) => {
                assert!(what.starts_with("memory: 8352 MiB more are needed"), "{what}");
                for machine in &held {
                    assert_eq!(said(machine, "echo lives").await, "lives");
                }
                return Ok(Completion::Completed);
            }
            Err(other) => return Err(other.into()),
        }
    }
    Err(format!("{machines} machines of 8 GiB fit into {kib:?} KiB").into())
}

async fn a_closed_network_lets_nothing_out(settings: Settings) -> Outcome {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    // First, that the question can be answered with yes: the card and the tools are there.
    let open = Settings { insecure_user_net: true, ..settings };
    let backend = support::backend(open).await;
    let reach = format!("exec 3<>/dev/tcp/10.0.2.2/{port}");
    let reach = format!("timeout 5 bash -c '{reach}'; echo $?");
    let outcome = |mode| {
        let (backend, reach) = (&backend, &reach);
        async move { said(&networked(backend, mode).await, reach).await }
    };
    let (open, denied, custom) = tokio::join!(
        outcome(NetworkMode::AllowAll),
        outcome(NetworkMode::DenyAll),
        outcome(NetworkMode::Custom)
    );
    assert_eq!(open, "0", "allow-all reaches the host's loopback by --insecure-user-net");
    assert!(listener.accept().is_ok());
    for closed in [denied, custom] {
        assert_ne!(closed, "0");
    }
    assert!(listener.accept().is_err(), "nobody else has come");
    Ok(Completion::Completed)
}

async fn an_open_network_leads_out_but_not_to_the_host_s_loopback(settings: Settings) -> Outcome {
    const ELSEWHERE: &str = "deb.debian.org";
    if (ELSEWHERE, 80).to_socket_addrs().is_err() {
        return support::missing("network", &format!("this host does not find {ELSEWHERE}"));
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    let backend = support::backend(settings).await;
    let machine = networked(&backend, NetworkMode::AllowAll).await;
    // First, that it is open: the host's own resolver answers, and a stranger takes a connection.
    assert_eq!(said(&machine, &format!("getent hosts {ELSEWHERE} >/dev/null; echo $?")).await, "0");
    let reach = |host: &str, port: u16| {
        format!("timeout 20 bash -c 'exec 3<>/dev/tcp/{host}/{port}'; echo $?")
    };
    assert_eq!(said(&machine, &reach(ELSEWHERE, 80)).await, "0");
    // Then every address that a user network gives the host: gateway, resolver, the guest's own.
    for host in ["10.0.2.2", "10.0.2.3", "10.0.2.15"] {
        said(&machine, &reach(host, port).replace("timeout 20", "timeout 3")).await;
        assert!(listener.accept().is_err(), "{host} is the host's loopback");
    }
    Ok(Completion::Completed)
}

async fn networked(backend: &QemuBackend, mode: NetworkMode) -> Arc<dyn Machine> {
    let network = NetworkPolicy::new(NetworkRules { mode, ..NetworkRules::default() });
    let identity = Identity { network, ..identity() };
    backend.create(Boot { identity, ..boot() }).await.expect("a machine")
}

/// A file system of some MiB of its own; unmounted when it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(mib: u32) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("leap0-").tempdir().expect("a folder");
        let size = format!("size={mib}m,mode=755");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "leap0-test"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => {
                use std::os::unix::fs::PermissionsExt;
                // The machines' user has to come through.
                fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))
                    .expect("ours");
                Ok(Self(folder))
            }
            _ => Err("no file system can be mounted here".into()),
        }
    }

    /// Bytes that are left.
    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.0.path()).expect("mounted");
        stat.f_bavail * stat.f_frsize
    }

    /// Leaves only `free` bytes.
    fn fill(&self, free: u64) -> PathBuf {
        let filler = self.0.path().join("filler");
        let file = fs::File::create(&filler).expect("made");
        let bytes = self.free().saturating_sub(free);
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).expect("fits");
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

/// A folder for one back end alone, whose files can be counted.
struct Private(PathBuf);

impl Private {
    fn folder(settings: &mut Settings) -> Self {
        let name = SandboxId::from_bits(RandomIds.bits()).to_string();
        let folder = settings.folder.join("tests").join(name);
        settings.folder.clone_from(&folder);
        Self(folder)
    }

    /// Where its back end keeps disks and memories.
    fn files(&self) -> PathBuf {
        let runs = fs::read_dir(self.0.join("run")).expect("a back end is open");
        let run = runs.flatten().next().expect("a back end is open");
        run.path().join("images")
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

/// Bytes of the file of a kind that was made last.
fn newest(folder: &Path, kind: &str) -> Option<u64> {
    let files = fs::read_dir(folder).ok()?.flatten();
    let files = files.filter(|file| file.file_name().to_string_lossy().starts_with(kind));
    let newest = files.max_by_key(|file| file.metadata().and_then(|meta| meta.created()).ok())?;
    Some(newest.metadata().ok()?.len())
}

fn find_process(sandbox: &SandboxId) -> Option<Pid> {
    let name = format!("leap0-{sandbox}");
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let command = fs::read(entry.path().join("cmdline")).ok()?;
        let mut words = command.split(|byte| *byte == 0);
        let qemu = words.next()?.ends_with(b"qemu-system-x86_64");
        (qemu && words.any(|word| word == name.as_bytes())).then_some(())?;
        Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)
    })
}

fn process_of(sandbox: &SandboxId) -> Pid {
    find_process(sandbox).expect("its process runs")
}

/// Returns once something holds; who waits for ever is ended by the one who runs the tests.
async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

async fn create(backend: &QemuBackend) -> (Arc<dyn Machine>, SandboxId) {
    let boot = boot();
    let id = boot.identity.sandbox.clone();
    (backend.create(boot).await.expect("a machine"), id)
}

async fn said(machine: &Arc<dyn Machine>, script: &str) -> String {
    let output = machine.exec(command(script)).await.expect("it runs");
    assert_eq!(output.exit_code, 0, "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn command(script: &str) -> Command {
    Command {
        script: script.into(),
        cwd: None,
        env: EnvVars::default(),
        timeout: Duration::from_mins(1),
    }
}

fn boot() -> Boot {
    Boot {
        identity: identity(),
        template: Template::by_name("system/debian:bookworm").expect("a system template"),
        resources: Resources { memory_mib: 512, ..Resources::default() },
        env: EnvVars::default(),
    }
}

fn identity() -> Identity {
    let network = NetworkRules { mode: NetworkMode::DenyAll, ..NetworkRules::default() };
    Identity {
        sandbox: SandboxId::from_bits(RandomIds.bits()),
        network: NetworkPolicy::new(network),
        clock: Arc::new(SystemClock),
    }
}
