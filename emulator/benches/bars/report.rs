//! The table of figures, limits and verdicts, printed line by line as they are measured.

use std::fmt;
use std::process::ExitCode;

use anyhow::{Result, bail};

/// What a figure counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Hundredths of what it is compared with.
    Percent,
    /// Multiples of what it is compared with.
    Times,
    /// Milliseconds.
    Millis,
    /// Mebibytes.
    Mib,
    /// Things.
    Count,
}

/// On which side of a figure its limit lies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// The figure must be this or more.
    AtLeast(f64),
    /// The figure must be this or less.
    AtMost(f64),
    /// The figure must be less than this.
    Under(f64),
    /// Nothing is asked of the figure: it is printed for those who compare.
    Nothing,
}

impl Limit {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(limit) => value >= limit,
            Self::AtMost(limit) => value <= limit,
            Self::Under(limit) => value < limit,
            Self::Nothing => value.is_finite(),
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Line {
    /// The bar's name.
    pub(crate) bar: &'static str,
    outcome: Outcome,
    limit: Limit,
    unit: Unit,
    /// What the figure is made of, with its spread.
    detail: String,
}

#[derive(Debug)]
enum Outcome {
    Measured(f64),
    Skipped,
}

impl Line {
    pub(crate) fn new(bar: &'static str, value: f64, unit: Unit, limit: Limit) -> Self {
        Self { bar, outcome: Outcome::Measured(value), limit, unit, detail: String::new() }
    }

    /// A bar that can't be measured here.
    pub(crate) fn skipped(bar: &'static str, unit: Unit, limit: Limit, why: &str) -> Self {
        Self { bar, outcome: Outcome::Skipped, limit, unit, detail: format!("skipped: {why}") }
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
            Unit::Percent => write!(f, "{value:.1} %"),
            Unit::Times if value < 0.1 => write!(f, "{value:.4} x"),
            Unit::Times => write!(f, "{value:.2} x"),
            Unit::Millis => write!(f, "{value:.2} ms"),
            Unit::Mib => write!(f, "{value:.2} MiB"),
            Unit::Count => write!(f, "{value:.0}"),
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
        let (figure, verdict) = match line.outcome {
            Outcome::Measured(value) if line.limit.holds(value) => {
                let verdict = if matches!(line.limit, Limit::Nothing) { "" } else { "ok" };
                (Figure(value, line.unit).to_string(), verdict)
            }
            Outcome::Measured(value) => {
                self.bad += 1;
                (Figure(value, line.unit).to_string(), "MISSED")
            }
            Outcome::Skipped => ("-".to_owned(), "-"),
        };
        let limit = match line.limit {
            Limit::AtLeast(limit) => format!(">= {}", Figure(limit, line.unit)),
            Limit::AtMost(limit) => format!("<= {}", Figure(limit, line.unit)),
            Limit::Under(limit) => format!("< {}", Figure(limit, line.unit)),
            Limit::Nothing => String::new(),
        };
        self.row([line.bar, &figure, &limit, verdict, &line.detail]);
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
