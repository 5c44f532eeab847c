//! A program that does not go on when this one ends, however that comes about.
//!
//! A signal to one process is not enough: mmdebstrap waits for its helpers when it gets one. So it
//! has a process group of its own, and a shell in that group ends all of it as soon as the pipe
//! from here is closed, which the system does when this process is gone.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use crate::host::Host;

const LEASH: &str = r#"exec 3<&0
"$@" </dev/null 3<&- &
program=$!
{ read -r _; kill -s TERM 0; } <&3 >/dev/null 2>&1 &
watcher=$!
wait "$program"
status=$?
kill "$watcher"
exit "$status"
"#;

/// A call of that program. Whoever starts it must keep its standard input open until it has ended.
pub(crate) fn command(host: &Host, tool: &str) -> Command {
    let mut command = host.command("sh");
    command.args(["-c", LEASH, "sh", tool]).stdin(Stdio::piped()).process_group(0);
    command
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _};

    use super::*;
    use crate::Cache;

    fn sh(script: &str) -> Command {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::look(&Cache::open(Some(folder.path().into())).unwrap()).unwrap();
        let mut command = command(&host, "sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        command
    }

    #[test]
    fn how_the_program_ends_is_how_the_call_ends() {
        let mut child = sh("exit 7").spawn().unwrap();
        let _leash = child.stdin.take();
        assert_eq!(child.wait().unwrap().code(), Some(7));
    }

    #[test]
    fn the_program_and_its_helpers_end_when_the_leash_is_let_go() {
        let mut child = sh("sleep 1000 & echo started; wait").spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        printed.read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        drop(child.stdin.take());
        // The end of the file means that nobody has it open: not even the helper.
        assert_eq!(printed.read_to_end(&mut vec![]).unwrap(), 0);
        assert!(!child.wait().unwrap().success());
    }
}
