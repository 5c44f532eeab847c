//! `df`: the disk, and the memory below `/dev/shm` and `/run`.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, Result};

use super::absolute;
use crate::shell::script::Script;
use crate::tree::Links;

/// What holds files, where, and whether that is memory.
const MOUNTS: [(&str, &str, bool); 3] =
    [("/dev/vda1", "/", false), ("tmpfs", "/dev/shm", true), ("tmpfs", "/run", true)];
const UNITS: [char; 5] = ['K', 'M', 'G', 'T', 'P'];

pub(super) struct Df(pub(super) Arc<Script>);

#[async_trait]
impl Builtin for Df {
    async fn execute(&self, ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let (mut human, mut shown, mut complaints) = (false, Vec::new(), String::new());
        for arg in ctx.args {
            match arg.as_str() {
                "-h" => human = true,
                "-k" => human = false,
                "-P" | "--" => {}
                option if option.starts_with('-') => {
                    return Ok(ExecResult::err(format!("df: {option}: not supported here\n"), 1));
                }
                file => match self.mount(&absolute(ctx.cwd, file)) {
                    Some(mount) => shown.push(mount),
                    None => {
                        let _infallible =
                            writeln!(complaints, "df: {file}: No such file or directory");
                    }
                },
            }
        }
        let status = i32::from(!complaints.is_empty());
        if shown.is_empty() && status == 0 {
            shown = (0..MOUNTS.len()).collect();
        }
        let mut told = ExecResult::err(complaints, status);
        if !shown.is_empty() {
            told.stdout = self.table(&shown, human).into();
        }
        Ok(told)
    }
}

impl Df {
    /// Which of the mounts a file is in.
    fn mount(&self, path: &str) -> Option<usize> {
        let caller = self.0.live.caller();
        let real = self.0.live.files.look(|tree| {
            tree.find(path, Links::Follow, caller).ok()?;
            tree.real_path(path, Links::Follow, caller).ok()
        })?;
        let holds = |place: &str| {
            real.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        Some(MOUNTS.iter().skip(1).position(|(_, place, _)| holds(place)).map_or(0, |at| at + 1))
    }

    fn table(&self, shown: &[usize], human: bool) -> String {
        let (space, used) = self.0.live.files.look(|tree| (tree.space(), tree.used()));
        let size =
            |bytes: u64| if human { rounded(bytes) } else { bytes.div_ceil(1024).to_string() };
        let (blocks, free) = if human { ("Size", "Avail") } else { ("1K-blocks", "Available") };
        let mut table =
            format!("Filesystem {blocks:>11} {:>9} {free:>9} Use% Mounted on\n", "Used");
        for (name, place, is_memory) in shown.iter().map(|index| MOUNTS[*index]) {
            let (all, taken) =
                if is_memory { (space.memory, used.memory) } else { (space.disk, used.disk) };
            let part = (u128::from(taken) * 100).div_ceil(u128::from(all.max(1)));
            let _infallible = writeln!(
                table,
                "{name:<10} {:>11} {:>9} {:>9} {part:>3}% {place}",
                size(all),
                size(taken),
                size(all.saturating_sub(taken)),
            );
        }
        table
    }
}

/// A size in the largest unit of which it is more than one, rounded up.
fn rounded(bytes: u64) -> String {
    if bytes == 0 {
        return "0".to_owned();
    }
    let (mut unit, mut size) = (0, 1_u64 << 10);
    while unit + 1 < UNITS.len() && bytes >= size << 10 {
        (unit, size) = (unit + 1, size << 10);
    }
    let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(size));
    if tenths < 100 {
        return format!("{}.{}{}", tenths / 10, tenths % 10, UNITS[unit]);
    }
    format!("{}{}", tenths.div_ceil(10), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_as_df_rounds_them() {
        let cases = [(0, "0"), (1, "0.1K"), (4096, "4.0K"), (10_241, "11K"), (3 << 30, "3.0G")];
        for (bytes, told) in cases {
            assert_eq!(rounded(bytes), told);
        }
    }
}
