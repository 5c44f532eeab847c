//! Running the suite on servers of this process.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Caught, Clean, Odd};
use crate::check::{Check, Kind, Needs};
use crate::checks;
use crate::commands::random;
use crate::http::{Client, Origin};
use crate::model::{FaultEntry, Oddity, Traits};
use crate::reference::{KEY, OTHER_KEY, Reference};
use crate::run::{
    Done, Grades, Known, Profile, Restart, Session, Settings, Verdict, climb, grade, is_core,
};
use crate::target::{Capabilities, Capability as C, probe};

/// How long transitions of the slow server take, in milliseconds.
const SLOW_MS: u64 = 120;

/// The rules that only an organisation of one's own can show.
const LIMITS: [&str; 5] = ["SB-CREATE-05", "SB-CREATE-06", "SB-START-03", "SNAP-REST-09", "LIM-03"];

/// How many histories of each kind a race has time to be lost in.
const RACES: usize = 24;

/// How a server is set up and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bench {
    /// No limit, and transitions that take no time.
    Fast,
    /// Transitions that can be seen.
    Slow,
    /// A limit of three.
    Limited,
    /// A limit of requests.
    Rated,
}

/// What came of a run on a server of this process.
struct Judged {
    grades: Grades,
    done: Vec<Done>,
    took_ms: u64,
}

