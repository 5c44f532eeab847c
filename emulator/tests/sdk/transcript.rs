//! Shell sessions as documents show them, and the comparison of what is shown with what comes.
//!
//! A line that starts with `$ ` is a command, and one with `> ` continues it; the lines that
//! follow are its output. In output, `…` stands for anything, over several lines too.

use anyhow::{Result, bail, ensure};

/// Printed between the commands, to tell their outputs apart.
const DONE: &str = "@@ the command is done @@";

/// A command and the output that is shown for it.
pub(crate) struct Exchange {
    command: String,
    shown: String,
}

/// Reads a session.
pub(crate) fn parse(text: &str) -> Result<Vec<Exchange>> {
    let mut session: Vec<Exchange> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            session.push(Exchange { command: command.to_owned(), shown: String::new() });
            continue;
        }
        let Some(last) = session.last_mut() else { bail!("output before a command: {line:?}") };
        match line.strip_prefix("> ") {
            Some(more) if last.shown.is_empty() => last.command.extend(["\n", more]),
            _ => last.shown.extend([line, "\n"]),
        }
    }
    ensure!(!session.is_empty(), "the session has no command");
    Ok(session)
}

/// A script that runs the commands in one shell and marks where the output of each ends.
pub(crate) fn script(session: &[Exchange]) -> String {
    let commands =
        session.iter().map(|one| format!("{}\nprintf '\\n%s\\n' '{DONE}'\n", one.command));
    commands.fold("exec 2>&1\n".to_owned(), |script, command| script + &command)
}

/// Compares what the script printed with what is shown.
pub(crate) fn compare(session: &[Exchange], printed: &str) -> Result<()> {
    let mut outputs = printed.split_inclusive(DONE);
    for Exchange { command, shown } in session {
        let output = outputs.next().unwrap_or_default();
        let Some(output) = output.strip_suffix(DONE) else {
            bail!("`{command}` failed, and printed:\n{output}");
        };
        ensure!(
            matches(shown, output),
            "`{command}` printed:\n{output}\nwhere this is shown:\n{shown}"
        );
    }
    Ok(())
}

/// Whether `printed` is what is shown. Blank space at either end does not count.
pub(crate) fn matches(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (shown.trim(), printed.trim());
    let Some((start, rest)) = shown.split_once('…') else {
        return shown == printed;
    };
    let Some(mut unread) = printed.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('…').unwrap_or(("", rest));
    for part in middle.split('…') {
        match unread.split_once(part) {
            Some((_, after)) => unread = after,
            None => return false,
        }
    }
    unread.ends_with(end)
}

/// The comparison itself, tried on what it must refuse: a check that can't fail checks nothing.
pub(crate) fn differences_are_noticed() {
    let session = parse("$ one\nfirst …, last\n$ two \\\n> more\n$ three\n").expect("it is one");
    let commands: Vec<&str> = session.iter().map(|exchange| &*exchange.command).collect();
    assert_eq!(commands, ["one", "two \\\nmore", "three"]);

    let printed = |outputs: [&str; 3]| outputs.map(|output| format!("{output}\n{DONE}\n")).concat();
    let accepts = |outputs| compare(&session, &printed(outputs)).is_ok();
    assert!(accepts(["first 1, last", "", ""]));
    assert!(accepts(["first line\nand, last", "", ""]), "an ellipsis spans lines");
    assert!(!accepts(["first 1, latest", "", ""]), "another output");
    assert!(!accepts(["first 1, last", "unexpected", ""]), "output where none is shown");
    assert!(!accepts(["", "", ""]), "no output where some is shown");
    assert!(compare(&session, "first 1, last").is_err(), "the first command did not end");

    assert!(matches("a…b…c", "a1b2c") && matches("…", "") && matches("a…", "a\nb"));
    assert!(!matches("a…b…b", "ab") && !matches("a…c", "a1b") && !matches("a", "ab"));
}
