//! `tar`: the interpreter's own, which gives what it extracts the modes of new files; those of the
//! archive, and its times, are set afterwards.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, ExecutionPlan, Result, SubCommand};
use leap0_emulator_core::clock::Timestamp;

use super::absolute;
use super::bounded::SETTLE;
use crate::shell::dash::quote;
use crate::shell::kept::Kept;
use crate::shell::script::Script;
use crate::tree::{Contents, Links};

/// The command that sets modes and times.
pub(super) const RESTORE: &str = "leap0-restore";
/// Bytes of a record.
const RECORD: usize = 512;
/// What a compressed archive starts with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

pub(super) struct Tar(pub(super) Arc<Script>);

/// Sets what an archive, its input, tells of files that have been extracted.
pub(super) struct Restore(pub(super) Arc<Script>);

/// What is extracted, and how.
#[derive(Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
struct Extraction {
    extracts: bool,
    /// Names are told, which the interpreter takes for complaints.
    tells: bool,
    /// Into files, and not to standard output.
    to_output: bool,
    archive: Option<String>,
    directory: Option<String>,
    strip: usize,
    /// Modes without the umask.
    exactly: bool,
    /// Times of now.
    touches: bool,
    members: Vec<String>,
}

#[async_trait]
impl Builtin for Tar {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let words = Extraction::parse(ctx.args).err().unwrap_or_else(|| "not run".to_owned());
        Ok(ExecResult::err(format!("tar: {words}\n"), 2))
    }

    async fn execution_plan(&self, ctx: &BuiltinContext<'_>) -> Result<Option<ExecutionPlan>> {
        let Ok(extraction) = Extraction::parse(ctx.args) else { return Ok(None) };
        let mut command = SubCommand {
            name: Kept::command("tar"),
            args: ctx.args.to_vec(),
            stdin: ctx.stdin.cloned(),
            assignments: Vec::new(),
        };
        if extraction.extracts && !extraction.to_output {
            let script = self.script(&extraction, ctx);
            command = SubCommand { name: "eval".to_owned(), args: vec![script], ..command };
        }
        Ok(Some(ExecutionPlan::Batch { commands: vec![command] }))
    }
}

impl Tar {
    fn script(&self, extraction: &Extraction, ctx: &BuiltinContext<'_>) -> String {
        let args: Vec<String> = ctx.args.iter().map(|arg| quote(arg)).collect();
        let mut tar = format!("{} {}", Kept::command("tar"), args.join(" "));
        let (archive, start) = if let Some(file) = &extraction.archive {
            let path = absolute(ctx.cwd, file);
            let caller = self.0.live.caller();
            let start = self.0.live.files.look(|tree| match tree.read(&path, caller) {
                Ok(Contents::Data(data)) => data.iter().take(2).copied().collect::<Vec<u8>>(),
                Ok(Contents::Device(_)) | Err(_) => Vec::new(),
            });
            (file.clone(), start)
        } else {
            let data = ctx.stdin.map(|data| data.as_bytes().to_vec()).unwrap_or_default();
            let start = data.iter().take(2).copied().collect();
            let kept = self.0.kept.keep_bytes(data);
            let _infallible = write!(tar, " < {kept}");
            (kept, start)
        };
        let (unpack, archive) = if start == GZIP {
            let unpacked = self.0.kept.keep(String::new());
            let gzip = Kept::command("gzip");
            (format!("{gzip} -dc < {} > {unpacked}; ", quote(&archive)), unpacked)
        } else {
            (String::new(), quote(&archive))
        };
        let Extraction { tells, directory, strip, exactly, touches, members, .. } = extraction;
        let directory = quote(&absolute(ctx.cwd, directory.as_deref().unwrap_or(".")));
        let members: Vec<String> = members.iter().map(|member| quote(member)).collect();
        let members = members.join(" ");
        let restore =
            format!("{RESTORE} {directory} {strip} {exactly} {touches} {members} < {archive}");
        // As a condition, so that `set -e` does not end it.
        if !tells {
            return format!("if {tar}; then {unpack}{restore}; else (exit $?); fi");
        }
        let (told, cat) = (self.0.kept.keep(String::new()), Kept::command("cat"));
        format!(
            "if {tar} 2> {told}; then {unpack}{restore}; {cat} {told}; else {SETTLE} $? {told}; fi"
        )
    }
}

