//! `stat`: what the tree knows about a file, in a format of one's own, terse, or in full.

use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};

use super::ls::kind_letter;
use super::mode::rights;
use super::{absolute, complain, device_number, fail, moment};
use crate::shell::files::words;
use crate::shell::script::Script;
use crate::tree::{Body, Group, Links, Node, User};

pub(super) struct Stat(pub(super) Arc<Script>);

#[derive(Debug)]
struct Plan<'a> {
    links: Links,
    format: String,
    /// Escapes are told apart and no line is ended.
    printf: bool,
    files: Vec<&'a str>,
}

/// A file that is described.
struct File<'a> {
    shown: &'a str,
    node: &'a Node,
}

const TERSE: &str = "%n %s %b %f %u %g %D %i %h %t %T 0 %Y 0 %W %o";
const FULL: &str = "  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: 0,1\t\
                    Inode: %-11i Links: %h\nAccess: (%04a/%10.10A)  Uid: (%5u/%8U)   \
                    Gid: (%5g/%8G)\nAccess: -\nModify: %y\nChange: -\n Birth: %w";

#[async_trait::async_trait]
impl Command for Stat {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        if plan.files.is_empty() {
            return fail(&ctx, "missing operand", 1).await;
        }
        let live = &self.0.live;
        let mut failed = false;
        for shown in &plan.files {
            let path = absolute(ctx.cwd, shown);
            let caller = live.caller();
            let found = live.files.look(|tree| Ok(tree.find(&path, plan.links, caller)?.clone()));
            let node = match found {
                Ok(found) => found,
                Err(error) => {
                    let words = words(&error).1;
                    complain(&ctx, &format!("cannot statx '{shown}': {words}")).await?;
                    failed = true;
                    continue;
                }
            };
            let file = File { shown, node: &node };
            match file.print(&plan.format) {
                Ok(mut text) => {
                    if !plan.printf {
                        text.push('\n');
                    }
                    ctx.stdout.write_all(text.as_bytes()).await?;
                }
                Err(directive) => {
                    return fail(&ctx, &format!("unsupported directive '{directive}'"), 1).await;
                }
            }
        }
        Ok(CommandStatus::with_code(i32::from(failed)))
    }
}

impl<'a> Plan<'a> {
    fn parse(args: &'a [String]) -> std::result::Result<Self, String> {
        let (mut links, mut format, mut printf) = (Links::Keep, None, false);
        let (mut files, mut options) = (Vec::new(), true);
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg {
                "--" if options => options = false,
                "-L" | "--dereference" if options => links = Links::Follow,
                "-t" | "--terse" if options => format = Some(TERSE.to_owned()),
                "-c" | "--format" if options => {
                    let text = args.next().ok_or("option requires an argument -- 'c'")?;
                    format = Some(text.to_owned());
                }
                "-Lc" if options => {
                    links = Links::Follow;
                    let text = args.next().ok_or("option requires an argument -- 'c'")?;
                    format = Some(text.to_owned());
                }
                _ if options && arg.starts_with("--format=") => {
                    format = Some(arg[9..].to_owned());
                }
                _ if options && arg.starts_with("--printf=") => {
                    format = Some(unescape(&arg[9..]));
                    printf = true;
                }
                _ if options && arg.starts_with("-c") => format = Some(arg[2..].to_owned()),
                _ if options && arg.len() > 1 && arg.starts_with('-') => {
                    return Err(format!("unsupported option '{arg}'"));
                }
                file => files.push(file),
            }
        }
        Ok(Self { links, format: format.unwrap_or_else(|| FULL.to_owned()), printf, files })
    }
}

