//! How a script starts others: a `sh`, a file by its path, one that is read by `.`, and text by
//! `eval` or `trap`. Each is looked at before the interpreter reads it.

use std::path::Path;

use bashkit::normalize_path;
use leap0_files::StoreError;

use super::dash::{
    self, Demand, EXPECT, IN, IS_SH, Input, Part, REACHED, REFUSE, RUN, gather, quote, translate,
};
use super::kept::STAND_IN;
use super::script::Script;
use crate::tree::{Contents, Links, Node, Right};

/// Runs what its input has, all of which it reads first.
const ALL_INPUT: &str = "eval \"$(cat)\" < /dev/null";
/// What makes the interpreter a `sh`.
const POSIX: [&str; 2] = ["-o", "posix"];

/// What `sh` is given in place of its arguments.
pub(super) fn shell(script: &Script, args: &[String]) -> Vec<String> {
    let Some(first) = args.first() else { return from_input(&[], &[]) };
    if let Some(directory) = first.strip_prefix(RUN) {
        return match args.get(1) {
            Some(path) => by_path(script, directory, path, &args[2..]),
            None => from_input(&[], &[]),
        };
    }
    let (directory, args) = match first.strip_prefix(IN) {
        Some(directory) => (Some(directory), &args[1..]),
        None => (None, args),
    };
    let options = options(args);
    let (given, operands) = args.split_at(options.end);
    let mut passed = posix();
    passed.extend(given.iter().filter(|option| *option != "-s" && *option != "-").cloned());
    if options.is_text {
        passed.extend(operands.iter().enumerate().map(|(index, operand)| {
            if index == 0 { translated(script, operand, Input::Unknown) } else { operand.clone() }
        }));
        return passed;
    }
    let Some(file) = operands.first().filter(|_| !options.is_input) else {
        return from_input(given, operands);
    };
    let Some(path) = place(directory, file) else {
        passed.extend_from_slice(operands);
        return passed;
    };
    let text = match read(script, &path) {
        Ok(text) => translated(script, &text, Input::Unknown),
        Err(words) => refusal(2, &format!("0: cannot open {file}: {words}")),
    };
    passed.extend(["-c".to_owned(), text]);
    passed.extend_from_slice(operands);
    passed
}

/// What `.` is given in place of its arguments.
pub(super) fn dot(script: &Script, mut args: Vec<String>) -> Vec<String> {
    let Some(directory) = args.first().and_then(|first| first.strip_prefix(IN)) else {
        return args;
    };
    let directory = directory.to_owned();
    args.remove(0);
    // Its parameters are those of the script around it.
    args.truncate(1);
    let Some(file) = args.first() else { return args };
    if !file.contains('/') {
        args[0] = script.kept.keep(refusal(2, &format!(".: {file}: not found")));
        return args;
    }
    let Some(path) = place(Some(&directory), file) else { return args };
    match read(script, &path) {
        Ok(text) => {
            let run = translate(&text, &mut script.known(), Input::Unknown).text();
            if run != text {
                args[0] = script.kept.keep(run);
            }
        }
        Err(words) => {
            let words = format!(".: cannot open {}: {words}", args[0]);
            args[0] = script.kept.keep(refusal(2, &words));
        }
    }
    args
}

/// What is run in place of a text by a shell that is either.
pub(super) fn either(script: &Script, text: &str) -> String {
    let known = &mut script.known();
    either_of(translate(text, known, Input::Unknown).text(), &gather(text, known))
}

/// What `eval` runs in place of a text. Where an error in it ends a `sh`, the interpreter would only
/// go on after the text.
pub(super) fn evaluated(script: &Script, text: &str) -> String {
    let translated = translate(text, &mut script.known(), Input::Unknown);
    let mut run = translated.text();
    let is_read = matches!(&translated.parts[..], [part] if part.is_read);
    if is_read && !translated.returns && !run.ends_with('\\') {
        run = read_to_end(script, &run);
    }
    either_of(run, &gather(text, &mut script.known()))
}

