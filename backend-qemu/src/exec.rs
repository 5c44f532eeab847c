//! A command, on its way in and back.

use std::collections::BTreeMap;
use std::time::Duration;

use leap0_emulator_core::backend::{Boot, Command, Output};
use leap0_guest::protocol::{Exec, Exited, Status};

/// Most bytes on each of standard output and standard error.
pub(crate) const OUTPUT_BYTES: u64 = 16 << 20;

/// After the timeout (PROC-05), as `timeout(1)` gives it.
const TIMED_OUT: i32 = 124;
/// 128 + `SIGXFSZ`.
const TOO_MUCH_OUTPUT: i32 = 153;

/// What is asked of the machine.
pub(crate) fn request(boot: &Boot, command: Command) -> Exec {
    // SB-CREATE-11, PROC-03: the template's variables, the sandbox's over them, the command's over
    // those.
    let template = boot.template.env();
    let env: BTreeMap<String, String> = template
        .into_iter()
        .chain(boot.env.iter())
        .chain(command.env.iter())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Exec {
        script: command.script,
        cwd: command.cwd.unwrap_or_else(|| boot.template.workdir.to_owned()),
        env,
        timeout_ms: u64::try_from(command.timeout.as_millis()).unwrap_or(u64::MAX),
        output_limit: OUTPUT_BYTES,
    }
}

/// What the caller is told.
pub(crate) fn output(exited: Exited, timeout: Duration) -> Output {
    let Exited { status, stdout, mut stderr } = exited;
    let (exit_code, note) = match status {
        Status::Code(code) => (code, None),
        // PROC-02
        Status::Signal(signal) => (128 + signal, None),
        Status::TimedOut => (TIMED_OUT, Some(format!("timeout of {timeout:?} reached"))),
        Status::TooMuchOutput => {
            (TOO_MUCH_OUTPUT, Some(format!("more than {OUTPUT_BYTES} bytes of output")))
        }
    };
    if let Some(note) = note {
        if stderr.last().is_some_and(|last| *last != b'\n') {
            stderr.push(b'\n');
        }
        stderr.extend_from_slice(format!("sh: killed: {note}\n").as_bytes());
    }
    Output { exit_code, stdout, stderr }
}
