//! Lines for whoever reads the machine's console.

use std::io::{self, Write};

/// Says one line on standard error, which is the console for init and what it starts. That nobody
/// hears it is no reason to fail.
pub(crate) fn say(line: &str) {
    // In one piece, so that lines of several processes don't mix.
    let _ = io::stderr().write_all(format!("leap0-guest: {line}\n").as_bytes());
}
