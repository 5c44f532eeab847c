//! `run`: judge a target.

use std::path::PathBuf;
use std::sync::Arc;

use crate::checks;
use crate::http::{BadUrl, Client, Origin};
use crate::report::{Terminal, html, junit, report, summary};
use crate::run::{
    Done, Grades, Known, RunOptions, Session, Settings, chosen, climb, grade, is_wanted, leftovers,
};
use crate::target::{Capability, probe};

/// Why a target can't be judged: one line, exit code 2.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CannotRun(Reason);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Reason {
    #[error(transparent)]
    Url(#[from] BadUrl),
    #[error("{url}: {why}")]
    Probe { url: String, why: crate::target::ProbeError },
    #[error("{}: {why}", path.display())]
    Known { path: PathBuf, why: crate::run::BadKnown },
    #[error("cannot write {}: {why}", path.display())]
    Write { path: PathBuf, why: std::io::Error },
    #[error("{}: {why}", path.display())]
    Report { path: PathBuf, why: String },
    #[error("no check is called, or is about a rule that is called, anything like {0}")]
    NoCheck(String),
    #[error("there is no {0} {1}")]
    NoSuch(&'static str, String),
    #[error("cannot listen: {0}")]
    Listen(std::io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl<T: Into<Reason>> From<T> for CannotRun {
    fn from(reason: T) -> Self {
        Self(reason.into())
    }
}

/// Where journals are kept.
fn journals() -> PathBuf {
    std::env::temp_dir().join("leap0-conformance")
}

/// A target that was judged.
pub(super) struct Judged {
    pub(super) session: Arc<Session>,
    pub(super) done: Vec<Done>,
    pub(super) grades: Grades,
}

/// Judges a target, prints a report, and gives the exit code.
pub async fn run(options: RunOptions) -> Result<u8, CannotRun> {
    let Judged { session, done, grades } = judge_once(&options).await?;
    print!("{}", summary(&grades, &done, &session));
    write_reports(&options, &grades, &done, &session)?;
    Ok(grades.exit_code(&session))
}

/// Judges a target, and leaves nothing behind.
pub(super) async fn judge_once(options: &RunOptions) -> Result<Judged, CannotRun> {
    let known = match &options.known_failing {
        Some(path) => Known::read(path).map_err(|why| Reason::Known { path: path.clone(), why })?,
        None => Known::default(),
    };
    let session = prepare(options).await?;
    let judged = tokio::select! {
        // First, so that whoever interrupts is heard from the first request on.
        biased;
        _ = tokio::signal::ctrl_c() => Err(Reason::Interrupted.into()),
        judged = judge(&session, options) => judged,
    };
    let left = session.clean_up().await;
    if left > 0 {
        eprintln!(
            "leap0-conformance: {left} things could not be removed; they time out by themselves"
        );
    }
    let done = judged?;
    let grades = grade(&done, &session.observer.take(), options.profile, &known);
    Ok(Judged { session, done, grades })
}

fn write_reports(
    options: &RunOptions,
    grades: &Grades,
    done: &[Done],
    session: &Session,
) -> Result<(), CannotRun> {
    let json = report(&options.url, grades, session);
    for (path, text) in [
        (&options.junit, junit(done, session)),
        (&options.html, html(&options.url, grades, done, session)),
        (&options.json, serde_json::to_string_pretty(&json).unwrap_or_default()),
    ] {
        if let Some(path) = path {
            let failed = |why| Reason::Write { path: path.clone(), why };
            std::fs::write(path, text).map_err(failed)?;
            println!("{}", path.display());
        }
    }
    Ok(())
}

/// A session on the target, with nothing left of earlier runs.
async fn prepare(options: &RunOptions) -> Result<Arc<Session>, CannotRun> {
    let origin = Origin::parse(&options.url)?;
    let prefix = format!("lc{:08x}", random());
    let other = options.other_api_key.clone().unwrap_or_else(|| format!("other-{prefix}"));
    let client = Client::new(origin, &options.api_key, &other, options.patience);
    let session = Arc::new(Session::new(client, options.settings(), prefix.clone()));
    mop_up(&session, &options.url).await;
    // Without a journal a crash leaves something for five minutes; that is no reason to stop.
    let _ = session.ledger.journal(&journals(), &options.url, &prefix);
    Ok(session)
}

/// A session on a target that has been asked what it can do.
pub(super) async fn meet(options: &RunOptions) -> Result<Arc<Session>, CannotRun> {
    let session = prepare(options).await?;
    if let Err(why) = learn(&session, options).await {
        session.clean_up().await;
        return Err(why);
    }
    Ok(session)
}

/// Finds out what the target can do.
async fn learn(session: &Arc<Session>, options: &RunOptions) -> Result<(), CannotRun> {
    let why = |why| Reason::Probe { url: options.url.clone(), why };
    let mut capabilities = probe(session).await.map_err(why)?;
    capabilities.impose(options.dialect);
    let open = !capabilities.has(Capability::ClosedKeys);
    capabilities.set(Capability::SecondKey, open || options.other_api_key.is_some());
    capabilities.set(Capability::Exclusive, options.exclusive);
    capabilities.set(Capability::Restart, options.restart.is_some());
    for flag in &options.capabilities {
        capabilities.set(flag.0, flag.1);
    }
    session.learn(capabilities);
    Ok(())
}

/// Removes what earlier runs left.
async fn mop_up(session: &Session, url: &str) {
    for left in leftovers(&journals(), url) {
        let count = left.there.len();
        for made in left.there {
            session.ledger.add(made);
        }
        session.clean_up_made().await;
        session.sweep(&left.prefix).await;
        if session.ledger.there().is_empty() {
            let _ = std::fs::remove_file(&left.path);
        }
        if count > 0 {
            eprintln!("leap0-conformance: removed {count} leftovers of an earlier run");
        }
    }
}

async fn judge(session: &Arc<Session>, options: &RunOptions) -> Result<Vec<Done>, CannotRun> {
    let takes = |place| options.shard.is_none_or(|shard| shard.takes(place));
    let checks = chosen(checks::all(), options.only.as_deref(), takes);
    if let Some(only) = options.only.as_ref().filter(|_| checks.iter().all(|check| check.rung)) {
        let about_core = checks.iter().any(|check| is_wanted(check, only));
        if !about_core {
            return Err(Reason::NoCheck(only.clone()).into());
        }
    }
    learn(session, options).await?;
    plan(&checks, session);
    let terminal = Terminal::new(checks.len());
    Ok(climb(session, &checks, &|done| terminal.tick(done)).await)
}

/// Says what the run will cost, before it costs anything.
fn plan(checks: &[&crate::check::Check], session: &Session) {
    let shared = checks.iter().filter(|check| check.shared).count();
    let making: usize = checks.iter().map(|check| check.live).sum();
    eprintln!(
        "{} checks; about {} sandboxes of at most 5 minutes, {} at once; {shared} checks share one",
        checks.len(),
        making + usize::from(shared > 0),
        session.settings.max_live,
    );
    let Settings { sequences, histories, .. } = session.settings;
    if session.is_slow() && (sequences.is_none() || histories.is_none()) {
        eprintln!(
            "a sandbox takes long to make here, so {} generated sequences are run and {} histories \
             of each kind recorded (--sequences, --histories)",
            session.sequences(),
            session.histories(),
        );
    }
}

/// A number that no other run has.
pub(crate) fn random() -> u32 {
    let mut bytes = [0; 4];
    if getrandom::fill(&mut bytes).is_err() {
        bytes = std::process::id().to_le_bytes();
    }
    u32::from_le_bytes(bytes)
}
