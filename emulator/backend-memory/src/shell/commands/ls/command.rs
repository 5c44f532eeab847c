//! What is listed, and in which order.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use bashkit::{Command, CommandContext, CommandStatus, Result};
use leap0_files::StoreError;

use super::format::{Entry, lines, quoted, total};
use super::plan::{Hidden, Layout, Mark, Order, Plan};
use crate::shell::commands::{Writer, absolute, complain, fail};
use crate::shell::files::words;
use crate::shell::script::Script;
use crate::tree::{Caller, Links, Tree};

pub(in crate::shell::commands) struct Ls(pub(in crate::shell::commands) Arc<Script>);

/// A directory that is still to be listed.
struct Pending {
    shown: String,
    path: String,
    /// Named on the command line: not to have it is worse than not to have one below.
    named: bool,
}

#[async_trait::async_trait]
impl Command for Ls {
    async fn execute(&self, ctx: CommandContext<'_>) -> Result<CommandStatus> {
        let plan = match Plan::parse(ctx.args) {
            Ok(plan) => plan,
            Err(words) => return fail(&ctx, &words, 2).await,
        };
        let live = &self.0.live;
        let caller = live.caller();
        let (mut status, mut files, mut pending) = (0, Vec::new(), Vec::new());
        for operand in &plan.operands {
            let path = absolute(ctx.cwd, operand);
            match live.files.look(|tree| named(tree, &plan, operand, &path, caller)) {
                Ok(entry) if entry.node.is_directory() && !plan.as_entry => {
                    pending.push(entry);
                }
                Ok(entry) => files.push(entry),
                Err(error) => {
                    let words = words(&error).1;
                    complain(&ctx, &format!("cannot access '{operand}': {words}")).await?;
                    status = 2;
                }
            }
        }
        plan.sort(&mut files);
        plan.sort(&mut pending);
        let mut writer = Writer::new(&ctx.stdout);
        let mut first = files.is_empty();
        writer.write(lines(&plan, &files, caller.now).as_bytes()).await?;
        let titled = plan.recursive || plan.operands.len() > 1;
        let mut pending: Vec<Pending> = pending
            .into_iter()
            .rev()
            .map(|entry| Pending { shown: entry.name, path: entry.path, named: true })
            .collect();
        while let Some(next) = pending.pop() {
            let listed = live.files.look(|tree| below(tree, &plan, &next, caller));
            let mut entries = match listed {
                Ok(entries) => entries,
                Err(error) => {
                    let words = words(&error).1;
                    let shown = &next.shown;
                    complain(&ctx, &format!("cannot open directory '{shown}': {words}")).await?;
                    status = status.max(if next.named { 2 } else { 1 });
                    continue;
                }
            };
            plan.sort(&mut entries);
            let mut text = String::new();
            if !first {
                text.push('\n');
            }
            first = false;
            if titled {
                let _infallible = writeln!(text, "{}:", quoted(&next.shown, plan.quoting));
            }
            if plan.layout == Layout::Long || plan.blocks {
                let _infallible = writeln!(text, "total {}", total(&plan, &entries));
            }
            text.push_str(&lines(&plan, &entries, caller.now));
            if !writer.write(text.as_bytes()).await? {
                break;
            }
            if plan.recursive {
                let dots = |entry: &Entry| matches!(entry.name.as_str(), "." | "..");
                let directories =
                    entries.iter().filter(|entry| entry.node.is_directory() && !dots(entry));
                pending.extend(directories.rev().map(|entry| Pending {
                    shown: format!("{}/{}", next.shown.trim_end_matches('/'), entry.name),
                    path: format!("{}/{}", next.path, entry.name),
                    named: false,
                }));
            }
        }
        let end = writer.finish().await?;
        Ok(if status == 0 { end } else { CommandStatus::with_code(status) })
    }
}

