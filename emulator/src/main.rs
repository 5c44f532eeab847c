//! The `leap0-emulator` program: the one place that names concrete parts.

mod backends;
mod cli;
#[cfg(target_os = "linux")]
mod image;
mod open_files;
mod state;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use leap0_emulator::{Access, Dropped, Emulator, Keys, Limits, server};
use leap0_emulator_core::clock::SystemClock;
use leap0_emulator_core::id::RandomIds;
use leap0_emulator_core::service::{Host, Settings};
use leap0_storage::DataFolder;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use cli::{Cli, Command, Serve};

// The system's allocator keeps what many threads once needed: memory would not be flat under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let done = |()| ExitCode::SUCCESS;
    let result = match cli {
        Command::Serve(serve) => run(serve).map(done),
        Command::Env(env) => env.print().context("cannot print").map(done),
        #[cfg(target_os = "linux")]
        Command::Image(image) => image.run().map(done),
        Command::State(state) => {
            start_log();
            state.run()
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("leap0-emulator: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(serve: Serve) -> anyhow::Result<()> {
    start_log();
    open_files::take_all();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start worker threads")?;
    runtime.block_on(serve_until_stopped(serve))
}

async fn serve_until_stopped(serve: Serve) -> anyhow::Result<()> {
    anyhow::ensure!(
        serve.listen.ip().is_loopback() || !serve.api_key.is_empty(),
        "--listen {}: on an address that others reach, --api-key has to say who may use it",
        serve.listen
    );
    let backend = backends::open(&serve).await?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let listener = TcpListener::bind(serve.listen)
        .await
        .with_context(|| format!("cannot listen on {}", serve.listen))?;
    let address = listener.local_addr().context("cannot read the listening address")?;
    let settings = Settings {
        max_sandboxes: serve.max_sandboxes.0,
        pause_source: serve.snapshot_pause_source.into(),
        timeout_action: serve.timeout_action.into(),
        delete_in_use: serve.delete_in_use.into(),
        rate_limit: serve.rate_limit.0,
        transitions: serve.transition_delay,
        clock: serve.clock.into(),
    };
    let mut host = Host::new(backend, Arc::new(SystemClock), Arc::new(RandomIds), settings);
    if let Some(folder) = &serve.data_dir {
        anyhow::ensure!(
            host.backend().persistence,
            "--data-dir: the {} back end does not keep its machines yet",
            host.backend().name
        );
        let storage = DataFolder::open(folder, host.backend().name).context("--data-dir")?;
        host = host.kept_in(Arc::new(storage));
    }
    // Beyond loopback the machine's names are not known here.
    let any_host = !address.ip().is_loopback();
    let access = Access::new(&serve.cors_origin, any_host)
        .map_err(|rule| anyhow::anyhow!("--cors-origin: {rule}"))?;
    let limits = Limits { max_body: serve.max_body };
    let control = serve.control();
    let emulator =
        Emulator::new(host, Keys::new(serve.api_key), access, limits).with_control(control);
    emulator.recall().await.context("--data-dir")?;
    announce(address, emulator.host().backend().name).context("cannot print the ready line")?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    let emulator = Arc::new(emulator);
    server::run(Arc::clone(&emulator), listener, stop).await;
    let Dropped { sandboxes, snapshots } = emulator.shut_down().await;
    if sandboxes + snapshots > 0 {
        eprintln!(
            "leap0-emulator: {sandboxes} sandboxes and {snapshots} snapshots end here; \
             --data-dir DIR keeps them"
        );
    }
    Ok(())
}

/// Prints the ready line: the only thing that goes to standard output.
fn announce(address: SocketAddr, backend: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "leap0-emulator listening on http://{address} backend={backend}")?;
    out.flush()
}

fn start_log() {
    log::set_logger(&StderrLog).expect("set once");
    log::set_max_level(log::LevelFilter::Info);
}

/// Log lines on standard error, for people.
struct StderrLog;

impl log::Log for StderrLog {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let _ = writeln!(io::stderr(), "leap0-emulator: {}: {}", record.level(), record.args());
    }

    fn flush(&self) {}
}
