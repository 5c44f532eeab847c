//! The bounds of one command. Its timeout is meant to be the one that is met; these keep a command
//! from taking the whole process with it until then. To meet one is an error, never a wrong answer.

use std::time::Duration;

use bashkit::{ExecutionLimits, MemoryLimits};

/// Commands that run at once in one sandbox; more wait for one of theirs to end.
pub(crate) const COMMANDS_AT_ONCE: usize = 64;
/// Bytes on standard output, and as many on standard error.
pub(super) const OUTPUT_BYTES: usize = 16 << 20;
/// Bytes of a script's text.
const SCRIPT_BYTES: usize = 16 << 20;
/// Simple commands that a script runs, and turns that its loops take.
const STEPS: usize = 1_000_000_000;
/// Bytes that all commands of a script read together.
const INPUT_BYTES: u64 = 1 << 40;
/// Bytes that a script holds at once: what flows through pipes and files that are being read.
const MEMORY_BYTES: u64 = 512 << 20;
/// Bytes of a file that a command may read; most read a file as a whole.
pub(super) const FILE_BYTES: usize = 256 << 20;
/// Bytes of a script's variables.
const VARIABLE_BYTES: usize = 64 << 20;
/// Variables, array entries and words.
const VARIABLES: usize = 4_000_000;
/// Longest time that a command is given, whatever its caller asks: 30 days.
pub(super) const LONGEST: Duration = Duration::from_hours(30 * 24);
/// Stack of a command's thread. The interpreter recurses for nested functions, substitutions and
/// subshells, each of which it bounds; the pages are only taken when used.
pub(super) const STACK_BYTES: usize = 64 << 20;

/// The bounds as they are told to clients.
pub(crate) const LIMITS: [(&str, u64); 9] = [
    ("commands_at_once", COMMANDS_AT_ONCE as u64),
    ("stdout_bytes", OUTPUT_BYTES as u64),
    ("stderr_bytes", OUTPUT_BYTES as u64),
    ("script_bytes", SCRIPT_BYTES as u64),
    ("script_steps", STEPS as u64),
    ("script_memory_bytes", MEMORY_BYTES),
    ("script_file_bytes", FILE_BYTES as u64),
    ("script_variable_bytes", VARIABLE_BYTES as u64),
    ("function_depth", 16),
];

/// The interpreter's bounds for a command that may take `timeout`.
pub(super) fn execution(timeout: Duration) -> ExecutionLimits {
    let memory = usize::try_from(MEMORY_BYTES).unwrap_or(usize::MAX);
    ExecutionLimits::new()
        .timeout(timeout)
        .parser_timeout(timeout)
        .max_input_bytes(SCRIPT_BYTES)
        .max_parser_operations(STEPS)
        .max_commands(STEPS)
        .max_loop_iterations(STEPS)
        .max_total_loop_iterations(STEPS)
        .max_work_units(u64::MAX)
        .max_aggregate_input_bytes(INPUT_BYTES)
        .max_live_intermediate_bytes(MEMORY_BYTES)
        // The bound on output is kept where it arrives, so that it is an error to meet it.
        .max_stdout_bytes(memory)
        .max_stderr_bytes(memory)
        .max_word_split_fields(VARIABLES)
        .max_word_split_bytes(memory)
        .max_history_entries(0)
}

/// The interpreter's bounds on what a script remembers.
pub(super) fn memory() -> MemoryLimits {
    MemoryLimits::new()
        .max_variable_count(VARIABLES)
        .max_array_entries(VARIABLES)
        .max_total_variable_bytes(VARIABLE_BYTES)
        .max_function_count(VARIABLES)
        .max_function_body_bytes(SCRIPT_BYTES)
}
