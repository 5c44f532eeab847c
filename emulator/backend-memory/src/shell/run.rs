//! A script's thread: the interpreter is made, run, and taken down.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use bashkit::{Bash, Error, ExecOptions, SessionLimits};
use leap0_emulator_core::backend::Output;
use leap0_emulator_core::clock::{Clock, SystemClock};
use leap0_emulator_core::spec::EnvVars;
use tokio::runtime;

use super::bounds::{self, STACK_BYTES};
use super::dash::Input;
use super::files::ShellFiles;
use super::hook::between_commands;
use super::programs::ABSENT;
use super::script::{Script, Sink};
use super::verdict::finished;
use super::{children, commands, depth};

/// What to run, and how.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) text: String,
    /// A directory that exists.
    pub(super) cwd: String,
    pub(super) env: EnvVars,
    pub(super) timeout: Duration,
}

/// Runs a script to its end on the present thread.
pub(super) fn run(script: &Arc<Script>, task: Task) -> Output {
    depth::begin();
    let timeout = task.timeout;
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        // Long scripts are parsed on a thread of the runtime's.
        .thread_stack_size(STACK_BYTES)
        .build();
    let end = match runtime {
        Ok(runtime) => {
            let end = runtime.block_on(interpret(script, task));
            runtime.shutdown_background();
            end
        }
        Err(error) => Err(Error::Internal(error.to_string())),
    };
    finished(script, end, timeout)
}

async fn interpret(script: &Arc<Script>, task: Task) -> Result<i32, Error> {
    let mut bash = interpreter(script, &task);
    script.cancel_with(bash.cancellation_token());
    script.visit(&task.cwd);
    bash.exec(commands::PRELUDE).await?;
    let options = ExecOptions::new().arg0("sh").stdin("");
    let text = children::translated(script, &task.text, Input::Empty);
    let end = bash
        .execute(&text)
        .options(options)
        .stdout_fn(|bytes| ready(keep(&script.stdout, &bytes)))
        .stderr_fn(|bytes| ready(keep(&script.stderr, &bytes)))
        .await?;
    Ok(end.exit_code)
}

fn interpreter(script: &Arc<Script>, task: &Task) -> Bash {
    let boot = &script.live.boot;
    let template = &boot.template;
    let bash = Bash::builder()
        .fs(Arc::new(ShellFiles::new(Arc::clone(script))))
        // The programs, devices and users are in the tree.
        .rootfs(false)
        .builtin_filter(|name| !ABSENT.contains(&name))
        .username(template.user)
        .hostname(boot.identity.sandbox.as_str())
        .cwd(&task.cwd)
        .limits(bounds::execution(task.timeout))
        .memory_limits(bounds::memory())
        .session_limits(SessionLimits::unlimited())
        .before_tool(between_commands(Arc::clone(script)));
    let mut bash = match clock_offset(&*script.live.boot.identity.clock) {
        Some(seconds) => commands::install(bash, script).epoch_offset(seconds).build(),
        None => commands::install(bash, script).build(),
    };
    // SB-CREATE-11, PROC-03: the template's variables, the sandbox's over them, the command's over
    // those. Set last, because the interpreter sets some of its own.
    for (name, value) in template.env().into_iter().chain(boot.env.iter()).chain(task.env.iter()) {
        bash.set_env(name, value);
    }
    bash
}

/// How far the machine's time is from the host's, in seconds, if it is another.
fn clock_offset(clock: &dyn Clock) -> Option<i64> {
    let offset = clock.now().as_secs() - SystemClock.now().as_secs();
    // The second may have changed between the two looks.
    (offset.abs() > 1).then_some(offset)
}

/// Keeps what a script writes; an error ends it at once.
fn keep(sink: &Sink, bytes: &[u8]) -> Result<(), Error> {
    if sink.take(bytes) { Ok(()) } else { Err(Error::Cancelled) }
}
