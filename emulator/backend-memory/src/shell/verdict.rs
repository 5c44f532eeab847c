//! What becomes of a script's end: an exit status as Linux would give it, and a note where a bound
//! was met.

use std::time::Duration;

use bashkit::{Error, ExecutionBudgetExceeded, LimitExceeded};
use leap0_emulator_core::backend::Output;

use super::bounds::{FILE_BYTES, OUTPUT_BYTES};
use super::dash;
use super::devices::READ_BYTES;
use super::script::{Bound, Script};

/// After the timeout (PROC-05), as `timeout(1)` gives it.
const TIMED_OUT: i32 = 124;
/// A script that is none.
const SYNTAX: i32 = 2;
/// 128 + `SIGKILL`, as the kernel ends what takes too much memory.
const OUT_OF_MEMORY: i32 = 137;
/// 128 + `SIGSEGV`, as a stack that is too deep ends.
const TOO_DEEP: i32 = 139;
/// 128 + `SIGXCPU`.
const TOO_MUCH_WORK: i32 = 152;
/// 128 + `SIGXFSZ`.
const TOO_MUCH_OUTPUT: i32 = 153;
/// Said where a script reads what it has not written yet.
const OWN_OUTPUT: &str = "sh: killed: a file was read into which a command that has not ended is \
     redirected: its output is written when it ends\n";
/// Said where nothing else tells that a file lacks what was written to it.
const LOST: &str = "sh: killed: a command was ended whose output is redirected to a file: it is \
     lost\n";
/// Said after the complaint of a command.
const CUT: &str = "sh: killed: a command's bound was met, see above\n";
/// Said where commands run each other without end.
const NESTED: &str = "sh: killed: commands that run each other nest too deep\n";
/// What the interpreter should not have done.
const INTERNAL: i32 = 125;

/// The output of a script that ended by itself, with the status of its last command or the reason
/// why there is none.
pub(super) fn finished(script: &Script, end: Result<i32, Error>, timeout: Duration) -> Output {
    if script.stdout.is_full() || script.stderr.is_full() {
        let note = format!("sh: killed: more than {OUTPUT_BYTES} bytes of output\n");
        return output(script, TOO_MUCH_OUTPUT, &note);
    }
    match script.met() {
        Some(Bound::FileTooLarge) => {
            let note = format!("sh: killed: a file of more than {FILE_BYTES} bytes was read\n");
            return output(script, OUT_OF_MEMORY, &note);
        }
        Some(Bound::DeviceCut) => return device_cut(script),
        Some(Bound::OutputLost) => return output(script, OUT_OF_MEMORY, LOST),
        Some(Bound::Climbs | Bound::Refused) => return output(script, SYNTAX, ""),
        Some(Bound::TooDeep) => return output(script, TOO_DEEP, NESTED),
        Some(Bound::OwnOutput) => return output(script, SYNTAX, OWN_OUTPUT),
        Some(Bound::CommandCut) => return output(script, TOO_MUCH_WORK, CUT),
        None => {}
    }
    match end {
        Ok(_) if script.stderr.tells_of_a_cut() => output(script, TOO_MUCH_WORK, CUT),
        Ok(_) if script.would_read_for_ever() => device_cut(script),
        Ok(0) if script.has_lost() => output(script, OUT_OF_MEMORY, LOST),
        Ok(status) => output(script, status, ""),
        Err(error) => match explain(&error) {
            Some((status, note)) => output(script, status, &format!("sh: {note}\n")),
            None => timed_out(script, timeout),
        },
    }
}

/// The output of a script that took the beginning of an endless device for all of it.
fn device_cut(script: &Script) -> Output {
    let note = format!("sh: killed: only {READ_BYTES} bytes of an endless device were read\n");
    output(script, TOO_MUCH_WORK, &note)
}

/// The output of a script whose time is up (PROC-05).
pub(super) fn timed_out(script: &Script, timeout: Duration) -> Output {
    output(script, TIMED_OUT, &format!("sh: killed: timeout of {timeout:?} reached\n"))
}

