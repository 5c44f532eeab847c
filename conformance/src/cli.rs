//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Judges implementations of the Leap0 snapshot API.
#[derive(Debug, Parser)]
#[command(name = "leap0-conformance", version, arg_required_else_help = false)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the rules that an implementation is held to.
    Rules {
        /// A JSON array, with the operations of each rule.
        #[arg(long)]
        json: bool,
    },
}

impl Cli {
    /// Reads the command line. Help and version go to standard output; an error is one line on
    /// standard error and exit code 2.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or("bad command line");
            let line = line.strip_prefix("error: ").unwrap_or(line);
            eprintln!("leap0-conformance: {line} (see leap0-conformance --help)");
            ExitCode::from(2)
        })
    }
}