async fn judge(
    traits: Traits,
    bench: Bench,
    known: Option<()>,
    profile: Profile,
    chosen: &[&'static Check],
    histories: Option<usize>,
) -> Option<Judged> {
    let begun = Instant::now();
    let mut traits = traits;
    match bench {
        Bench::Fast => {}
        Bench::Slow => traits.delay_ms = SLOW_MS,
        Bench::Limited => traits.quota = Some(3),
        Bench::Rated => traits.rate = Some(1000),
    }
    let server = Reference::start(traits).await.ok()?;
    let origin = Origin::parse(&server.url).ok()?;
    let client = Client::new(origin, KEY, OTHER_KEY, Duration::from_secs(8));
    let max_live = if bench == Bench::Limited { 3 } else { 12 };
    let mut settings = Settings { max_live, ..Settings::quick() };
    if bench == Bench::Slow {
        // What is generated changes states all the time; a few show what transitions are to show.
        (settings.sequences, settings.histories) = (Some(5), Some(1));
    }
    settings.histories = histories.or(settings.histories);
    settings.restart = Some(Restart::Inside(Arc::new(server.restart())));
    let session = Arc::new(Session::new(client, settings, format!("lc{:08x}", random())));
    let capabilities = if known.is_some() {
        let mut all = Capabilities::whole();
        all.set(C::Transitions, bench == Bench::Slow);
        all.set(C::Exclusive, bench == Bench::Limited);
        all.set(C::RateLimit, bench == Bench::Rated);
        all
    } else {
        let mut found = probe(&session).await.ok()?;
        found.set(C::SecondKey, true);
        found.set(C::Restart, true);
        found
    };
    session.learn(capabilities);
    let done = climb(&session, chosen, &|_| {}).await;
    session.clean_up().await;
    let grades = grade(&done, &session.observer.take(), profile, &Known::default());
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Some(Judged { grades, done, took_ms })
}

/// Judges the plain reference server.
pub(crate) async fn clean(bench: Bench) -> Clean {
    let wanted = |check: &&Check| match bench {
        Bench::Fast | Bench::Limited => true,
        Bench::Slow => check.rung || check.when.contains(&C::Transitions),
        Bench::Rated => check.rung || check.when.contains(&C::RateLimit),
    };
    let all: Vec<_> = checks::all().filter(wanted).collect();
    let Some(judged) = judge(Traits::default(), bench, Some(()), Profile::Any, &all, None).await
    else {
        return Clean { alarms: vec!["the reference server did not start".into()], proven: vec![] };
    };
    let alarms = said(&judged.grades, &[Verdict::Fail, Verdict::SuiteError, Verdict::Unverified]);
    let proven = judged.grades.0.iter().filter(|graded| graded.verdict == Verdict::Pass);
    Clean { alarms, proven: proven.map(|graded| graded.rule.id.to_string()).collect() }
}

/// Rules of these verdicts, each with what was said of it.
fn said(grades: &Grades, verdicts: &[Verdict]) -> Vec<String> {
    let bad = grades.0.iter().filter(|graded| graded.binding && verdicts.contains(&graded.verdict));
    bad.map(|graded| {
        let why = graded.evidence.first().map_or(String::new(), |evidence| {
            format!("{}: {} {}", evidence.check, evidence.what, evidence.seen)
        });
        format!("{}: {why}", graded.rule.id)
    })
    .collect()
}

/// Judges a server with a fault by the checks that should see it, or by all.
pub(crate) async fn fault(entry: &'static FaultEntry, all: bool) -> Caught {
    let sees = |check: &Check| check.rules.iter().any(|rule| entry.rules.contains(rule));
    // Some rules are judged by what every exchange shows; a broad choice of checks makes them.
    let observed = entry.rules.iter().any(|rule| crate::schema::Observer::rules().contains(rule));
    let chosen: Vec<_> = checks::all()
        .filter(|check| all || is_core(check) || sees(check) || (observed && makes_much(check)))
        .collect();
    let bench = match () {
        () if entry.slow => Bench::Slow,
        () if entry.rules == ["LIM-04"] => Bench::Rated,
        () if entry.rules.iter().any(|rule| LIMITS.contains(rule)) => Bench::Limited,
        () => Bench::Fast,
    };
    let traits = Traits { faults: BTreeSet::from([entry.fault]), ..Traits::default() };
    let profile = if entry.ours { Profile::Emulator } else { Profile::Any };
    let histories = entry.race.then_some(RACES);
    let judged = judge(traits, bench, Some(()), profile, &chosen, histories).await;
    let broken: Vec<String> = judged
        .iter()
        .flat_map(|judged| {
            let failed = judged.grades.0.iter().filter(|graded| graded.verdict == Verdict::Fail);
            failed.map(|graded| graded.rule.id.to_string())
        })
        .collect();
    let killers = judged.iter().flat_map(|judged| {
        let bad = |done: &&Done| {
            let binds = |kind| kind == Kind::Statement || entry.ours;
            done.claims.iter().any(|claim| !claim.held && binds(claim.kind))
        };
        judged.done.iter().filter(bad).map(|done| done.check.name.to_owned())
    });
    Caught {
        fault: entry.fault.name(),
        what: entry.what,
        expected: entry.rules.to_vec(),
        found: broken.iter().filter(|rule| entry.rules.contains(&&***rule)).cloned().collect(),
        killers: killers.collect(),
        took_ms: judged.as_ref().map_or(0, |judged| judged.took_ms),
        broken,
    }
}

/// Whether a check sends requests of many kinds.
fn makes_much(check: &Check) -> bool {
    matches!(check.needs, Needs::Sandbox | Needs::Files | Needs::Commands)
        && check.name.contains("answer")
}

/// Judges an odd server by every check.
pub(crate) async fn oddity(oddity: Oddity, what: &'static str) -> Odd {
    let all: Vec<_> = checks::all().collect();
    let traits = Traits { oddities: BTreeSet::from([oddity]), ..Traits::default() };
    let slow = matches!(oddity, Oddity::SlowTransitions | Oddity::BusyRefuses);
    let bench = if slow { Bench::Slow } else { Bench::Fast };
    let Some(judged) = judge(traits, bench, None, Profile::Any, &all, None).await else {
        return Odd {
            oddity: oddity.name(),
            what,
            alarms: vec!["it could not be judged at all".to_owned()],
            unverified: Vec::new(),
            judged: 0,
            took_ms: 0,
        };
    };
    Odd {
        oddity: oddity.name(),
        what,
        alarms: said(&judged.grades, &[Verdict::Fail, Verdict::SuiteError]),
        unverified: said(&judged.grades, &[Verdict::Unverified]),
        judged: judged.grades.count(Verdict::Pass),
        took_ms: judged.took_ms,
    }
}
