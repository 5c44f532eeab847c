//! Commands that a shell runs itself: which of bash's dash does not have, and which options.

use std::collections::HashMap;

use super::edits::Edits;
use super::inputs::Function;
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

/// What dash says of an option that it does not have.
#[derive(Debug, PartialEq, Eq)]
struct Illegal {
    status: u8,
    /// It ends the shell.
    ends: bool,
    words: String,
}

fn illegal(name: &str, args: &[Option<&str>]) -> Option<Illegal> {
    let ends = matches!(name, "export" | "local" | "readonly" | "set" | "trap" | "unset");
    let refuse =
        |words: String| Some(Illegal { status: 2, ends, words: format!("{name}: {words}") });
    let letters = |known: &str| {
        unknown_letter(args, known).and_then(|letter| refuse(format!("Illegal option -{letter}")))
    };
    match name {
        "set" => {
            unknown_setting(args).and_then(|option| refuse(format!("Illegal option {option}")))
        }
        "export" | "readonly" => letters("p").or_else(|| bad_variable(args).and_then(refuse)),
        "local" => bad_variable(args).and_then(refuse),
        "unset" => letters("fv"),
        "read" => letters("p:r"),
        "printf" => letters("").or_else(|| {
            let format = args.iter().flatten().find(|arg| **arg != "--")?;
            format.contains("%q").then(|| refuse("%q: invalid directive".to_owned()))?
        }),
        "wait" => letters(""),
        "hash" => letters("rv"),
        "jobs" => letters("lp"),
        "command" => letters("pvV"),
        "pwd" => letters("LP"),
        "alias" => letters("").map(|illegal| Illegal { status: 1, ..illegal }),
        "type" => {
            let option = args.first().copied().flatten().filter(|arg| arg.starts_with('-'))?;
            Some(Illegal { status: 127, ends: false, words: format!("{option}: not found") })
        }
        "trap" => letters("").or_else(|| {
            let signals = if args.len() > 1 { &args[1..] } else { args };
            let bad = signals.iter().flatten().find(|signal| is_bad_signal(signal))?;
            let words = format!("trap: {bad}: bad trap");
            Some(Illegal { status: 1, ends: false, words })
        }),
        "kill" => {
            let first = args.first().copied().flatten()?;
            match first.strip_prefix("-SIG") {
                Some(_) => refuse("Illegal option -S".to_owned()),
                None if first == "-s" => {
                    let signal = args.get(1).copied().flatten()?;
                    let bad = signal.starts_with("SIG");
                    bad.then(|| refuse(format!("invalid signal number or name: {signal}")))?
                }
                None => None,
            }
        }
        "exec" => {
            let option = args.first().copied().flatten().filter(|arg| arg.starts_with('-'))?;
            let words = format!("exec: {option}: not found");
            (option != "--").then_some(Illegal { status: 127, ends: true, words })
        }
        _ => None,
    }
}

/// The first letter of an option that is not among `known`; one with a colon takes a value.
fn unknown_letter(args: &[Option<&str>], known: &str) -> Option<char> {
    let mut args = args.iter();
    while let Some(Some(arg)) = args.next() {
        let letters = arg.strip_prefix('-').filter(|rest| !rest.is_empty() && *rest != "-")?;
        for (at, letter) in letters.char_indices() {
            let place = known.find(letter).filter(|_| letter != ':');
            let Some(place) = place else { return Some(letter) };
            if known[place + 1..].starts_with(':') {
                if at + 1 == letters.len() {
                    args.next();
                }
                break;
            }
        }
    }
    None
}

/// An option of `set` that dash does not have.
fn unknown_setting(args: &[Option<&str>]) -> Option<String> {
    const LETTERS: &str = "efImnsxvVECabupi";
    const NAMES: [&str; 19] = [
        "allexport",
        "debug",
        "emacs",
        "errexit",
        "ignoreeof",
        "interactive",
        "monitor",
        "noclobber",
        "noexec",
        "noglob",
        "nolog",
        "notify",
        "nounset",
        "privileged",
        "stdin",
        "verbose",
        "vi",
        "xtrace",
        "debug",
    ];
    let mut args = args.iter();
    while let Some(Some(arg)) = args.next() {
        let sign = arg.chars().next().filter(|sign| "+-".contains(*sign))?;
        let letters = &arg[1..];
        if letters.is_empty() || letters == "-" {
            return None;
        }
        for letter in letters.chars() {
            if letter == 'o' {
                if let Some(name) = args.next().copied().flatten()
                    && !NAMES.contains(&name)
                {
                    return Some(format!("{sign}o {name}"));
                }
            } else if !LETTERS.contains(letter) {
                return Some(format!("{sign}{letter}"));
            }
        }
    }
    None
}

/// What dash says of an operand that names no variable.
fn bad_variable(args: &[Option<&str>]) -> Option<String> {
    args.iter().flatten().filter(|arg| **arg != "-" && **arg != "--" && **arg != "-p").find_map(
        |arg| {
            let name = arg.split('=').next().unwrap_or_default();
            (!is_name(name)).then(|| format!("{name}: bad variable name"))
        },
    )
}

fn is_bad_signal(name: &str) -> bool {
    name.starts_with("SIG") || ["DEBUG", "ERR", "RETURN"].contains(&name)
}