fn output(script: &Script, exit_code: i32, note: &str) -> Output {
    let mut stderr = traced(script.stderr.bytes());
    if !note.is_empty() && stderr.last().is_some_and(|last| *last != b'\n') {
        stderr.push(b'\n');
    }
    stderr.extend_from_slice(note.as_bytes());
    Output { exit_code, stdout: script.stdout.bytes(), stderr }
}

/// What `set -x` tells, without what stands in the script for what its author wrote.
fn traced(stderr: Vec<u8>) -> Vec<u8> {
    let is_own =
        |text: &str| text.starts_with("leap0-") || text.starts_with("eval 'if /dev/null/leap0/");
    let marks = [dash::IN, dash::RUN];
    let text = String::from_utf8_lossy(&stderr);
    if !text.lines().any(|line| line.starts_with('+') && line.contains("leap0")) {
        return stderr;
    }
    let mut told = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let command = line.trim_start_matches('+').trim_start();
        if !line.starts_with('+') || !line.contains("leap0") {
            told.push_str(line);
        } else if !is_own(command) && !command.starts_with("/dev/null/leap0/") {
            let is_mark = |word: &&str| marks.iter().any(|mark| word.starts_with(mark));
            let words = line.split(' ').filter(|word| !is_mark(word));
            told.push_str(&words.collect::<Vec<_>>().join(" "));
        }
    }
    told.into_bytes()
}

/// Status and reason of an error; `None` for the timeout.
fn explain(error: &Error) -> Option<(i32, String)> {
    Some(match error {
        Error::Parse { message, line, .. } if *line > 0 => {
            (SYNTAX, format!("{line}: Syntax error: {message}"))
        }
        Error::Parse { message, .. } => (SYNTAX, format!("Syntax error: {message}")),
        Error::ResourceLimit(limit) => return bound(limit),
        Error::Cancelled => (OUT_OF_MEMORY, "killed".to_owned()),
        other => (INTERNAL, other.to_string()),
    })
}

fn bound(limit: &LimitExceeded) -> Option<(i32, String)> {
    use LimitExceeded as Limit;
    let status = match limit {
        Limit::Timeout(_)
        | Limit::ParserTimeout(_)
        | Limit::ExecutionBudget(ExecutionBudgetExceeded::Deadline { .. }) => return None,
        Limit::Memory(_)
        | Limit::ExecutionBudget(ExecutionBudgetExceeded::LiveBytes { .. })
        | Limit::InputTooLarge(..)
        | Limit::MaxFileDescriptors(_)
        | Limit::MaxConcurrentJobs(_) => OUT_OF_MEMORY,
        Limit::MaxFunctionDepth(_)
        | Limit::MaxSubstDepth(_)
        | Limit::MaxSubshellDepth(_)
        | Limit::MaxPromptDepth(_)
        | Limit::MaxTrapDepth(_)
        | Limit::AstTooDeep(..) => TOO_DEEP,
        Limit::ExecutionBudget(
            ExecutionBudgetExceeded::WorkUnits { .. }
            | ExecutionBudgetExceeded::InputBytes { .. }
            | ExecutionBudgetExceeded::Cancelled
            | ExecutionBudgetExceeded::RequestClosed,
        )
        | Limit::MaxCommands(_)
        | Limit::MaxLoopIterations(_)
        | Limit::MaxTotalLoopIterations(_)
        | Limit::ParserExhausted(..)
        | Limit::SessionMaxCommands(_)
        | Limit::SessionMaxExecCalls(_) => TOO_MUCH_WORK,
    };
    Some((status, format!("killed: {limit}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_tells_what_the_author_wrote() {
        let trace = "+ sort f\n++ leap0-open 0 new f\n+ sh --leap0-run=/workspace ./s a\nleap0-x\n\
                     + leap0-gather\n+ echo done";
        let told = "+ sort f\n+ sh ./s a\nleap0-x\n+ echo done";
        assert_eq!(traced(trace.into()), told.as_bytes());
        assert_eq!(traced(b"+ a\xff\n".to_vec()), b"+ a\xff\n");
    }
}