impl File<'_> {
    /// The text that a format gives; `Err` with a directive that is not known.
    fn print(&self, format: &str) -> std::result::Result<String, String> {
        let mut text = String::new();
        let mut rest = format;
        while let Some(at) = rest.find('%') {
            text.push_str(&rest[..at]);
            let directive = &rest[at + 1..];
            let flags = directive.find(|c: char| !"-+ 0#'.123456789".contains(c));
            let Some(flags) = flags else {
                // A lone sign at the end stands for itself.
                text.push_str(&rest[at..]);
                return Ok(text);
            };
            let letter = directive[flags..].chars().next().unwrap_or('%');
            let value = self.value(letter).ok_or_else(|| format!("%{letter}"))?;
            text.push_str(&padded(&value, &directive[..flags]));
            rest = &directive[flags + letter.len_utf8()..];
        }
        text.push_str(rest);
        Ok(text)
    }

    fn value(&self, letter: char) -> Option<String> {
        let Self { shown, node } = self;
        let stamp = node.stamp;
        let device = || match node.body {
            Body::Device(device) => device_number(device),
            Body::File(_) | Body::Directory(_) | Body::Link(_) => (0, 0),
        };
        Some(match letter {
            '%' => "%".to_owned(),
            'n' => (*shown).to_owned(),
            'N' => match &node.body {
                Body::Link(target) => format!("'{shown}' -> '{target}'"),
                Body::File(_) | Body::Directory(_) | Body::Device(_) => format!("'{shown}'"),
            },
            's' => node.size().to_string(),
            'b' => (node.size().next_multiple_of(4096) / 512).to_string(),
            'B' => "512".to_owned(),
            'o' => "4096".to_owned(),
            'F' => kind(node).to_owned(),
            'a' => format!("{:o}", stamp.mode),
            'A' => format!("{}{}", kind_letter(node), rights(stamp.mode)),
            'f' => format!("{:x}", raw_mode(node)),
            'u' => stamp.uid.to_string(),
            'U' => User(stamp.uid).name(),
            'g' => stamp.gid.to_string(),
            'G' => Group(stamp.gid).name(),
            // Only the last modification is known; who asks for another time is told so.
            'y' => moment::full(stamp.modified),
            'Y' => stamp.modified.as_secs().to_string(),
            'w' => "-".to_owned(),
            'W' => "0".to_owned(),
            'h' => node.links().to_string(),
            'i' => node.number.to_string(),
            'd' | 'D' => "1".to_owned(),
            't' => format!("{:x}", device().0),
            'T' => format!("{:x}", device().1),
            'm' => "/".to_owned(),
            _ => return None,
        })
    }
}

fn kind(node: &Node) -> &'static str {
    match &node.body {
        Body::File(data) if data.is_empty() => "regular empty file",
        Body::File(_) => "regular file",
        Body::Directory(_) => "directory",
        Body::Link(_) => "symbolic link",
        Body::Device(_) => "character special file",
    }
}

fn raw_mode(node: &Node) -> u32 {
    let kind = match node.body {
        Body::File(_) => 0o100_000,
        Body::Directory(_) => 0o040_000,
        Body::Link(_) => 0o120_000,
        Body::Device(_) => 0o020_000,
    };
    kind | node.stamp.mode
}

/// A value within the width and precision of a directive.
fn padded(value: &str, flags: &str) -> String {
    let digits = flags.trim_start_matches(['-', '+', ' ', '0', '#', '\'']);
    let signs = &flags[..flags.len() - digits.len()];
    let (width, precision) = digits.split_once('.').unwrap_or((digits, ""));
    let width = width.parse().unwrap_or(0);
    let value = match precision.parse() {
        Ok(precision) => value.chars().take(precision).collect(),
        Err(_) => value.to_owned(),
    };
    if signs.contains('-') {
        format!("{value:<width$}")
    } else if signs.contains('0') {
        format!("{value:0>width$}")
    } else {
        format!("{value:>width$}")
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some('0') => plain.push('\0'),
            Some(other) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use leap0_emulator_core::clock::Timestamp;

    use super::*;
    use crate::tree::Caller;

    fn printed(format: &str) -> std::result::Result<String, String> {
        let caller = Caller { uid: 1000, gid: 0, now: Timestamp::from_millis(1000) };
        let node = Node::file(caller.stamp(0o4640), b"abc".to_vec());
        File { shown: "f", node: &node }.print(format)
    }

    #[test]
    fn a_format_is_filled_in() {
        assert_eq!(printed("%n|%5s|%-5s|%a|%A"), Ok("f|    3|3    |4640|-rwSr-----".into()));
        assert_eq!(printed("%U:%G %u:%g %h%%"), Ok("user:root 1000:0 1%".into()));
        assert_eq!(
            printed("%Y %y %04a %"),
            Ok("1 1970-01-01 00:00:01.000000000 +0000 4640 %".into())
        );
        assert_eq!(printed("%F %f %.2A"), Ok("regular file 89a0 -r".into()));
    }

    #[test]
    fn a_directive_that_is_not_known_is_refused() {
        assert_eq!(printed("%q"), Err("%q".to_owned()));
    }
}
