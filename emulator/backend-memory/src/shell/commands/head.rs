//! `head`: the first lines or bytes, also of what has no end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandInput, CommandStatus, Error, Result};

use super::{CHUNK_BYTES, Writer, complain, fail};
use crate::shell::devices;
use crate::shell::script::{Bound, Script};
use crate::tree::{Contents, Device};

pub(super) struct Head(pub(super) Arc<Script>);

/// How much of each file to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Lines(u64),
    Bytes(u64),
    AllButLines(u64),
    AllButBytes(u64),
}

#[derive(Debug, PartialEq, Eq)]
struct Plan<'a> {
    part: Part,
    files: Vec<&'a str>,
    /// Name each file: `None` where there are several.
    headers: Option<bool>,
}

/// Where bytes come from.
enum Source {
    Input(CommandInput),
    Data(Vec<u8>),
    Device(Device),
}

#[async_trait::async_trait]
impl Command for Head {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 1).await,
        };
        let headers = plan.headers.unwrap_or(plan.files.len() > 1);
        let mut writer = Writer::new(&ctx.stdout);
        let mut failed = false;
        for (index, file) in plan.files.iter().enumerate() {
            let source = match self.open(&ctx, file).await {
                Ok(source) => source,
                Err(Error::Io(error)) => {
                    failed = true;
                    complain(&ctx, &format!("cannot open '{file}' for reading: {error}")).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if headers {
                let name = if *file == "-" { "standard input" } else { file };
                let gap = if index > 0 { "\n" } else { "" };
                writer.write(format!("{gap}==> {name} <==\n").as_bytes()).await?;
            }
            self.copy(source, plan.part, &mut writer).await?;
        }
        let status = writer.finish().await?;
        Ok(if failed { CommandStatus::with_code(1) } else { status })
    }
}

impl Head {
    async fn open(&self, ctx: &CommandContext<'_>, file: &str) -> Result<Source> {
        if file == "-" {
            return Ok(Source::Input(ctx.stdin.clone()));
        }
        let path: PathBuf = ctx.cwd.join(file);
        if let Some(device) = self.device(&path) {
            return Ok(Source::Device(device));
        }
        Ok(Source::Data(ctx.fs.read_file(&path).await?))
    }

    fn device(&self, path: &Path) -> Option<Device> {
        let live = &self.0.live;
        live.files.look(|tree| match tree.read(path.to_str()?, live.caller()) {
            Ok(Contents::Device(device)) => Some(device),
            Ok(Contents::Data(_)) | Err(_) => None,
        })
    }

    async fn copy(&self, mut source: Source, part: Part, writer: &mut Writer<'_>) -> Result<()> {
        let (mut left, lines) = match part {
            Part::Bytes(bytes) => (bytes, false),
            Part::Lines(lines) => (lines, true),
            Part::AllButLines(_) | Part::AllButBytes(_) => {
                let mut all = Vec::new();
                while let Some(chunk) = source.next().await? {
                    all.extend_from_slice(&chunk);
                }
                writer.write(&all[..part.end_in(&all)]).await?;
                return Ok(());
            }
        };
        let mut taken = 0;
        while left > 0 {
            let Some(chunk) = source.next().await? else {
                return self.check_supply(&source, taken, left);
            };
            let end = if lines {
                let end = end_of_lines(&chunk, left);
                left -= count_lines(&chunk[..end]).min(left);
                end
            } else {
                let end = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
                left -= end as u64;
                end
            };
            taken += end;
            if !writer.write(&chunk[..end]).await? {
                break;
            }
        }
        Ok(())
    }

    /// Fails if the input may have ended only because an endless device was cut somewhere before.
    fn check_supply(&self, source: &Source, taken: usize, left: u64) -> Result<()> {
        // A device that was cut gives at least this much after a filter that lets one byte of 256
        // through; less is some other input, which ended by itself.
        let much = taken >= devices::READ_BYTES / 256;
        if matches!(source, Source::Input(_)) && left > 0 && much && self.0.read_a_device() {
            return Err(self.0.meet(Bound::DeviceCut));
        }
        Ok(())
    }
}

impl Source {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Input(input) => input.read_chunk().await,
            Self::Data(data) if data.is_empty() => Ok(None),
            Self::Data(data) => Ok(Some(std::mem::take(data))),
            Self::Device(Device::Null) => Ok(None),
            Self::Device(device) => {
                tokio::task::yield_now().await;
                Ok(Some(devices::read(*device, CHUNK_BYTES)?))
            }
        }
    }
}

