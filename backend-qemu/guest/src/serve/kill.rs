//! Killing a command with all it has started.

use std::fs;
use std::thread;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How often what is left is looked for: a process that was killed may take a moment to go, and one
/// that was just being started is found the next time.
const PASSES: usize = 50;

/// Kills everything in the session that `leader` leads, or is about to. The leader must not have
/// been waited for yet.
///
/// What has started a session of its own is none of it, and stays.
pub(super) fn kill_session(leader: Pid) {
    // None of these fails but for there being nobody to kill. The leader by its own number, as it
    // may not have made its session yet.
    let _ = kill_process(leader, Signal::KILL);
    // In one go, so that nobody in the group escapes by starting another.
    let _ = kill_process_group(leader, Signal::KILL);
    // A shell with job control has made more groups.
    for _ in 0..PASSES {
        let members = members(leader);
        if members.is_empty() {
            return;
        }
        for member in members {
            let _ = kill_process(member, Signal::KILL);
        }
        thread::yield_now();
    }
}

/// Everyone alive in a session.
fn members(leader: Pid) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let member = |entry: fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read(entry.path().join("stat")).ok()?;
        (session(&stat)? == leader.as_raw_pid()).then(|| Pid::from_raw(pid))?
    };
    processes.flatten().filter_map(member).collect()
}

/// The session of a process by its `stat` file; none of one that is dead.
fn session(stat: &[u8]) -> Option<i32> {
    // The second field is the program's name in parentheses, and may hold anything.
    let behind_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = str::from_utf8(&stat[behind_name..]).ok()?.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    // Behind the state come parent, group and session.
    fields.nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_told_whatever_the_program_is_called() {
        assert_eq!(session(b"7 (sh) S 1 5 6 0 -1"), Some(6));
        assert_eq!(session(b"7 (a) Z 9 ) R 1 5 6 0 -1"), Some(6));
        assert_eq!(session(b"7 (\xff) R 1 5 6 0 -1"), Some(6));
        assert_eq!(session(b"7 (sh) Z 1 5 6 0 -1"), None);
        assert_eq!(session(b""), None);
    }
}
