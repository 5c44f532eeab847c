//! The `leap0-conformance` program.

mod cli;

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use leap0_conformance::commands::{self, JudgeOptions, ReferenceOptions, SelfTestOptions};
use leap0_conformance::{listing, register};

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let result = match cli.command {
        Command::Rules { json } => rules(json).map(|()| 0).context("cannot print the rules"),
        Command::Run { seeds: 1, run } => block_on(commands::run(run.options())),
        Command::Run { seeds, run } => block_on(commands::run_seeds(run.options(), seeds)),
        Command::Replay { files, transcripts, run } => {
            block_on(commands::replay(&files, transcripts.as_deref(), run.options()))
        }
        Command::Reference { faults, oddities, delay } => {
            let options = ReferenceOptions { faults, oddities, delay_ms: delay };
            block_on(commands::reference(options))
        }
        Command::Judge { files, budget } => {
            let budget = Duration::from_millis(budget);
            commands::judge(&JudgeOptions { files, budget }).map_err(anyhow::Error::from)
        }
        Command::Compare { reports, html } => {
            commands::compare(&reports, html.as_deref()).map_err(anyhow::Error::from)
        }
        Command::SelfTest { matrix, json, only } => {
            block_on(commands::self_test(SelfTestOptions { matrix, json, only }))
        }
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("leap0-conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs a command that talks to servers.
fn block_on<E>(command: impl Future<Output = Result<u8, E>>) -> anyhow::Result<u8>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    Ok(runtime.context("cannot start")?.block_on(command)?)
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
