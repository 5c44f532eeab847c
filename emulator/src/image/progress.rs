//! How a build is shown on standard error: as a bar for people, as lines for logs.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use leap0_guest_image::{Progress, Step};

/// What terminals have at least; their true width is not asked for.
const COLUMNS: usize = 80;
const BAR: usize = 24;

/// A build as it is shown.
pub(super) struct Shown {
    bar: bool,
    anything: bool,
}

impl Shown {
    pub(super) fn on_stderr() -> Self {
        Self { bar: io::stderr().is_terminal(), anything: false }
    }

    /// Whether there was something to do.
    pub(super) fn anything(&self) -> bool {
        self.anything
    }

    /// Makes room for what is said next.
    pub(super) fn clear(&self) {
        if self.bar && self.anything {
            say("\r\x1b[K");
        }
    }

    fn draw(&self, step: Step, fraction: f64, doing: &str) {
        if self.bar {
            say(&format!("\r\x1b[K{}", line(step, fraction, doing)));
        }
    }
}

impl Progress for Shown {
    fn waiting(&mut self) {
        self.clear();
        say("leap0-emulator: waiting for another build of an image\n");
    }

    fn begin(&mut self, step: Step) {
        self.anything = true;
        if !self.bar {
            say(&format!("leap0-emulator: {}\n", step.title()));
        }
        self.draw(step, 0.0, "");
    }

    fn advance(&mut self, step: Step, fraction: f64, doing: &str) {
        self.draw(step, fraction, doing);
    }

    fn end(&mut self, step: Step, took: Duration) {
        if !self.bar {
            let (title, seconds) = (step.title(), took.as_secs_f64());
            say(&format!("leap0-emulator: {title}: done in {seconds:.1} s\n"));
        }
        self.draw(step, 1.0, "");
    }
}

/// How much of a build each step takes, in per cent, as measured.
fn share(step: Step) -> f64 {
    match step {
        Step::Packages => 70.0,
        Step::Kernel => 4.0,
        Step::Disk => 14.0,
        Step::Compress => 3.0,
        Step::Verify => 9.0,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a percentage, between 0 and 100"
)]
fn line(step: Step, fraction: f64, doing: &str) -> String {
    let before: f64 = Step::ALL.iter().take_while(|&&one| one != step).map(|&one| share(one)).sum();
    let percent = (before + share(step) * fraction).clamp(0.0, 100.0) as usize;
    let filled = percent * BAR / 100;
    let (done, rest) = ("#".repeat(filled), ".".repeat(BAR - filled));
    let colon = if doing.is_empty() { "" } else { ": " };
    let line = format!("[{done}{rest}] {percent:3}% {}{colon}{doing}", step.title());
    // A line that wraps can't be drawn over.
    line.chars().take(COLUMNS - 1).collect()
}

fn say(text: &str) {
    let mut err = io::stderr().lock();
    // A build goes on though nobody can see it.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_from_the_first_step_to_the_last() {
        assert_eq!(
            line(Step::Packages, 0.0, ""),
            "[........................]   0% installing Debian's packages"
        );
        assert_eq!(
            line(Step::Packages, 0.5, "unpacking git"),
            "[########................]  35% installing Debian's packages: unpacking git"
        );
        assert_eq!(
            line(Step::Verify, 1.0, ""),
            "[########################] 100% checking the image"
        );
    }

    #[test]
    fn a_line_never_wraps() {
        assert_eq!(line(Step::Packages, 0.1, &"x".repeat(200)).chars().count(), COLUMNS - 1);
    }
}
