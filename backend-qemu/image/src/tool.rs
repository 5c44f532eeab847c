//! Runs a program to its end, writes down what it says, and keeps its last words for the error.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::thread;

use crate::ImageError;
use crate::host::Host;

/// Runs it and gives what it printed. Each line of its standard error goes to `heard` too.
pub(crate) fn run(
    host: &Host,
    tool: &'static str,
    mut command: Command,
    heard: &mut dyn FnMut(&str),
) -> Result<String, ImageError> {
    let mut log = host.log()?;
    // What can't be logged is no reason to stop.
    let _ = writeln!(log, "$ {command:?}");
    let start = |source| ImageError::Start { tool, source };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(start)?;
    // Open until it has ended: see the leash.
    let stdin = child.stdin.take();
    let mut stdout = child.stdout.take().expect("piped");
    // Both at once: a program that fills one pipe while the other is read would wait for ever.
    let printed = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stdout.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let mut words = LastWords::default();
    for line in BufReader::new(child.stderr.take().expect("piped")).split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line);
        let _ = writeln!(log, "{line}");
        words.hear(&line);
        heard(&line);
    }
    let printed = printed.join().unwrap_or_default();
    let status = child.wait().map_err(start)?;
    drop(stdin);
    if status.success() {
        return Ok(printed);
    }
    let _ = writeln!(log, "{printed}\n{tool}: {status}");
    printed.lines().for_each(|line| words.hear_if_silent(line));
    Err(ImageError::Tool {
        tool,
        status: status.to_string(),
        said: words.say(),
        log: host.log_path().to_owned(),
    })
}

/// What a program said that failed: its errors if it marks them, else its last line.
#[derive(Debug, Default)]
struct LastWords {
    errors: Vec<String>,
    last: String,
    /// The one cause that programs report in the middle of much else.
    full: bool,
}

impl LastWords {
    /// Errors that are kept: the first ones are the cause.
    const MOST: usize = 3;

    fn hear(&mut self, line: &str) {
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        line.clone_into(&mut self.last);
        self.full |= line.contains("No space left on device");
        if let Some(error) = line.strip_prefix("E: ")
            && self.errors.len() < Self::MOST
        {
            self.errors.push(error.to_owned());
        }
    }

    fn hear_if_silent(&mut self, line: &str) {
        if self.errors.is_empty() && !line.trim().is_empty() {
            line.trim().clone_into(&mut self.last);
        }
    }

    fn say(self) -> String {
        if self.full {
            return "no space left on the device: a build takes about 1.2 GB".to_owned();
        }
        match (self.errors.is_empty(), self.last.is_empty()) {
            (false, _) => self.errors.join("; "),
            (true, false) => self.last,
            (true, true) => "it said nothing".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_errors_are_said_first_and_in_order() {
        let mut words = LastWords::default();
        for line in ["I: begun", "E: no route", "W: hm", "E: gave up", "", "done"] {
            words.hear(line);
        }
        assert_eq!(words.say(), "no route; gave up");
    }

    #[test]
    fn a_full_disk_is_named_whatever_follows_from_it() {
        let mut words = LastWords::default();
        for line in ["tar: a: Cannot write: No space left on device", "E: tar failed", "bye"] {
            words.hear(line);
        }
        assert!(words.say().contains("no space left"));
    }

    #[test]
    fn a_program_that_marks_nothing_is_quoted_with_its_last_line() {
        let mut words = LastWords::default();
        for line in ["one", "two", " "] {
            words.hear(line);
        }
        assert_eq!(words.say(), "two");
        assert_eq!(LastWords::default().say(), "it said nothing");
    }
}
