//! Names of commands: which of bash's dash does not have, and which name a program that is started.

use std::collections::HashMap;

use super::edits::Edits;
use super::inputs::Function;
use super::options::{Illegal, illegal};
use super::tokens::{Word, is_name};
use super::{IN, REFUSE, RUN, TRAPS, quote};

/// Commands of bash that are none in dash.
const OF_BASH: [&str; 22] = [
    "bind",
    "builtin",
    "caller",
    "compgen",
    "complete",
    "compopt",
    "declare",
    "dirs",
    "disown",
    "enable",
    "fc",
    "help",
    "history",
    "let",
    "logout",
    "mapfile",
    "popd",
    "pushd",
    "readarray",
    "shopt",
    "source",
    "time",
];
/// Where a system keeps its own commands.
const SYSTEM: [&str; 4] = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"];

/// Whether this is a command of bash that is none in dash.
pub(in crate::shell) fn is_of_bash(name: &str) -> bool {
    OF_BASH.contains(&name)
}

/// What a word before the name of a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assignment {
    None,
    OfBoth,
    OfBash,
}

pub(super) fn assignment(word: &[u8]) -> Assignment {
    let end = word.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
    let Some(end) = end else { return Assignment::None };
    let Some(name) = std::str::from_utf8(&word[..end]).ok().filter(|name| is_name(name)) else {
        return Assignment::None;
    };
    match &word[name.len()..] {
        [b'=', ..] => Assignment::OfBoth,
        [b'+', b'=', ..] => Assignment::OfBash,
        rest @ [b'[', ..] if rest.windows(2).any(|pair| pair == b"]=" || pair == b"]+") => {
            Assignment::OfBash
        }
        _ => Assignment::None,
    }
}

/// Writes a simple command so that what dash does not have is missed.
pub(super) fn edit(words: &[Word], functions: &HashMap<String, Function>, edits: &mut Edits) {
    let Some(first) = words.first() else { return };
    let name = first.value.as_deref();
    if name.is_some_and(|name| functions.contains_key(name)) {
        return;
    }
    let at = first.start;
    if let Some(name) = name.filter(|name| is_of_bash(name)) {
        return edits.insert(at, &format!("{REFUSE} 127 return '{name}: not found' "));
    }
    let values: Vec<Option<&str>> = words.iter().map(|word| word.value.as_deref()).collect();
    if let Some(name) = name
        && let Some(illegal) = illegal(name, &values[1..])
    {
        let Illegal { status, ends, words } = illegal;
        let how = if ends { "exit" } else { "return" };
        return edits.insert(at, &format!("{REFUSE} {status} {how} {} ", quote(&words)));
    }
    if name == Some("trap") && words.len() == 1 {
        let text = format!("{TRAPS} $$ \"$BASHPID\" \"$(trap)\"");
        return edits.replace(at, first.end, text.into_bytes());
    }
    if name == Some(".") && words.len() > 1 {
        return edits.insert(first.end, &format!(" {IN}\"$PWD\""));
    }
    if let Some(started) = started(words).and_then(|index| words.get(index)) {
        let is_found = name == Some("find") && started.value.as_deref() == Some("{}");
        if is_found {
            return edits.insert_for_both(started.start, &format!("sh {RUN}\"$PWD\" "));
        }
        start(started, edits);
    }
}

/// The word that names a program which is started, if it is not the interpreter's own.
pub(super) fn started(words: &[Word]) -> Option<usize> {
    let mut at = 0;
    loop {
        let plain = |at: usize| words.get(at).and_then(|word| word.value.as_deref());
        // After the options, of which those of one letter among `valued` take a value.
        let after = |mut at: usize, valued: &str| {
            while let Some(option) = plain(at).filter(|value| value.starts_with('-')) {
                let takes_value = option.len() == 2 && valued.contains(&option[1..]);
                at += if takes_value { 2 } else { 1 };
            }
            at
        };
        match plain(at) {
            Some("exec") => at += 1,
            Some("command") => match plain(at + 1) {
                Some("-p") => at += 2,
                Some(option) if option.starts_with('-') => return Some(at),
                _ => at += 1,
            },
            Some("env") => {
                at = after(at + 1, "uCS");
                while words.get(at).is_some_and(|word| word.assigns) {
                    at += 1;
                }
            }
            Some("nohup" | "setsid") => at = after(at + 1, ""),
            Some("nice") => at = after(at + 1, "n"),
            Some("stdbuf") => at = after(at + 1, "ioe"),
            Some("timeout") => at = after(at + 1, "ks") + 1,
            Some("flock") => at = after(at + 1, "wE") + 1,
            Some("xargs") => at = after(at + 1, "IndPLasE"),
            Some("find") => {
                let is_exec = |value| matches!(value, Some("-exec" | "-execdir"));
                let exec = (at..words.len()).find(|at| is_exec(plain(*at)))?;
                return Some(exec + 1).filter(|at| *at < words.len());
            }
            _ => return (at < words.len()).then_some(at),
        }
    }
}

/// The name of a command that is given by the path where a system keeps it.
pub(super) fn of_system(path: &str) -> Option<&str> {
    SYSTEM.iter().find_map(|prefix| path.strip_prefix(prefix))
}

fn start(word: &Word, edits: &mut Edits) {
    let path = word.value.as_deref();
    let system = path.and_then(of_system);
    match system.or(path) {
        Some("sh" | "dash") => {
            let text = format!("sh {IN}\"$PWD\"");
            edits.replace(word.start, word.end, text.into_bytes());
        }
        Some("bash") => {
            let text = format!("bash {IN}\"$PWD\"");
            edits.replace(word.start, word.end, text.into_bytes());
        }
        // `xargs -I` puts nothing in the name of the command.
        _ if path.is_some_and(|path| path.contains("{}")) => {}
        // In a script of `bash` it may be an assignment to an array.
        _ if edits.is_bash && path.is_none_or(|path| path.contains('=')) => {}
        _ if system.is_none() && word.has_slash => {
            edits.insert_for_both(word.start, &format!("sh {RUN}\"$PWD\" "));
        }
        _ => {}
    }
}