impl Extraction {
    fn parse(args: &[String]) -> std::result::Result<Self, String> {
        let mut extraction = Self::default();
        let mut rest = args.iter().enumerate();
        let value = |value: Option<(usize, &String)>, option: &str| {
            value
                .map(|(_, value)| value.clone())
                .ok_or(format!("option requires an argument -- '{option}'"))
        };
        let mut unknown = None;
        let mut directories = 0;
        while let Some((index, arg)) = rest.next() {
            if let Some(long) = arg.strip_prefix("--") {
                match long.split_once('=').unwrap_or((long, "")) {
                    ("extract" | "get", "") => extraction.extracts = true,
                    ("file", "") => extraction.archive = Some(value(rest.next(), "file")?),
                    ("file", file) => extraction.archive = Some(file.to_owned()),
                    ("directory", "") => {
                        directories += 1;
                        extraction.directory = Some(value(rest.next(), "directory")?);
                    }
                    ("directory", directory) => {
                        directories += 1;
                        extraction.directory = Some(directory.to_owned());
                    }
                    ("strip-components", count) => {
                        extraction.strip =
                            count.parse().map_err(|_| "invalid number of elements")?;
                    }
                    ("to-stdout", "") => extraction.to_output = true,
                    ("same-permissions" | "preserve-permissions", "") => extraction.exactly = true,
                    ("touch", "") => extraction.touches = true,
                    ("verbose", "") => extraction.tells = true,
                    ("gzip" | "overwrite" | "no-same-owner" | "same-owner", "") => {}
                    _ => unknown = Some(arg.clone()),
                }
                continue;
            }
            // The first word may be letters without a dash.
            let letters = match arg.strip_prefix('-') {
                Some(letters) if !letters.is_empty() => letters,
                None if index == 0 => arg.as_str(),
                _ => {
                    extraction.members.push(arg.clone());
                    continue;
                }
            };
            for (at, letter) in letters.char_indices() {
                let after = &letters[at + letter.len_utf8()..];
                match letter {
                    'x' => extraction.extracts = true,
                    'O' => extraction.to_output = true,
                    'p' => extraction.exactly = true,
                    'm' => extraction.touches = true,
                    'f' | 'C' => {
                        let is_joined = !after.is_empty() && arg.starts_with('-');
                        let value = if is_joined {
                            after.to_owned()
                        } else {
                            value(rest.next(), &letter.to_string())?
                        };
                        if letter == 'f' {
                            extraction.archive = Some(value);
                        } else {
                            directories += 1;
                            extraction.directory = Some(value);
                        }
                        if is_joined {
                            break;
                        }
                    }
                    'v' => extraction.tells = true,
                    'z' | 'c' | 't' | 'r' | 'u' | 'a' | 'k' | 'h' | 'P' => {}
                    _ => unknown = Some(format!("-{letter}")),
                }
            }
        }
        extraction.archive = extraction.archive.filter(|archive| archive != "-");
        match unknown {
            Some(option) if extraction.extracts => {
                Err(format!("{option} together with -x is not supported here"))
            }
            _ if extraction.extracts && directories > 1 => {
                Err("several -C are not supported here".to_owned())
            }
            _ => Ok(extraction),
        }
    }
}

