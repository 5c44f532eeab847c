//! How fast histories are judged, and how short counterexamples become: a line for each bar.

use std::process::ExitCode;

use leap0_conformance::{history_bars, shrink_bars};

fn main() -> ExitCode {
    let mut missed = false;
    for bar in history_bars() {
        let word = match (bar.right, bar.holds()) {
            (false, _) => "MISSED (wrong verdict)",
            (true, true) => "ok",
            (true, false) => "MISSED",
        };
        missed |= !bar.holds();
        let (took, most) = (bar.took.as_secs_f64() * 1000.0, bar.most.as_millis());
        println!("judge: {}  {took:.1} ms  < {most} ms  {word}", bar.name);
    }
    for bar in shrink_bars() {
        missed |= !bar.holds();
        println!("shrink: {bar}  {}", if bar.holds() { "ok" } else { "MISSED" });
    }
    ExitCode::from(u8::from(missed))
}
