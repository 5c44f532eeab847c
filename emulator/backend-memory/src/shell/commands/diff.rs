//! `diff`: the interpreter's own, which tells no times after the names of files; they are added.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, ExecutionPlan, Result, SubCommand};

use super::{absolute, moment};
use crate::shell::dash::quote;
use crate::shell::kept::Kept;
use crate::shell::script::Script;
use crate::tree::Links;

/// The command that adds them.
pub(super) const DATE: &str = "leap0-date";

pub(super) struct Diff(pub(super) Arc<Script>);

/// Prints what `diff` has found, with the times of two files.
pub(super) struct Date(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Diff {
    async fn execute(&self, _ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        Ok(ExecResult::err("diff: not run\n", 2))
    }

    async fn execution_plan(&self, ctx: &BuiltinContext<'_>) -> Result<Option<ExecutionPlan>> {
        let mut command = SubCommand {
            name: Kept::command("diff"),
            args: ctx.args.to_vec(),
            stdin: ctx.stdin.cloned(),
            assignments: Vec::new(),
        };
        if let Some((old, new)) = files(ctx.args) {
            let found = self.0.kept.keep(String::new());
            let args: Vec<String> = ctx.args.iter().map(|arg| quote(arg)).collect();
            let run = format!("{} {} > {found}", command.name, args.join(" "));
            let tell = format!("{found} {} {}", quote(old), quote(new));
            // As a condition, so that `set -e` does not end it.
            let script = format!("if {run}; then {DATE} 0 {tell}; else {DATE} $? {tell}; fi");
            command = SubCommand { name: "eval".to_owned(), args: vec![script], ..command };
        }
        Ok(Some(ExecutionPlan::Batch { commands: vec![command] }))
    }
}

/// The two files that are compared, if no labels stand for them.
fn files(args: &[String]) -> Option<(&str, &str)> {
    let is_option = |arg: &&String| arg.len() > 1 && arg.starts_with('-');
    if args.iter().any(|arg| arg.starts_with("--label") || arg == "-L") {
        return None;
    }
    match args.iter().filter(|arg| !is_option(arg)).collect::<Vec<_>>()[..] {
        [old, new] => Some((old, new)),
        _ => None,
    }
}

#[async_trait]
impl Builtin for Date {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [status, found, old, new] = ctx.args else {
            return Ok(ExecResult::err("diff: not told\n", 2));
        };
        let caller = self.0.live.caller();
        let mut told = self.0.kept.take(found);
        let mut status = status.parse().unwrap_or(2);
        for (mark, file) in [("+++", new), ("---", old)] {
            let path = absolute(ctx.cwd, file);
            let modified = self.0.live.files.look(|tree| {
                tree.find(&path, Links::Follow, caller).ok().map(|node| node.stamp.modified)
            });
            if modified.is_none() && file != "-" {
                // The interpreter's own takes it for a difference.
                status = 2;
            }
            let line = format!("{mark} {file}\n");
            if let Some(at) = told.windows(line.len()).position(|part| part == line.as_bytes()) {
                let end = at + line.len() - 1;
                let time = moment::full(modified.unwrap_or(caller.now));
                told.splice(end..end, format!("\t{time}").into_bytes());
            }
        }
        let mut result = ExecResult::ok_bytes(short_ranges(&told));
        result.exit_code = status;
        Ok(result)
    }
}

/// Ranges of one line without its count, as GNU writes them.
fn short_ranges(told: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(told.len());
    for line in told.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b"@@ -") {
            written.extend_from_slice(line);
            continue;
        }
        for part in line.split_inclusive(|byte| *byte == b' ') {
            written.extend_from_slice(part.strip_suffix(b",1 ").unwrap_or(part));
            if part.ends_with(b",1 ") {
                written.push(b' ');
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_one_line_has_no_count() {
        let told = b"@@ -1,1 +11,2 @@\n-,1 x\n@@ -1,2 +3,1 @@ f\n";
        assert_eq!(short_ranges(told), b"@@ -1 +11,2 @@\n-,1 x\n@@ -1,2 +3 @@ f\n");
    }

    #[test]
    fn the_two_files_are_found_among_options() {
        for (line, two) in [
            ("-u a b", Some(("a", "b"))),
            ("-w a -", Some(("a", "-"))),
            ("a b", Some(("a", "b"))),
            ("-u --label x a b", None),
            ("-u a", None),
        ] {
            let args: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
            assert_eq!(files(&args), two, "{line}");
        }
    }
}
