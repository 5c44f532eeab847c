//! The command line.

use std::process::ExitCode;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use leap0_conformance::{CapabilityFlag, Dialect, Profile, RunOptions, Shard};

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
    /// Judge a server.
    Run {
        /// Judge it so many times, with one seed after another: do all give the same grades?
        #[arg(long, value_name = "N", default_value_t = 1,
              value_parser = clap::value_parser!(u64).range(1..),
              conflicts_with_all = ["junit", "json", "html"])]
        seeds: u64,
        #[command(flatten)]
        run: Run,
    },
    /// Tell stories, such as those of `scenarios/`, to a server.
    Replay {
        /// What to tell.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Leave a transcript of each in this folder, with numbers for ids and times.
        #[arg(long, value_name = "FOLDER")]
        transcripts: Option<PathBuf>,
        #[command(flatten)]
        run: Run,
    },
    /// Serve the reference server that the suite is judged by, plain, broken or odd.
    Reference {
        /// A fault, by the name that `self-test` prints.
        #[arg(long = "fault", value_name = "NAME")]
        faults: Vec<String>,
        /// An oddity, by its name.
        #[arg(long = "oddity", value_name = "NAME")]
        oddities: Vec<String>,
        /// How long every change of state takes.
        #[arg(long, value_name = "MS", default_value_t = 0)]
        delay: u64,
    },
    /// Say whether histories, such as `run` leaves, can be explained by calls one after another.
    Judge {
        /// The histories.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// How long to try each.
        #[arg(long, value_name = "MS", default_value_t = 10_000)]
        budget: u64,
    },
    /// Put reports side by side: newly broken, fixed, newly unverified.
    Compare {
        /// What `run --json` wrote, the oldest first.
        #[arg(required = true, num_args = 2.., value_name = "REPORT")]
        reports: Vec<PathBuf>,
        /// Write one page of all of them.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Judge the suite: by servers that are broken, and by servers that are odd but legal.
    SelfTest {
        /// Run every check on every broken server, and print which of them see it.
        #[arg(long)]
        matrix: bool,
        /// Write everything that was found.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Only servers with this in their names.
        #[arg(long, value_name = "PATTERN")]
        only: Option<String>,
    },
}

/// What `run` is told.
#[derive(Debug, Args)]
#[group(id = "target")]
pub(crate) struct Run {
    /// Where the server listens, such as `http://127.0.0.1:7410`.
    #[arg(long, env = "LEAP0_BASE_URL")]
    url: String,
    /// The key to work with.
    #[arg(
        long,
        env = "LEAP0_API_KEY",
        default_value = "local-conformance",
        hide_env_values = true
    )]
    api_key: String,
    /// A key of another organisation.
    #[arg(long)]
    other_api_key: Option<String>,
    /// Write a `JUnit` report.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a JSON report, which `compare` reads.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write one page with every exchange.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Only the checks of these rules, or of this name; core checks are always there.
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// A TOML file of rules that may be broken, each with a reason.
    #[arg(long, value_name = "FILE")]
    known_failing: Option<PathBuf>,
    /// `emulator` makes this project's decisions binding.
    #[arg(long, default_value = "any")]
    profile: Profile,
    /// Which eras the server must speak: seed, current, all, or auto for those that it answers.
    #[arg(long, default_value = "auto")]
    dialect: Dialect,
    /// Run one part of the checks, such as 1/4.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// How many sandboxes there may be at once.
    #[arg(long, value_name = "N", default_value_t = 3)]
    max_live: usize,
    /// Nobody else uses the key: also judge the limits.
    #[arg(long)]
    exclusive: bool,
    /// Exit with 2 if a required rule could not be verified.
    #[arg(long)]
    strict: bool,
    /// A command of the shell that asks the server to end, waits for that, and starts it again:
    /// also judge what outlives it. Nobody else uses the server.
    #[arg(long, value_name = "COMMAND")]
    restart: Option<String>,
    /// What the server has or lacks, whatever it shows.
    #[arg(long = "capability", value_name = "NAME=on|off")]
    capabilities: Vec<CapabilityFlag>,
    /// What sandboxes are made from.
    #[arg(long, default_value = "system/debian:bookworm")]
    template: String,
    /// What the generated sequences and the histories are chosen by; a new seed every time if none
    /// is given.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many generated sequences to run: 40, or 3 where a sandbox takes long to make.
    #[arg(long, value_name = "N")]
    sequences: Option<usize>,
    /// How many concurrent histories to record for each check that judges them: 8, or 1 where a
    /// sandbox takes long to make.
    #[arg(long, value_name = "N")]
    histories: Option<usize>,
    /// How long to wait for an answer, and for a sandbox to run, in seconds.
    #[arg(long, value_name = "S", default_value_t = 60)]
    patience: u64,
}

impl Run {
    pub(crate) fn options(self) -> RunOptions {
        RunOptions {
            url: self.url,
            api_key: self.api_key,
            other_api_key: self.other_api_key,
            junit: self.junit,
            json: self.json,
            html: self.html,
            only: self.only,
            known_failing: self.known_failing,
            profile: self.profile,
            dialect: self.dialect,
            seed: Some(self.seed.unwrap_or_else(leap0_conformance::random_seed)),
            shard: self.shard,
            max_live: self.max_live,
            exclusive: self.exclusive,
            strict: self.strict,
            restart: self.restart,
            capabilities: self.capabilities,
            template: self.template,
            sequences: self.sequences,
            histories: self.histories,
            patience: Duration::from_secs(self.patience),
        }
    }
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
            // What is missing stands on lines of its own, before the first that is empty.
            let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
            let line = lines.collect::<Vec<_>>().join(" ");
            let line = line.strip_prefix("error: ").unwrap_or(&line);
            eprintln!("leap0-conformance: {line} (see leap0-conformance --help)");
            ExitCode::from(2)
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
