//! Scripts that eat processor time and memory, or try to get out: each ends by itself, at a bound or
//! at its timeout, with a status that says so, and everything else goes on meanwhile.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use leap0_backend_memory::MemoryBackend;
use leap0_emulator_core::backend::{Backend as _, Boot, Command, Identity, Machine};
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::SandboxId;
use leap0_emulator_core::spec::{EnvVars, NetworkPolicy, Resources};
use leap0_emulator_core::template::Template;
use libtest_mimic::{Arguments, Trial};

/// How long a script may take. It is the bound that is meant to be met.
const TIMEOUT: Duration = Duration::from_secs(1);

/// How much more than before the process may have held at once, in MiB: what one script may hold
/// (`script_memory_bytes`), a file that it reads, and both once more while they are copied.
const MOST_MIB: u64 = 1024;

/// How a script ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// At a bound or its timeout, or refused, with a word about why.
    Fails,
    /// It may end well, having done only what a sandbox may do, and then says this.
    Says(&'static str),
    /// It may do either.
    Bounded,
}
use End::{Bounded, Fails, Says};

const BOMBS: &[(&str, &str, End)] = &[
    // Processor time.
    ("a loop that does nothing", "while :; do :; done", Fails),
    ("a loop in the background", "while :; do :; done & wait", Fails),
    ("a fork bomb", "bomb() { bomb | bomb & }; bomb; wait", Fails),
    ("a fork bomb of subshells", "bomb() { (bomb) & (bomb) & wait; }; bomb", Fails),
    ("a function that calls itself", "f() { f; }; f", Fails),
    ("two functions that call each other", "f() { g; }; g() { f; }; f", Fails),
    ("an eval of itself", r#"x='eval "$x"'; eval "$x""#, Fails),
    ("a script that starts itself", "echo 'sh ./me' > me; sh ./me", Fails),
    ("a file that sources itself", "echo '. ./me' > me; . ./me", Fails),
    ("a substitution in a substitution", "f() { echo $(f); }; f", Fails),
    ("a trap that sets itself off", "trap 'kill -TERM $$' TERM; kill -TERM $$; sleep 60", Fails),
    ("a deep nest of parentheses", r#"eval "$(yes '(' | head -n 20000 | tr -d '\n')""#, Fails),
    (
        "a deep sum",
        r"n=20000; echo $(( $(yes '(1+' | head -n $n | tr -d '\n') 0 $(yes ')' | head -n $n | tr -d '\n') ))",
        Bounded,
    ),
    ("an endless awk", "awk 'BEGIN { while (1) x++ }'", Fails),
    ("an endless sed", "echo a | sed ':a;s/a/aa/;s/aa/a/;ba'", Fails),
    (
        "an expression that goes back and forth",
        r"head -c 50000 /dev/zero | tr '\0' a | grep -E '(a*)*(a*)*b' ; echo $?",
        Bounded,
    ),
    ("a sleep for ever", "sleep infinity", Fails),
    ("a read from what never comes", "cat /dev/zero > /dev/null", Fails),
    ("a race over a big tree", "mkdir -p a/b/c/d; while :; do find / -exec true \\; ; done", Fails),
    // Memory.
    ("a variable that doubles", "x=aaaaaaaa; while :; do x=$x$x; done", Fails),
    (
        "many variables",
        "i=0; while :; do i=$((i+1)); eval \"v$i=aaaaaaaaaaaaaaaaaaaaaaaaa\"; done",
        Fails,
    ),
    ("many words", "set -- a; while :; do set -- \"$@\" \"$@\"; done", Fails),
    ("output without end", "yes", Fails),
    ("errors without end", "yes >&2", Fails),
    ("output that is caught", "x=$(yes)", Fails),
    ("zeros that are caught", "x=$(cat /dev/zero)", Fails),
    ("zeros that are sorted", "sort /dev/zero", Fails),
    ("lines that are turned round", "yes | tac", Fails),
    ("a wide word", "printf '%1000000000s' x", Fails),
    ("a far precision", "printf '%.1000000000f' 1", Fails),
    ("a long sequence that is caught", "x=$(seq 1000000000)", Fails),
    ("a large block", "dd if=/dev/zero bs=100G count=1 of=big", Fails),
    ("a file beyond the disk", "head -c 100G /dev/zero > big", Fails),
    ("a file that grows", "echo x > f; while :; do cat f f > g; cat g g > f; done", Fails),
    ("a sparse file", "truncate -s 100T big && wc -c < big", Bounded),
    ("many files", "i=0; while :; do i=$((i+1)); : > f$i; done", Fails),
    ("deep directories", "while mkdir d && cd d; do :; done; echo bottom", Says("bottom\n")),
    ("links in a ring", "ln -s b a; ln -s a b; cat a && exit 0; echo no", Says("no\n")),
    ("braces", "bash -c 'echo {1..100000000} | wc -c'", Fails),
    (
        "braces in braces",
        "bash -c 'echo {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b} | wc -c'",
        Fails,
    ),
    ("an array without end", "bash -c 'while :; do a+=(aaaaaaaaaaaaaaaa); done'", Fails),
    ("an index far away", "bash -c 'a[9223372036854775807]=x; echo ${#a[@]}'", Says("1\n")),
    ("a pipe to itself", "mkfifo p && cat p > p", Fails),
    (
        "an archive of itself",
        "tar cf a.tar . && while tar cf b.tar a.tar && cat b.tar b.tar > a.tar; do :; done",
        Fails,
    ),
    ("a growing awk", "awk 'BEGIN { x = \"a\"; while (1) x = x x }'", Fails),
    (
        "an awk with many entries",
        "awk 'BEGIN { while (1) a[i++] = \"aaaaaaaaaaaaaaaaaaaaaaaa\" }'",
        Fails,
    ),
    (
        "a here-document in a loop",
        "while :; do cat <<E >> f\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nE\ndone",
        Fails,
    ),
    (
        "a long pipeline",
        r#"eval "yes $(yes '| cat' | head -n 2000 | tr '\n' ' ') | head -n 1""#,
        Bounded,
    ),
    (
        "a paste of everything",
        "yes | head -n 5000000 > f; paste f f f f f f f f > g; sort g g g g | uniq -c",
        Bounded,
    ),
    ("a number that is too large", "echo $((2**9999999999))", Bounded),
    // Ways out.
    ("the host's processes", "ls /proc/1/root /proc/self/environ && exit 0; echo no", Says("no\n")),
    (
        "the host's passwords",
        "cat ../../../../../../../etc/shadow && exit 0; echo no",
        Says("no\n"),
    ),
    ("the host's network", "cat < /dev/tcp/127.0.0.1/22 && exit 0; echo no", Says("no\n")),
    (
        "the same of a bash",
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/22 && exit 0; echo no'",
        Says("no\n"),
    ),
    (
        "what brings things from elsewhere",
        "curl -s http://127.0.0.1/ && exit 0; echo no",
        Says("no\n"),
    ),
    ("the host's devices", "cat /dev/sda /dev/vda /dev/mem && exit 0; echo no", Says("no\n")),
    ("the host's environment", "env | grep -c CARGO || echo none", Says("0\nnone\n")),
    ("the emulator itself", "kill -9 1 && kill -9 $PPID && exit 0; echo no", Bounded),
    ("another way to be root", "sudo id && exit 0; su -c id && exit 0; id -u", Says("1000\n")),
    ("a mount", "mount -t proc proc /tmp && exit 0; chroot / && exit 0; echo no", Says("no\n")),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One after the other: what the process holds is looked at.
    arguments.test_threads = Some(1);
    let trials = BOMBS.iter().map(|&(name, script, end)| {
        Trial::test(name, move || {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(survive(script, end)).map_err(Into::into)
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

async fn survive(script: &str, end: End) -> Result<(), String> {
    let backend = MemoryBackend::default();
    let (hit, other) = tokio::join!(create(&backend), create(&backend));
    let before = peak_from_now_on();
    let bomb = hit.exec(command(script));
    let others = async {
        for machine in [&other, &hit] {
            let output = machine.exec(command("echo lives")).await.expect("it runs");
            assert_eq!(output.stdout, b"lives\n", "{output:?}");
        }
    };
    let (output, ()) = tokio::join!(bomb, others);
    let output = output.map_err(|error| error.to_string())?;
    let held = peak().saturating_sub(before) >> 20;
    let (said, notes) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let status = output.exit_code;
    let short: String = notes.chars().take(200).collect();
    println!("{status:>4} {held:>5} MiB  {script:.60}  {short:?}");
    match end {
        Fails if status == 0 => return Err(format!("it ended well: {said:.200}")),
        Fails if notes.is_empty() => return Err(format!("it ended with {status} without a word")),
        Says(expected) if said != expected || status != 0 => {
            return Err(format!("it ended with {status} and said {said:?}, {short}"));
        }
        Fails | Says(_) | Bounded => {}
    }
    if held > MOST_MIB {
        return Err(format!("it made the process hold {held} MiB more"));
    }
    let after = hit.exec(command("echo lives")).await.map_err(|error| error.to_string())?;
    assert_eq!(after.stdout, b"lives\n", "{after:?}");
    Ok(())
}

async fn create(backend: &MemoryBackend) -> Arc<dyn Machine> {
    let boot = Boot {
        identity: Identity {
            sandbox: SandboxId::from_client("bombs"),
            network: NetworkPolicy::default(),
            clock: Arc::new(SystemClock),
        },
        template: Template::by_name("system/debian:bookworm").expect("a system template"),
        resources: Resources::default(),
        env: EnvVars::default(),
    };
    backend.create(boot).await.expect("a machine")
}

fn command(script: &str) -> Command {
    Command { script: script.into(), cwd: None, env: EnvVars::default(), timeout: TIMEOUT }
}

/// Bytes that the process holds, and forgets the most that it has held. Nothing where there is no
/// such account.
fn peak_from_now_on() -> u64 {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    of_status("VmRSS:")
}

/// The most that the process has held at once since then, in bytes.
fn peak() -> u64 {
    of_status("VmHWM:")
}

fn of_status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|n| n.parse().ok());
    kib.unwrap_or(0_u64) << 10
}