impl Part {
    fn parse(count: &str, bytes: bool) -> std::result::Result<Self, String> {
        let what = if bytes { "bytes" } else { "lines" };
        let invalid = || format!("invalid number of {what}: '{count}'");
        let (all_but, digits) = match count.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, count.strip_prefix('+').unwrap_or(count)),
        };
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let factor: u64 = match &digits[end..] {
            "" => 1,
            "b" => 512,
            "kB" => 1000,
            "K" | "k" | "KiB" => 1 << 10,
            "MB" => 1_000_000,
            "M" | "m" | "MiB" => 1 << 20,
            "GB" => 1_000_000_000,
            "G" | "GiB" => 1 << 30,
            _ => return Err(invalid()),
        };
        let number: u64 = digits[..end].parse().map_err(|_| invalid())?;
        let number = number.saturating_mul(factor);
        Ok(match (all_but, bytes) {
            (false, false) => Self::Lines(number),
            (false, true) => Self::Bytes(number),
            (true, false) => Self::AllButLines(number),
            (true, true) => Self::AllButBytes(number),
        })
    }

    /// Where the part of `all` ends.
    fn end_in(self, all: &[u8]) -> usize {
        match self {
            Self::Bytes(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX).min(all.len()),
            Self::Lines(lines) => end_of_lines(all, lines),
            Self::AllButBytes(bytes) => {
                all.len().saturating_sub(usize::try_from(bytes).unwrap_or(usize::MAX))
            }
            Self::AllButLines(lines) => {
                let unfinished = u64::from(all.last().is_some_and(|last| *last != b'\n'));
                end_of_lines(all, (count_lines(all) + unfinished).saturating_sub(lines))
            }
        }
    }
}

impl<'a> Plan<'a> {
    fn parse(args: &'a [String]) -> std::result::Result<Self, String> {
        let mut plan = Self { part: Part::Lines(10), files: Vec::new(), headers: None };
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            let long = arg.strip_prefix("--");
            match arg {
                "--" => plan.files.extend(args.by_ref()),
                "-" => plan.files.push(arg),
                "-q" | "--quiet" | "--silent" => plan.headers = Some(false),
                "-v" | "--verbose" => plan.headers = Some(true),
                _ if !arg.starts_with('-') => plan.files.push(arg),
                _ => {
                    let unknown = || format!("unsupported option '{arg}'");
                    let (bytes, count) = match long {
                        Some(long) => match long.split_once('=') {
                            Some(("bytes", count)) => (true, count),
                            Some(("lines", count)) => (false, count),
                            Some(_) => return Err(unknown()),
                            None if long == "bytes" || long == "lines" => {
                                (long == "bytes", args.next().ok_or_else(unknown)?)
                            }
                            None => return Err(unknown()),
                        },
                        // `head -5`
                        None if arg[1..].bytes().all(|b| b.is_ascii_digit()) => (false, &arg[1..]),
                        None => {
                            let (bytes, count) = match arg.strip_prefix("-c") {
                                Some(count) => (true, count),
                                None => (false, arg.strip_prefix("-n").ok_or_else(unknown)?),
                            };
                            let next = if count.is_empty() { args.next() } else { Some(count) };
                            (bytes, next.ok_or_else(unknown)?)
                        }
                    };
                    plan.part = Part::parse(count, bytes)?;
                }
            }
        }
        if plan.files.is_empty() {
            plan.files.push("-");
        }
        Ok(plan)
    }
}

/// Where the first `lines` lines end.
fn end_of_lines(bytes: &[u8], lines: u64) -> usize {
    let mut left = lines;
    if left == 0 {
        return 0;
    }
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' {
            left -= 1;
            if left == 0 {
                return index + 1;
            }
        }
    }
    bytes.len()
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(args: &[&str]) -> std::result::Result<Part, String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        Plan::parse(&args).map(|plan| plan.part)
    }

    #[test]
    fn the_part_is_told_in_many_ways() {
        assert_eq!(part(&[]), Ok(Part::Lines(10)));
        for args in [&["-3"][..], &["-n3"], &["-n", "3"], &["--lines=3"], &["--lines", "3"]] {
            assert_eq!(part(args), Ok(Part::Lines(3)), "{args:?}");
        }
        assert_eq!(part(&["-c", "2K", "f"]), Ok(Part::Bytes(2048)));
        assert_eq!(part(&["-n", "-1"]), Ok(Part::AllButLines(1)));
        for wrong in [&["-n"][..], &["-n", "x"], &["-z"], &["-c", "1é"], &["-é"]] {
            assert!(part(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_part_of_what_is_shorter_is_all_of_it() {
        let all = b"a\nb\nc";
        assert_eq!(Part::Lines(2).end_in(all), 4);
        assert_eq!(Part::Lines(9).end_in(all), 5);
        assert_eq!(Part::Lines(0).end_in(all), 0);
        assert_eq!(Part::AllButLines(1).end_in(all), 4);
        assert_eq!(Part::AllButLines(9).end_in(all), 0);
        assert_eq!(Part::AllButBytes(1).end_in(all), 4);
    }
}