#[async_trait]
impl Builtin for Restore {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let [directory, strip, exactly, touches, members @ ..] = ctx.args else {
            return Ok(ExecResult::err("tar: nothing to restore\n", 2));
        };
        self.0.follow_umask(ctx.variables);
        let strip: usize = strip.parse().unwrap_or(0);
        let caller = self.0.live.caller();
        let archive = ctx.stdin.map(|data| data.as_bytes().to_vec()).unwrap_or_default();
        // A directory after what is in it, which changes its time.
        for entry in entries(&archive).into_iter().rev() {
            let name = entry.name.trim_matches('/').trim_start_matches("./");
            let wanted = |member: &String| {
                let member = member.trim_matches('/').trim_start_matches("./");
                name == member || name.starts_with(&format!("{member}/"))
            };
            if !members.is_empty() && !members.iter().any(wanted) {
                continue;
            }
            let parts: Vec<&str> = name.split('/').skip(strip).collect();
            if parts.is_empty() {
                continue;
            }
            let path = format!("{directory}/{}", parts.join("/"));
            let mode =
                if exactly == "true" { entry.mode } else { self.0.masked(entry.mode & 0o777) };
            // What is not there was not extracted.
            let _absent = self.0.change(|tree| {
                tree.find(&path, Links::Keep, caller)?;
                if touches != "true" {
                    tree.set_modified(
                        &path,
                        Timestamp::from_millis(entry.modified * 1000),
                        caller,
                    )?;
                }
                tree.set_mode(&path, mode, caller)
            });
        }
        Ok(ExecResult::ok(""))
    }
}

/// What an archive tells of a file or directory.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    mode: u32,
    /// In seconds.
    modified: i64,
}

fn entries(archive: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let (mut at, mut long) = (0, None);
    while let Some(record) = archive.get(at..at + RECORD) {
        if record[0] == 0 {
            break;
        }
        let size = usize::try_from(number(&record[124..136])).unwrap_or(usize::MAX);
        let data = archive.get(at + RECORD..).unwrap_or_default();
        let data = &data[..size.min(data.len())];
        at = at.saturating_add(RECORD).saturating_add(size.div_ceil(RECORD).saturating_mul(RECORD));
        match record[156] {
            b'L' => long = Some(string(data)),
            b'x' => long = pax_path(data).or(long),
            b'0' | 0 | b'7' | b'5' => {
                let (name, prefix) = (string(&record[..100]), string(&record[345..500]));
                let is_ustar = &record[257..262] == b"ustar" && record[262] == 0;
                let whole =
                    if is_ustar && !prefix.is_empty() { format!("{prefix}/{name}") } else { name };
                entries.push(Entry {
                    name: long.take().unwrap_or(whole),
                    mode: u32::try_from(number(&record[100..108]) & 0o7777).unwrap_or(0),
                    modified: i64::try_from(number(&record[136..148])).unwrap_or(0),
                });
            }
            b'g' => {}
            _ => long = None,
        }
    }
    entries
}

/// The bytes up to the first that is zero.
fn string(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

fn number(field: &[u8]) -> u64 {
    u64::from_str_radix(string(field).trim(), 8).unwrap_or(0)
}

/// The path in the records `length key=value` of a file's own header.
fn pax_path(data: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(data);
    text.lines().find_map(|line| line.split_once(" path=").map(|(_, path)| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> std::result::Result<Extraction, String> {
        Extraction::parse(&line.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_extracted_is_told_in_many_ways() {
        for line in ["xzf a.tgz -C d", "-xzf a.tgz -Cd", "--extract --file=a.tgz --directory d -v"]
        {
            let extraction = parse(line).unwrap();
            assert!(extraction.extracts, "{line}");
            assert_eq!(extraction.archive.as_deref(), Some("a.tgz"), "{line}");
            assert_eq!(extraction.directory.as_deref(), Some("d"), "{line}");
        }
        assert_eq!(parse("xf - --strip-components=1 m").unwrap().members, ["m"]);
        assert!(!parse("-czf a.tgz --exclude=b c").unwrap().extracts);
        for wrong in ["xf a --exclude=b", "xf a -C b -C c", "-x -f", "xjf a"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_archive_tells_names_modes_and_times() {
        let mut record = vec![0; RECORD];
        record[..3].copy_from_slice(b"d/f");
        record[100..107].copy_from_slice(b"0000755");
        record[124..135].copy_from_slice(b"00000000003");
        record[136..147].copy_from_slice(b"00000001750");
        record[156] = b'0';
        let mut archive = record.clone();
        archive.extend([b'x'; RECORD]);
        archive.extend([0; RECORD]);
        let entry = Entry { name: "d/f".to_owned(), mode: 0o755, modified: 1000 };
        assert_eq!(entries(&archive), [entry]);
        assert_eq!(pax_path(b"11 path=a/b\n"), Some("a/b".to_owned()));
        assert_eq!(entries(b"short"), []);
    }
}
