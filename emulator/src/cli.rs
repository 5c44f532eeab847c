//! The command line.

use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::builder::NonEmptyStringValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};
use leap0_emulator::{ApiKey, ControlAccess, ControlToken};
use leap0_emulator_core::clock::ClockMode;
use leap0_emulator_core::service::{DeleteInUse, PauseSource, TimeoutAction, Transitions};

#[cfg(target_os = "linux")]
use crate::image::ImageCommand;
use crate::state::StateCommand;

/// A local Leap0: the sandbox and snapshot REST API, served on your machine.
///
/// Start it, point any Leap0 SDK at it with `LEAP0_BASE_URL`, use any API key.
#[derive(Debug, Parser)]
#[command(name = "leap0-emulator", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API until stopped (the default).
    Serve(Serve),
    /// Print the exports that point the Leap0 SDKs here: eval "$(leap0-emulator env)"
    Env(Env),
    /// Make, list and remove the images that virtual machines boot from.
    #[cfg(target_os = "linux")]
    #[command(subcommand)]
    Image(ImageCommand),
    /// Export, import and check the folder of --data-dir.
    #[command(subcommand)]
    State(StateCommand),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one, see the ready line.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "LEAP0_EMULATOR_LISTEN",
        default_value = "127.0.0.1:7410"
    )]
    pub(crate) listen: SocketAddr,
    /// What sandboxes are made of.
    #[arg(long, value_enum, env = "LEAP0_EMULATOR_BACKEND", default_value = "memory")]
    pub(crate) backend: Backend,
    /// Keep everything in this folder: a restart finds it again. Made if it is not there.
    #[arg(long, value_name = "DIR", env = "LEAP0_EMULATOR_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Accept only this key, of this organisation (default: any key, each its own organisation).
    /// May be given several times; in the variable, separated by commas.
    #[arg(
        long,
        value_name = "KEY[:ORG]",
        env = "LEAP0_EMULATOR_API_KEY",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub(crate) api_key: Vec<ApiKey>,
    /// Most sandboxes of an organisation at a time, or `none`.
    #[arg(long, value_name = "N|none", env = "LEAP0_EMULATOR_MAX_SANDBOXES", default_value = "3")]
    pub(crate) max_sandboxes: Limit,
    /// Largest request body, in bytes; larger ones are answered 413.
    #[arg(long, value_name = "BYTES", env = "LEAP0_EMULATOR_MAX_BODY", default_value_t = 10 << 20)]
    pub(crate) max_body: usize,
    /// Most requests of an organisation in 60 seconds, or `none`; the cloud allows 1000.
    #[arg(long, value_name = "N|none", env = "LEAP0_EMULATOR_RATE_LIMIT", default_value = "none")]
    pub(crate) rate_limit: Limit,
    /// Turn the control paths, /_emulator/*, off, but for health. They are off on an address that is
    /// not loopback, unless there is a token.
    #[arg(long, env = "LEAP0_EMULATOR_NO_CONTROL", conflicts_with = "control_token")]
    pub(crate) no_control: bool,
    /// Let only requests use the control paths that have this in the header leap0-control-token.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "LEAP0_EMULATOR_CONTROL_TOKEN",
        hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) control_token: Option<String>,
    /// Let web pages of this origin use the emulator, besides those on loopback. May be given
    /// several times; in the variable, separated by commas.
    #[arg(long, value_name = "URL", env = "LEAP0_EMULATOR_CORS_ORIGIN", value_delimiter = ',')]
    pub(crate) cors_origin: Vec<String>,
    /// How the clock goes: timeouts, transition delays and timestamps follow it.
    #[arg(long, value_enum, env = "LEAP0_EMULATOR_CLOCK", default_value = "system")]
    pub(crate) clock: ClockArg,
    /// How long each transition (starting, snapshotting, …) takes at least, on the clock:
    /// `instant`, `realistic` or milliseconds.
    #[arg(
        long,
        value_name = "PROFILE|MS",
        env = "LEAP0_EMULATOR_TRANSITION_DELAY",
        default_value = "instant"
    )]
    pub(crate) transition_delay: Transitions,
    /// What snapshot/pause leaves of its source.
    #[arg(long, value_enum, env = "LEAP0_EMULATOR_SNAPSHOT_PAUSE_SOURCE", default_value = "gone")]
    pub(crate) snapshot_pause_source: PauseSourceArg,
    /// What a timeout does to a sandbox without `auto_pause`.
    #[arg(long, value_enum, env = "LEAP0_EMULATOR_TIMEOUT_ACTION", default_value = "delete")]
    pub(crate) timeout_action: TimeoutActionArg,
    /// Whether a snapshot can be deleted while a sandbox restored from it runs.
    #[arg(long, value_enum, env = "LEAP0_EMULATOR_DELETE_IN_USE", default_value = "refuse")]
    pub(crate) delete_in_use: DeleteInUseArg,
    /// What runs the instructions of virtual machines.
    #[arg(long, value_enum, env = "LEAP0_EMULATOR_ACCEL", default_value = "auto")]
    pub(crate) accel: AccelArg,
    /// Give virtual machines QEMU's user networking instead of passt. They then reach whatever
    /// listens on this host's loopback, under 10.0.2.2.
    #[arg(long, env = "LEAP0_EMULATOR_INSECURE_USER_NET")]
    pub(crate) insecure_user_net: bool,
}

