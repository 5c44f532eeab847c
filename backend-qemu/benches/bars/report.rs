//! The table of figures, limits and verdicts, printed line by line as they are measured.

use std::fmt;
use std::process::ExitCode;

use anyhow::{Result, bail};

/// What a figure counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Multiples of what it is compared with.
    Times,
    /// Milliseconds.
    Millis,
    /// Mebibytes.
    Mib,
    /// Millions of bytes.
    Megabytes,
    /// Files that lie upon each other.
    Files,
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Line {
    /// The bar's name.
    pub(crate) bar: &'static str,
    value: f64,
    unit: Unit,
    /// The most that it may be.
    limit: f64,
    /// What the figure is made of, with its spread.
    detail: String,
}

impl Line {
    pub(crate) fn new(bar: &'static str, value: f64, unit: Unit, limit: f64) -> Self {
        Self { bar, value, unit, limit, detail: String::new() }
    }

    pub(crate) fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// A value in its unit.
struct Figure(f64, Unit);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, unit) = *self;
        match unit {
            Unit::Times => write!(f, "{value:.2} x"),
            Unit::Millis => write!(f, "{value:.1} ms"),
            Unit::Mib => write!(f, "{value:.2} MiB"),
            Unit::Megabytes => write!(f, "{value:.1} MB"),
            Unit::Files => write!(f, "{value:.0} files"),
        }
    }
}

/// The table.
pub(crate) struct Report {
    /// Width of the first column.
    width: usize,
    names: Vec<&'static str>,
    lines: usize,
    bad: usize,
}

impl Report {
    pub(crate) fn begin(names: impl Iterator<Item = &'static str>) -> Self {
        let names: Vec<_> = names.collect();
        let width = names.iter().map(|name| name.len()).max().unwrap_or_default();
        Self { width, names, lines: 0, bad: 0 }
    }

    pub(crate) fn print(&mut self, line: &Line) {
        let &Line { bar, value, unit, limit, ref detail } = line;
        // A figure that is no number holds no limit.
        let verdict = if value <= limit { "ok" } else { "MISSED" };
        self.bad += usize::from(verdict != "ok");
        let (figure, limit) = (Figure(value, unit), Figure(limit, unit));
        self.row([bar, &figure.to_string(), &format!("<= {limit}"), verdict, detail]);
    }

    /// A bar whose figure could not be had counts as missed.
    pub(crate) fn print_failure(&mut self, bar: &str, error: &anyhow::Error) {
        self.bad += 1;
        self.row([bar, "-", "-", "MISSED", &format!("failed: {error:#}")]);
    }

    /// Tells whether every bar held.
    pub(crate) fn end(self) -> Result<ExitCode> {
        let Self { lines, bad, names, .. } = self;
        if lines == 0 {
            bail!("no bar has such a name; the bars are {}", names.join(", "));
        }
        if bad > 0 {
            println!("\n{bad} of {lines} bars missed");
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn row(&mut self, [bar, figure, limit, verdict, detail]: [&str; 5]) {
        let width = self.width;
        if self.lines == 0 {
            println!("{:width$}  {:>10}  {:>13}", "bar", "figure", "limit");
        }
        self.lines += 1;
        println!("{bar:width$}  {figure:>10}  {limit:>13}  {verdict:6}  {detail}");
    }
}