/// What an operand names. A link to a directory stands for the directory, unless the link itself
/// is what is shown.
fn named(
    tree: &Tree,
    plan: &Plan<'_>,
    shown: &str,
    path: &str,
    caller: Caller,
) -> std::result::Result<Entry, StoreError> {
    let itself = plan.layout == Layout::Long || plan.as_entry || plan.mark == Mark::Kinds;
    if let Ok(node) = tree.find(path, Links::Follow, caller)
        && (plan.follow || node.is_directory() && !itself)
    {
        return entry(tree, shown, path, Links::Follow, caller);
    }
    entry(tree, shown, path, Links::Keep, caller)
}

/// The entries of a directory.
fn below(
    tree: &Tree,
    plan: &Plan<'_>,
    directory: &Pending,
    caller: Caller,
) -> std::result::Result<Vec<Entry>, StoreError> {
    let path = &directory.path;
    let names: Vec<Arc<str>> =
        tree.list(path, caller)?.iter().map(|(name, _)| Arc::clone(name)).collect();
    let dots = [".", ".."].map(Arc::from).into_iter().filter(|_| plan.hidden == Hidden::All);
    let wanted =
        names.into_iter().filter(|name| plan.hidden != Hidden::Skip || !name.starts_with('.'));
    dots.chain(wanted)
        .map(|name| {
            let path = format!("{path}/{name}");
            let kept = || entry(tree, &name, &path, Links::Keep, caller);
            if plan.follow {
                return entry(tree, &name, &path, Links::Follow, caller).or_else(|_| kept());
            }
            kept()
        })
        .collect()
}

fn entry(
    tree: &Tree,
    shown: &str,
    path: &str,
    links: Links,
    caller: Caller,
) -> std::result::Result<Entry, StoreError> {
    let node = tree.find(path, links, caller)?.clone();
    let target = tree.find(path, Links::Follow, caller).ok().cloned();
    let path = tree.real_path(path, links, caller)?;
    Ok(Entry { name: shown.to_owned(), path, node, target })
}

impl Plan<'_> {
    fn sort(&self, entries: &mut [Entry]) {
        entries.sort_by(|left, right| {
            let name = || left.name.cmp(&right.name);
            let order = match self.order {
                Order::Name => name(),
                Order::Time => {
                    right.node.stamp.modified.cmp(&left.node.stamp.modified).then_with(name)
                }
                Order::Size => right.node.size().cmp(&left.node.size()).then_with(name),
                Order::Extension => {
                    extension(&left.name).cmp(extension(&right.name)).then_with(name)
                }
                Order::Version => by_version(&left.name, &right.name),
            };
            let order = if self.reverse { order.reverse() } else { order };
            if self.directories_first {
                let directories = right.node.is_directory().cmp(&left.node.is_directory());
                return directories.then(order);
            }
            order
        });
    }
}

fn extension(name: &str) -> &str {
    name.rfind('.').map_or("", |dot| &name[dot..])
}

/// Runs of digits are compared as numbers.
fn by_version(left: &str, right: &str) -> Ordering {
    let (mut left_rest, mut right_rest) = (left, right);
    while !left_rest.is_empty() && !right_rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (left_digits, right_digits) = (digits(left_rest), digits(right_rest));
        if left_digits > 0 && right_digits > 0 {
            let number = |text: &str| text.trim_start_matches('0').to_owned();
            let (a, b) = (number(&left_rest[..left_digits]), number(&right_rest[..right_digits]));
            let order = a.len().cmp(&b.len()).then_with(|| a.cmp(&b));
            if order != Ordering::Equal {
                return order;
            }
            (left_rest, right_rest) = (&left_rest[left_digits..], &right_rest[right_digits..]);
            continue;
        }
        let (a, b) = (left_rest.chars().next(), right_rest.chars().next());
        if a != b {
            return a.cmp(&b);
        }
        let step = a.map_or(1, char::len_utf8);
        (left_rest, right_rest) = (&left_rest[step..], &right_rest[step..]);
    }
    left_rest.len().cmp(&right_rest.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_sorted_by_their_numbers() {
        assert_eq!(by_version("v1.9", "v1.10"), Ordering::Less);
        assert_eq!(by_version("a2", "a02"), Ordering::Greater);
        assert_eq!(by_version("a", "a1"), Ordering::Less);
    }
}