/// Reads lines as a file, and ends the shell where an error has ended that.
fn read_to_end(script: &Script, text: &str) -> String {
    let reached = script.kept.keep(String::new());
    let kept = script.kept.keep(format!("{text}\n{REACHED} $? {reached}\n"));
    format!(". {kept}\n{EXPECT} $? {reached}\n")
}

fn either_of(run: String, gathered: &str) -> String {
    if run == gathered {
        return run;
    }
    format!("if {IS_SH}; then\n{run}\nelse\n{gathered}\nfi")
}

/// What `bash` is given in place of its arguments.
pub(super) fn bash(script: &Script, args: &[String]) -> Vec<String> {
    let (directory, args) = match args.first().and_then(|first| first.strip_prefix(IN)) {
        Some(directory) => (Some(directory), &args[1..]),
        None => (None, args),
    };
    let options = options(args);
    let mut passed = args.to_vec();
    if !options.is_text && (options.is_input || options.end == args.len()) {
        passed.splice(options.end..options.end, ["-c", ALL_INPUT, "bash"].map(str::to_owned));
        return passed;
    }
    let Some(operand) = passed.get_mut(options.end) else { return passed };
    if options.is_text {
        *operand = gather(operand, &mut script.known());
    } else if let Some(path) = place(directory, operand)
        && let Ok(text) = read(script, &path)
    {
        read_as_bash(script, &path, &text);
    }
    passed
}

/// Has the interpreter, which is about to read a script of `bash`, read what it is to run.
fn read_as_bash(script: &Script, path: &str, text: &str) {
    let gathered = gather(text, &mut script.known());
    if gathered != text {
        let path = normalize_path(Path::new(path)).to_string_lossy().into_owned();
        script.kept.replace_once(path, gathered);
    }
}

/// What a script reads of the input that it is started with.
pub(super) fn demand(script: &Script, path: &str) -> Demand {
    let Ok(text) = read(script, path) else { return Demand::Nothing };
    match Program::of(&text) {
        Program::Sh(_) => dash::demand(&text, false),
        Program::Bash(_) => dash::demand(&text, true),
        Program::Other(_) | Program::StandIn => Demand::Nothing,
    }
}

fn posix() -> Vec<String> {
    POSIX.map(str::to_owned).to_vec()
}

fn refusal(status: u8, words: &str) -> String {
    format!("{REFUSE} {status} exit {}", quote(words))
}

/// A script of `sh`, as it is given to `-c`.
pub(super) fn translated(script: &Script, text: &str, input: Input) -> String {
    let mut parts = translate(text, &mut script.known(), input).parts;
    if let [part] = &mut parts[..] {
        let text = std::mem::take(&mut part.text);
        return if part.is_read { format!(". {}", script.kept.keep(text)) } else { text };
    }
    let run = |part: &Part| {
        let is_read = part.is_read && !part.text.trim().is_empty();
        if is_read { read_to_end(script, &part.text) } else { part.text.clone() }
    };
    parts.iter().map(run).collect()
}

/// The arguments of a `sh` that reads its script from its input, all of it at once.
fn from_input(options: &[String], operands: &[String]) -> Vec<String> {
    let mut passed = posix();
    passed.extend(options.iter().filter(|option| *option != "-s" && *option != "-").cloned());
    passed.extend(["-c", ALL_INPUT, "sh"].map(str::to_owned));
    passed.extend_from_slice(operands);
    passed
}

/// What the options of `sh` say.
#[derive(Debug, Default)]
struct Options {
    /// Where they end.
    end: usize,
    is_text: bool,
    is_input: bool,
}

fn options(args: &[String]) -> Options {
    let mut options = Options::default();
    while let Some(arg) = args.get(options.end) {
        let Some(letters) = arg.strip_prefix(['-', '+']) else { break };
        options.end += 1;
        if letters.is_empty() || letters == "-" {
            break;
        }
        options.is_text |= letters.contains('c');
        options.is_input |= letters.contains('s');
        if letters.contains('o') {
            options.end = (options.end + 1).min(args.len());
        }
    }
    options
}

