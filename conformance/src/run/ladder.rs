//! The ladder: core checks first, one after another, then everything that rests on them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Session;
use crate::check::{Check, Claim, Kind, Needs, Stop, Trial};
use crate::http::Exchange;
use crate::target::Capability;

/// A check that was run, or was not.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) check: &'static Check,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) ending: Ending,
    pub(crate) took_ms: u64,
}

/// How a check ended.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// It looked at everything it wanted to.
    Complete,
    /// It was stopped by what the target did.
    Stopped(Stop),
    /// It was not run, and why.
    Unverified(String),
    /// It is itself broken.
    Panicked(String),
}

/// The core rules that each rung proves for those above it.
const RUNGS: [(Needs, &[&str]); 4] = [
    (Needs::Sandbox, &["AUTH-01", "SB-CREATE-01", "SB-CREATE-08", "STATE-GET-RUNNING"]),
    (Needs::Files, &["FS-OP-WRITE-FILE", "FS-OP-READ-FILE"]),
    (Needs::Commands, &["PROC-OP-EXECUTE"]),
    (Needs::Snapshots, &["SNAP-CREATE-01", "SNAP-REST-01", "SNAP-REST-02"]),
];

/// Whether a check is a rung of the ladder.
pub(crate) fn is_core(check: &Check) -> bool {
    check.rung
}

/// Runs checks. `progress` is called after each of them.
pub(crate) async fn climb(
    session: &Arc<Session>,
    checks: &[&'static Check],
    progress: &(dyn Fn(&Done) + Sync),
) -> Vec<Done> {
    let mut done: Vec<Done> = Vec::new();
    let (mut core, rest): (Vec<&Check>, Vec<&Check>) =
        checks.iter().copied().partition(|check| is_core(check));
    core.sort_by_key(|check| check.needs);
    for check in core {
        let one = one(session.clone(), check, broken(&done, check.needs)).await;
        progress(&one);
        done.push(one);
    }
    let gate = |needs| broken(&done, needs);
    let (alone, rest): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|check| check.when.contains(&Capability::Restart));
    let (shared, own): (Vec<_>, Vec<_>) = rest.into_iter().partition(|check| check.shared);
    let mut later = Vec::new();
    for (group, ends_shared) in [(shared, true), (own, false)] {
        // The sandbox that checks share is one of those that may be there at once.
        let places = session.settings.max_live.max(1);
        let semaphore = Arc::new(Semaphore::new(if ends_shared { 4 } else { places }));
        let mut running = JoinSet::new();
        for check in group {
            let why = gate(check.needs);
            let (session, semaphore) = (session.clone(), semaphore.clone());
            running.spawn(async move {
                let wanted = if ends_shared { 1 } else { check.live };
                let wanted = u32::try_from(wanted.min(places)).unwrap_or(1);
                let place = semaphore.acquire_many(wanted).await;
                let done = one(session, check, why).await;
                drop(place);
                done
            });
        }
        while let Some(one) = running.join_next().await {
            if let Ok(one) = one {
                progress(&one);
                later.push(one);
            }
        }
        if ends_shared {
            session.drop_shared().await;
        }
    }
    // Whoever restarts the target does so to nobody else.
    for check in alone {
        let one = one(session.clone(), check, gate(check.needs)).await;
        progress(&one);
        later.push(one);
    }
    done.extend(later);
    done
}

/// Which core rule below a check is broken, if one is.
fn broken(done: &[Done], needs: Needs) -> Option<String> {
    let mut proven: BTreeSet<&str> = BTreeSet::new();
    let mut failed: BTreeSet<&str> = BTreeSet::new();
    let rungs = done.iter().filter(|done| done.check.rung);
    for claim in rungs.flat_map(|done| &done.claims) {
        if claim.kind == Kind::Statement {
            if claim.held { &mut proven } else { &mut failed }.insert(claim.rule);
        }
    }
    let below = RUNGS.iter().filter(|(rung, _)| *rung <= needs).flat_map(|(_, rules)| *rules);
    let mut missing = below.filter(|rule| !proven.contains(*rule) || failed.contains(*rule));
    missing.next().map(|rule| format!("it rests on {rule}, which does not hold"))
}

async fn one(session: Arc<Session>, check: &'static Check, broken: Option<String>) -> Done {
    let begun = Instant::now();
    let mut done = Done {
        check,
        exchanges: Vec::new(),
        claims: Vec::new(),
        ending: Ending::Complete,
        took_ms: 0,
    };
    if let Some(lack) = check.when.iter().find(|capability| !session.has(**capability)) {
        done.ending = Ending::Stopped(Stop::Unsupported(lack.lack()));
        return done;
    }
    if let Some(why) = broken {
        done.ending = Ending::Unverified(why);
        return done;
    }
    if check.live > session.settings.max_live {
        let (needs, most) = (check.live, session.settings.max_live);
        done.ending =
            Ending::Unverified(format!("it needs {needs} sandboxes at once, --max-live is {most}"));
        return done;
    }
    let trial = Arc::new(Trial::new(session.clone(), check));
    let running = {
        let trial = trial.clone();
        tokio::spawn(async move { (check.run)(&trial).await })
    };
    let stop = running.abort_handle();
    done.ending = match tokio::time::timeout(session.settings.check_patience, running).await {
        Ok(Ok(Ok(()))) => Ending::Complete,
        Ok(Ok(Err(why))) => Ending::Stopped(why),
        Ok(Err(error)) => Ending::Panicked(error.to_string()),
        Err(_) => {
            stop.abort();
            Ending::Unverified("it took too long".to_owned())
        }
    };
    let log = trial.take_log();
    session.remove_made(log.exchanges.iter()).await;
    done.exchanges = log.exchanges;
    done.claims = log.claims;
    done.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    done
}
