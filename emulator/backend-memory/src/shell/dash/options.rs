//! Options of the commands that a shell runs itself: which of bash's dash does not have.

use super::OPTIONS;
use super::parser::Parser;
use super::tokens::{Word, is_name};

/// Commands whose options are looked at.
const CHECKED: [&str; 17] = [
    "alias", "command", "exec", "export", "hash", "jobs", "kill", "local", "printf", "pwd", "read",
    "readonly", "set", "trap", "type", "unset", "wait",
];

/// What dash says where a command is given an option that it does not have.
pub(in crate::shell) fn complaint(name: &str, args: &[String]) -> Option<String> {
    let args: Vec<Option<&str>> = args.iter().map(|arg| Some(arg.as_str())).collect();
    illegal(name, &args).map(|illegal| illegal.words)
}

impl Parser<'_> {
    /// Has a simple command look at its options before it runs, where expansions may be some.
    pub(super) fn check_options(&mut self, words: &[Word]) {
        let [name, args @ .., last] = words else { return };
        let Some(name) = name.value.as_deref().filter(|name| CHECKED.contains(name)) else {
            return;
        };
        let args = || args.iter().chain([last]);
        let is_option = |word: &&Word| match word.value.as_deref() {
            Some(value) => value.starts_with('-') && value != "--",
            None => self.is_expansion(word) || self.text[word.start] == b'-',
        };
        let may_be = args().take_while(is_option).any(|word| word.value.is_none());
        let values: Vec<Option<&str>> = args().map(|word| word.value.as_deref()).collect();
        // What commands print is not asked for twice.
        if !may_be
            || illegal(name, &values).is_some()
            || !args().all(|word| self.written(word).is_some())
        {
            return;
        }
        let mut text = format!(" $({OPTIONS} $? {name}");
        for word in args() {
            text.push(' ');
            text.push_str(&String::from_utf8_lossy(&self.text[word.start..word.end]));
        }
        text.push(')');
        self.edits.insert(last.end, &text);
    }
}

/// What dash says of an option that it does not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Illegal {
    pub(super) status: u8,
    /// It ends the shell.
    pub(super) ends: bool,
    pub(super) words: String,
}

pub(super) fn illegal(name: &str, args: &[Option<&str>]) -> Option<Illegal> {
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
    const NAMES: [&str; 18] = [
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
