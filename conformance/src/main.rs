//! The `leap0-conformance` program.

mod cli;

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use leap0_conformance::{listing, register};

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let result = match cli.command {
        Command::Rules { json } => rules(json).context("cannot print the rules"),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("leap0-conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn rules(json: bool) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if json {
        listing::json(register(), &mut out)
    } else {
        listing::table(register(), &mut out)
    };
    match written.and_then(|()| out.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
