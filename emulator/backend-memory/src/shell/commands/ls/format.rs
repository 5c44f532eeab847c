//! Rows, columns and names.

use std::fmt::Write as _;

use leap0_emulator_core::clock::Timestamp;

use super::plan::{Layout, Mark, Plan, Quoting, TimeStyle};
use crate::shell::commands::mode::rights;
use crate::shell::commands::{device_number, moment};
use crate::tree::{Body, Group, Node, User};

/// Width of a line where nobody says how wide it is.
const WIDTH: usize = 80;

/// One entry that is listed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The name as it is shown.
    pub(super) name: String,
    /// Where it really is.
    pub(super) path: String,
    pub(super) node: Node,
    /// What a link leads to, if there is anything.
    pub(super) target: Option<Node>,
}

/// The letter of a mode string for what a node is.
pub(in crate::shell::commands) fn kind_letter(node: &Node) -> char {
    match node.body {
        Body::File(_) => '-',
        Body::Directory(_) => 'd',
        Body::Link(_) => 'l',
        Body::Device(_) => 'c',
    }
}

/// The entries as lines.
pub(super) fn lines(plan: &Plan<'_>, entries: &[Entry], now: Timestamp) -> String {
    if plan.layout == Layout::Long {
        return long(plan, entries, now);
    }
    let numbers = entries.iter().map(|entry| entry.node.number.to_string());
    let number_width = numbers.map(|number| number.len()).max().unwrap_or(0);
    let block_width = width(entries, |entry| blocks(&entry.node, plan.human));
    let cells: Vec<String> = entries
        .iter()
        .map(|entry| {
            let mut cell = String::new();
            if plan.inode {
                let _infallible = write!(cell, "{:>number_width$} ", entry.node.number);
            }
            if plan.blocks {
                let blocks = blocks(&entry.node, plan.human);
                let _infallible = write!(cell, "{blocks:>block_width$} ");
            }
            cell + &quoted(&entry.name, plan.quoting) + mark(plan.mark, &entry.node)
        })
        .collect();
    match plan.layout {
        Layout::Single | Layout::Long => {
            cells.iter().flat_map(|cell| [cell.as_str(), "\n"]).collect()
        }
        Layout::Commas => commas(&cells),
        Layout::Columns => grid(&cells, false),
        Layout::Rows => grid(&cells, true),
    }
}

/// What all entries of a directory take, in blocks of 1024 bytes.
pub(super) fn total(plan: &Plan<'_>, entries: &[Entry]) -> String {
    let bytes: u64 = entries.iter().map(|entry| allocated(&entry.node)).sum();
    if plan.human { human(bytes) } else { (bytes / 1024).to_string() }
}

fn long(plan: &Plan<'_>, entries: &[Entry], now: Timestamp) -> String {
    let owner = |entry: &Entry| {
        if plan.numeric {
            entry.node.stamp.uid.to_string()
        } else {
            User(entry.node.stamp.uid).name()
        }
    };
    let group = |entry: &Entry| {
        if plan.numeric {
            entry.node.stamp.gid.to_string()
        } else {
            Group(entry.node.stamp.gid).name()
        }
    };
    let size = |entry: &Entry| match entry.node.body {
        Body::Device(device) => {
            let (major, minor) = device_number(device);
            format!("{major}, {minor}")
        }
        Body::File(_) | Body::Directory(_) | Body::Link(_) if plan.human => {
            human(entry.node.size())
        }
        Body::File(_) | Body::Directory(_) | Body::Link(_) => entry.node.size().to_string(),
    };
    let links = |entry: &Entry| entry.node.links().to_string();
    let (owners, groups) = (width(entries, owner), width(entries, group));
    let (sizes, link_counts) = (width(entries, size), width(entries, links));
    let numbers = width(entries, |entry| entry.node.number.to_string());
    let block_width = width(entries, |entry| blocks(&entry.node, plan.human));
    let mut text = String::new();
    for entry in entries {
        if plan.inode {
            let _infallible = write!(text, "{:>numbers$} ", entry.node.number);
        }
        if plan.blocks {
            let _infallible = write!(text, "{:>block_width$} ", blocks(&entry.node, plan.human));
        }
        let _infallible = write!(
            text,
            "{}{} {:>link_counts$}",
            kind_letter(&entry.node),
            rights(entry.node.stamp.mode),
            links(entry)
        );
        if !plan.no_owner {
            let _infallible = write!(text, " {:<owners$}", owner(entry));
        }
        if !plan.no_group {
            let _infallible = write!(text, " {:<groups$}", group(entry));
        }
        let modified = entry.node.stamp.modified;
        let time = match plan.time {
            TimeStyle::Locale => moment::listed(modified, now),
            TimeStyle::LongIso => moment::long_iso(modified),
            TimeStyle::Full => moment::full(modified),
        };
        let name = quoted(&entry.name, plan.quoting);
        let _infallible = write!(text, " {:>sizes$} {time} {name}", size(entry));
        if let Body::Link(target) = &entry.node.body {
            let end = entry.target.as_ref().map_or("", |node| mark(plan.mark, node));
            let _infallible = write!(text, " -> {}{end}", quoted(target, plan.quoting));
        } else {
            text.push_str(mark(plan.mark, &entry.node));
        }
        text.push('\n');
    }
    text
}

fn width(entries: &[Entry], text: impl Fn(&Entry) -> String) -> usize {
    entries.iter().map(|entry| text(entry).len()).max().unwrap_or(0)
}