/// The path of a file, if it is known where it is looked for.
fn place(directory: Option<&str>, file: &str) -> Option<String> {
    if file.starts_with('/') {
        return Some(file.to_owned());
    }
    let directory = directory.filter(|directory| directory.starts_with('/'))?;
    Some(format!("{}/{file}", directory.trim_end_matches('/')))
}

/// A file's text, or why there is none.
fn read(script: &Script, path: &str) -> Result<String, &'static str> {
    let caller = script.live.caller();
    let data = script.live.files.look(|tree| match tree.read(path, caller) {
        Ok(Contents::Data(data)) => Ok(data.to_vec()),
        Ok(Contents::Device(_)) => Ok(Vec::new()),
        Err(StoreError::Denied) => Err("Permission denied"),
        Err(StoreError::IsADirectory) => Err("Is a directory"),
        Err(_) => Err("No such file"),
    })?;
    Ok(String::from_utf8_lossy(&data).into_owned())
}

/// The arguments of a `sh` that does what the kernel would do with the file.
fn by_path(script: &Script, directory: &str, path: &str, args: &[String]) -> Vec<String> {
    let fail = |status, words: &str| {
        let mut passed = posix();
        passed.extend(["-c".to_owned(), refusal(status, &format!("1: {path}: {words}"))]);
        passed
    };
    let Some(place) = place(Some(directory), path) else { return fail(127, "not found") };
    let caller = script.live.caller();
    let (found, executable) = script.live.files.look(|tree| {
        let found = tree.find(&place, Links::Follow, caller).map(Node::is_directory);
        (found, tree.access(&place, Right::Execute, caller))
    });
    match found {
        Err(StoreError::Denied) | Ok(true) => return fail(126, "Permission denied"),
        Err(_) => return fail(127, "not found"),
        Ok(false) if !executable => return fail(126, "Permission denied"),
        Ok(false) => {}
    }
    let text = match read(script, &place) {
        Ok(text) => text,
        Err(words) => return fail(126, words),
    };
    let mut passed = Vec::new();
    match Program::of(&text) {
        Program::Sh(options) => {
            passed.extend(posix());
            passed.extend(options);
            passed.extend(["-c".to_owned(), translated(script, &text, Input::Unknown)]);
        }
        Program::Bash(options) => {
            passed.extend(options);
            passed.push("--".to_owned());
            read_as_bash(script, &place, &text);
        }
        Program::Other(command) => {
            passed.extend(["-c".to_owned(), format!("exec {command} \"$0\" \"$@\"")]);
        }
        Program::StandIn => passed.extend(["-c".to_owned(), text]),
    }
    passed.push(path.to_owned());
    passed.extend_from_slice(args);
    passed
}

/// What runs a file.
enum Program {
    Sh(Vec<String>),
    Bash(Vec<String>),
    /// Another command, quoted.
    Other(String),
    /// A command of the interpreter.
    StandIn,
}

impl Program {
    /// By the first line of the file.
    fn of(text: &str) -> Self {
        if text.starts_with(STAND_IN) {
            return Self::StandIn;
        }
        let first = text.lines().next().unwrap_or_default();
        let Some(line) = first.strip_prefix("#!") else { return Self::Sh(Vec::new()) };
        let mut words = line.split_whitespace().map(ToOwned::to_owned).peekable();
        let name = |path: String| path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut program = words.next().map(name).unwrap_or_default();
        if program == "env" {
            words.next_if(|word| word == "-S");
            program = words.next().map(name).unwrap_or_default();
        }
        let options: Vec<String> = words.collect();
        match program.as_str() {
            "sh" | "dash" => Self::Sh(options),
            "bash" => Self::Bash(options),
            _ => {
                let words = std::iter::once(&program).chain(&options).map(|word| quote(word));
                Self::Other(words.collect::<Vec<_>>().join(" "))
            }
        }
    }
}
