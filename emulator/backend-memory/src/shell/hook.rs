//! What happens between any two commands of a script.

use std::sync::Arc;

use bashkit::hooks::{HookAction, Interceptor, ToolEvent};

use super::script::{Bound, Script};
use super::{children, commands, depth};

/// Widest field that the interpreter's `printf` pads.
const MAX_WIDTH: u64 = 10_000;

/// Waits while a snapshot is taken (PROC-11), and refuses what the interpreter would silently get
/// wrong: links that are not symbolic, `..` after a symbolic link, widths beyond its bound.
pub(super) fn between_commands(script: Arc<Script>) -> Interceptor<ToolEvent> {
    Box::new(move |mut event| {
        if !script.is_over() {
            script.live.gate.pass();
        }
        script.note_command(&event.name);
        if depth::is_too_deep() {
            let _cancelled = script.meet(Bound::TooDeep);
            return HookAction::Cancel("nested too deep".to_owned());
        }
        match event.name.as_str() {
            "sh" => event.args = children::shell(&script, &event.args),
            "bash" => event.args = children::bash(&script, &event.args),
            "eval" if event.args.first().is_some_and(|text| commands::is_watched(text)) => {}
            "eval" if event.args.first().is_some_and(|first| !first.starts_with('-')) => {
                event.args = vec![children::evaluated(&script, &event.args.join(" "))];
            }
            "trap" if event.args.len() > 1 && !event.args[0].starts_with('-') => {
                event.args[0] = children::either(&script, &event.args[0]);
            }
            "." => event.args = children::dot(&script, event.args),
            "ln" if is_hard(&event.args) => return refuse(&script, "ln: hard links"),
            "link" => return refuse(&script, "link: hard links"),
            // Characters are bytes to Debian's.
            "tr" if event.args.iter().any(|arg| !arg.is_ascii()) => {
                return refuse(&script, "tr: characters that are no bytes");
            }
            "printf" if is_wide(&event.args) => {
                return refuse(&script, "printf: a width above 10000");
            }
            name if commands::REPLACED.contains(&name) || name.starts_with("leap0-") => {}
            name if event.args.iter().any(|arg| climbs_from_link(&script, arg)) => {
                return refuse(&script, &format!("{name}: `..` after a symbolic link"));
            }
            _ => {}
        }
        HookAction::Continue(event)
    })
}

fn refuse(script: &Script, what: &str) -> HookAction<ToolEvent> {
    // A pipe or a redirection may hide the message, so that is not enough.
    script.stderr.take(format!("{what}: not supported here\n").as_bytes());
    HookAction::Cancel(what.to_owned())
}

/// Whether `ln` is asked for a hard link.
fn is_hard(args: &[String]) -> bool {
    !args.iter().take_while(|arg| *arg != "--").any(|arg| {
        let short = arg.starts_with('-') && !arg.starts_with("--") && arg.contains('s');
        short || arg == "--symbolic" || arg == "--help" || arg == "--version"
    })
}

/// Whether a format asks for more than the interpreter pads.
fn is_wide(args: &[String]) -> bool {
    let Some(format) = args.iter().find(|arg| *arg != "--") else { return false };
    let starred = format.contains('*') && args.iter().any(|arg| is_large(arg));
    let directives = format.split('%').skip(1);
    starred
        || directives.into_iter().any(|rest| {
            let end = rest.find(|c: char| !"-+ #'.0123456789".contains(c)).unwrap_or(rest.len());
            rest[..end].split(['.', '-', '+', ' ', '#', '\'']).any(is_large)
        })
}

fn is_large(number: &str) -> bool {
    let digits = number.trim_start_matches(['-', '0']);
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all && digits.parse().unwrap_or(u64::MAX) > MAX_WIDTH
}

/// Whether a path goes up from where a symbolic link leads. The interpreter's commands would go up
/// from where the link itself is.
fn climbs_from_link(script: &Script, path: &str) -> bool {
    // The value of `--file=..` is a path too.
    let path = path.split_once('=').map_or(path, |(_, value)| value);
    if !path.split('/').any(|part| part == "..") {
        return false;
    }
    script.visited().iter().any(|directory| {
        let whole =
            if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") };
        climbs(script, &whole)
    })
}

/// Whether an absolute path goes up from where a symbolic link leads.
pub(super) fn climbs(script: &Script, whole: &str) -> bool {
    if !whole.split('/').any(|part| part == "..") {
        return false;
    }
    let caller = script.live.caller();
    let mut here: Vec<&str> = Vec::new();
    for part in whole.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part != ".." {
            here.push(part);
            continue;
        }
        let at = format!("/{}", here.join("/"));
        let is_link = script.live.files.look(|tree| tree.read_link(&at, caller).is_ok());
        if is_link {
            return true;
        }
        here.pop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(args: &[&str]) -> bool {
        is_wide(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn widths_above_the_bound_are_seen_wherever_they_stand() {
        for args in [&["%20000s", "x"][..], &["%-5s%.99999f", "1"], &["%*s", "20000", "x"]] {
            assert!(wide(args), "{args:?}");
        }
        for args in [&["%10000s", "x"][..], &["%s", "99999"], &["100%"], &["%05d", "99999"], &[]] {
            assert!(!wide(args), "{args:?}");
        }
    }
}
