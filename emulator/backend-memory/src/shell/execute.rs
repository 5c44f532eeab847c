//! From a command to its output: waiting for its turn, its thread, its timeout, its machine's end.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use leap0_emulator_core::backend::{Command, Ending, GuestError, Output};
use leap0_files::StoreError;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use super::bounds::{LONGEST, STACK_BYTES};
use super::dash::Known;
use super::run::{Task, run};
use super::script::Script;
use super::verdict::timed_out;
use crate::live::Live;

/// How long after its timeout a script is waited for. The interpreter looks at the time between
/// two steps; what takes longer is one long command, which is left to itself.
const LATE: Duration = Duration::from_millis(500);

/// Runs a command to its end, its timeout, or the machine's end.
pub(crate) async fn execute(live: Arc<Live>, command: Command) -> Result<Output, GuestError> {
    let mut ended = live.ended.subscribe();
    let slot = tokio::select! {
        biased;
        ending = end_of(&mut ended) => return Err(GuestError::Ended(ending)),
        slot = Arc::clone(&live.slots).acquire_owned() => {
            slot.map_err(|error| GuestError::Failed(error.to_string()))?
        }
    };
    // Counted as running until it can't change anything any more.
    let _ticket = live.gate.enter().await;
    let cwd = enter(&live, command.cwd.as_deref())?;
    let timeout = command.timeout.min(LONGEST);
    let given = live.boot.env.iter().chain(command.env.iter());
    let known = Known::given(given.map(|(name, _)| name.to_owned()).collect());
    let script = Arc::new(Script::new(Arc::clone(&live), known));
    let task = Task { text: command.script, cwd, env: command.env, timeout };
    let (done, result) = oneshot::channel();
    let thread = Arc::clone(&script);
    thread::Builder::new()
        .name("leap0-command".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let output = run(&thread, task);
            // Nobody listens once the script is over.
            let _unheard = done.send(output);
            drop(slot);
        })
        .map_err(|error| GuestError::Failed(format!("no thread for a command: {error}")))?;
    tokio::select! {
        biased;
        output = result => match script.refused() {
            // It ended because of the machine's end, which its output would hide.
            Some(ending) => Err(GuestError::Interrupted(ending)),
            None => output.map_err(|_| GuestError::Failed("the shell panicked".to_owned())),
        },
        ending = end_of(&mut ended) => {
            script.stop();
            Err(GuestError::Interrupted(ending))
        }
        () = sleep(timeout.saturating_add(LATE)) => {
            script.stop();
            Ok(timed_out(&script, timeout))
        }
    }
}

/// Returns once the machine has ended.
async fn end_of(ended: &mut watch::Receiver<Option<Ending>>) -> Ending {
    let ending = ended.wait_for(Option::is_some).await.ok().and_then(|ending| *ending);
    ending.unwrap_or(Ending::Lost)
}

/// The real path of the directory that a command starts in (PROC-04).
fn enter(live: &Live, cwd: Option<&str>) -> Result<String, GuestError> {
    let workdir = live.boot.template.workdir;
    let path = match cwd {
        None => workdir.to_owned(),
        Some(absolute) if absolute.starts_with('/') => absolute.to_owned(),
        Some(relative) => format!("{workdir}/{relative}"),
    };
    let entered = live.files.change(|tree| tree.enter(&path, live.caller()));
    entered.map_err(GuestError::Ended)?.map_err(|error: StoreError| {
        GuestError::NoSuchDirectory(format!("{}: {error}", cwd.unwrap_or(workdir)))
    })
}