/// Bytes that ext4 would take.
fn allocated(node: &Node) -> u64 {
    match &node.body {
        Body::File(_) | Body::Directory(_) => node.size().next_multiple_of(4096),
        // A short target is kept in the inode.
        Body::Link(_) | Body::Device(_) => 0,
    }
}

fn blocks(node: &Node, humanly: bool) -> String {
    let bytes = allocated(node);
    if humanly { human(bytes) } else { (bytes / 1024).to_string() }
}

/// A size with a unit, rounded up: one digit after the point below ten.
fn human(bytes: u64) -> String {
    if bytes < 1024 {
        return bytes.to_string();
    }
    let (mut unit, mut scale) = (0, 1024_u64);
    while unit < 5 && bytes.div_ceil(scale) >= 1024 {
        unit += 1;
        scale *= 1024;
    }
    let letter = ['K', 'M', 'G', 'T', 'P', 'E'][unit];
    let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(scale));
    if tenths < 100 {
        format!("{}.{}{letter}", tenths / 10, tenths % 10)
    } else {
        format!("{}{letter}", bytes.div_ceil(scale))
    }
}

fn mark(mark: Mark, node: &Node) -> &'static str {
    match (mark, &node.body) {
        (Mark::None, _) => "",
        (_, Body::Directory(_)) => "/",
        (Mark::Kinds, Body::Link(_)) => "@",
        (Mark::Kinds, Body::File(_)) if node.stamp.mode & 0o111 != 0 => "*",
        (Mark::Kinds | Mark::Directories, _) => "",
    }
}

/// A name as it is asked to be quoted.
pub(super) fn quoted(name: &str, quoting: Quoting) -> String {
    let escaped = |space: bool| {
        let mut text = String::with_capacity(name.len());
        for letter in name.chars() {
            match letter {
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                '\\' => text.push_str("\\\\"),
                '"' if !space => text.push_str("\\\""),
                ' ' if space => text.push_str("\\ "),
                control if control.is_ascii_control() => {
                    let _infallible = write!(text, "\\{:03o}", u32::from(control));
                }
                other => text.push(other),
            }
        }
        text
    };
    match quoting {
        Quoting::Plain => name.to_owned(),
        Quoting::Double => format!("\"{}\"", escaped(false)),
        Quoting::Escaped => escaped(true),
        Quoting::Question => {
            name.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
        }
    }
}

fn commas(cells: &[String]) -> String {
    let mut text = String::new();
    let mut column = 0;
    for (index, cell) in cells.iter().enumerate() {
        let comma = usize::from(index + 1 < cells.len());
        if index > 0 {
            if column + 1 + cell.chars().count() + comma > WIDTH {
                text.push('\n');
                column = 0;
            } else {
                text.push(' ');
                column += 1;
            }
        }
        text.push_str(cell);
        text.push_str(&","[..comma]);
        column += cell.chars().count() + comma;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// As many columns as fit, filled from top to bottom or row after row.
fn grid(cells: &[String], by_row: bool) -> String {
    let wide: Vec<usize> = cells.iter().map(|cell| cell.chars().count()).collect();
    let rows_for = |columns: usize| cells.len().div_ceil(columns);
    let place = |row: usize, column: usize, columns: usize| {
        if by_row { row * columns + column } else { column * rows_for(columns) + row }
    };
    let widths = |columns: usize| -> Vec<usize> {
        let of = |column: usize| {
            let last = column + 1 == columns;
            (0..rows_for(columns))
                .filter_map(|row| wide.get(place(row, column, columns)))
                .map(|cell| cell + if last { 0 } else { 2 })
                .max()
                .unwrap_or(0)
        };
        (0..columns).map(of).collect()
    };
    let most = cells.len().clamp(1, WIDTH / 3);
    let fits = |columns: &usize| widths(*columns).iter().sum::<usize>() < WIDTH;
    let columns = (1..=most).rev().find(fits).unwrap_or(1);
    let widths = widths(columns);
    let mut text = String::new();
    for row in 0..rows_for(columns) {
        let mut pad = 0;
        for (column, width) in widths.iter().enumerate() {
            let Some(cell) = cells.get(place(row, column, columns)) else { continue };
            text.push_str(&" ".repeat(pad));
            text.push_str(cell);
            pad = width - cell.chars().count().min(*width);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people_are_rounded_up() {
        let sizes = [(1, "1"), (1023, "1023"), (1024, "1.0K"), (3000, "3.0K"), (10_300, "11K")];
        for (bytes, text) in sizes {
            assert_eq!(human(bytes), text);
        }
        assert_eq!(human(1 << 20), "1.0M");
        assert_eq!(human(1_048_575), "1.0M");
    }

    #[test]
    fn names_stand_in_as_many_columns_as_fit() {
        let cells: Vec<String> = (1..=3).map(|n| format!("name{n}")).collect();
        assert_eq!(grid(&cells, false), "name1  name2  name3\n");
        let long: Vec<String> = (1..=3).map(|n| format!("{n}{}", "x".repeat(30))).collect();
        let (down, across) = (grid(&long, false), grid(&long, true));
        assert!(down.lines().next().unwrap().contains('3'), "{down}");
        assert!(across.lines().next().unwrap().contains('2'), "{across}");
        assert_eq!(grid(&[], false), "");
    }

    #[test]
    fn names_are_quoted_only_when_asked() {
        assert_eq!(quoted("a b\t\"", Quoting::Plain), "a b\t\"");
        assert_eq!(quoted("a b\t\"", Quoting::Double), "\"a b\\t\\\"\"");
        assert_eq!(quoted("a b\t\"", Quoting::Escaped), "a\\ b\\t\"");
    }
}