impl Serve {
    /// Who may use the control paths.
    pub(crate) fn control(&self) -> ControlAccess {
        match &self.control_token {
            Some(token) => ControlAccess::Token(ControlToken::new(token)),
            None if self.no_control || !self.listen.ip().is_loopback() => ControlAccess::Off,
            None => ControlAccess::Open,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ClockArg {
    /// It goes with the system's time.
    System,
    /// It stands still until /_emulator/clock moves it.
    Manual,
}

impl From<ClockArg> for ClockMode {
    fn from(arg: ClockArg) -> Self {
        match arg {
            ClockArg::System => Self::System,
            ClockArg::Manual => Self::Frozen,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Backend {
    /// Machines in memory: instant, nothing to install.
    Memory,
    /// Virtual machines: needs QEMU, and an image made once by `leap0-emulator image build`.
    Qemu,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AccelArg {
    /// KVM where a kernel boots under it, else TCG.
    Auto,
    /// The host's processor.
    Kvm,
    /// QEMU's own translator: everywhere, and slower.
    Tcg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PauseSourceArg {
    /// It is deleted.
    Gone,
    /// It stays as a paused sandbox.
    Paused,
}

impl From<PauseSourceArg> for PauseSource {
    fn from(arg: PauseSourceArg) -> Self {
        match arg {
            PauseSourceArg::Gone => Self::Gone,
            PauseSourceArg::Paused => Self::Paused,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TimeoutActionArg {
    /// It is deleted.
    Delete,
    /// It is stopped and keeps its disk.
    Stop,
}

impl From<TimeoutActionArg> for TimeoutAction {
    fn from(arg: TimeoutActionArg) -> Self {
        match arg {
            TimeoutActionArg::Delete => Self::Delete,
            TimeoutActionArg::Stop => Self::Stop,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DeleteInUseArg {
    /// It can't: 409.
    Refuse,
    /// It can.
    Allow,
}

impl From<DeleteInUseArg> for DeleteInUse {
    fn from(arg: DeleteInUseArg) -> Self {
        match arg {
            DeleteInUseArg::Refuse => Self::Refuse,
            DeleteInUseArg::Allow => Self::Allow,
        }
    }
}

/// A number, or `none`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit(pub(crate) Option<usize>);

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self(None)),
            number => number.parse().map(|n| Self(Some(n))).map_err(|_| "must be a number or none"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => number.fmt(f),
            None => f.write_str("none"),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Env {
    /// Where the emulator listens.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "LEAP0_EMULATOR_LISTEN",
        default_value = "127.0.0.1:7410"
    )]
    listen: SocketAddr,
    /// The key to use.
    #[arg(long, value_name = "KEY", default_value = "local-dev")]
    api_key: String,
}

/// What is said of a bad command line, without the value where that is a key or token: logs of CI
/// keep such lines.
fn without_secret(error: &clap::Error, line: &str) -> String {
    const SECRET: [&str; 2] = ["--api-key", "--control-token"];
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (flag, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    if !value.is_empty() && SECRET.iter().any(|secret| flag.starts_with(secret)) {
        line.replace(&format!("'{value}'"), "(not shown)")
    } else {
        line.to_owned()
    }
}

impl Env {
    /// Prints one export per line, quoted for a POSIX shell.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let key = self.api_key.replace('\'', r"'\''");
        writeln!(out, "export LEAP0_BASE_URL='http://{}'", self.listen)?;
        writeln!(out, "export LEAP0_API_KEY='{key}'")?;
        // Where an OTLP endpoint is set, the SDKs would send their traces to it.
        writeln!(out, "export LEAP0_SDK_OTEL_ENABLED='false'")?;
        // httpx honours proxy variables for loopback addresses too.
        writeln!(out, "export NO_PROXY='127.0.0.1,localhost'\"${{NO_PROXY:+,$NO_PROXY}}\"")
    }
}

impl Cli {
    /// Reads the command line. Help and version go to standard output; an error is one line on
    /// standard error and exit code 2.
    pub(crate) fn read() -> Result<Command, ExitCode> {
        match Self::try_parse() {
            Ok(cli) => Ok(cli.command.unwrap_or(Command::Serve(cli.serve))),
            Err(error) if !error.use_stderr() => {
                let _ = error.print();
                Err(ExitCode::SUCCESS)
            }
            Err(error) => {
                let text = error.render().to_string();
                let line = text.lines().next().unwrap_or("bad command line");
                let line = without_secret(&error, line.strip_prefix("error: ").unwrap_or(line));
                eprintln!("leap0-emulator: {line} (see leap0-emulator --help)");
                Err(ExitCode::from(2))
            }
        }
    }
}
